// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/streams.h"

#include <sys/xattr.h>

#include <climits>

#include "base/utf16.h"
#include "platform/vfs_posix/errno_map.h"

namespace holdfast::platform::posix {
namespace {

std::string_view stream_of(std::string_view xattr) {
  xattr.remove_prefix(kStreamPrefix.size());
  xattr.remove_suffix(kStreamSuffix.size());
  return xattr;
}

/// Of all characters only this cannot stand in a stream's name; macOS sends it mapped (names.h),
/// and Samba keeps it as it is.
constexpr char kColon = ':';
constexpr std::string_view kMappedColon = "\xEF\x80\xA2";  // U+F022

/// XATTR_NAME_MAX with the namespace.
constexpr std::size_t kMaxXattrName = 255;

/// The existing EA that is this one to a client, else the name it will have.
std::string ea_xattr(const std::vector<std::string>& existing, std::string_view name) {
  for (const std::string& x : existing)
    if (kind_of_xattr(x) == XattrKind::kEa &&
        same_name(std::string_view(x).substr(kUserPrefix.size()), name))
      return x;
  return std::string(kUserPrefix).append(name);
}

}  // namespace

std::string stream_name_of(std::string_view xattr) {
  std::string out(stream_of(xattr));
  for (std::size_t at = 0; (at = out.find(kColon, at)) != std::string::npos;)
    out.replace(at, 1, kMappedColon);
  return out;
}

Result<std::string> stream_xattr(std::string_view stream) {
  std::string name = std::string(kStreamPrefix).append(stream).append(kStreamSuffix);
  bool invalid = stream.empty() || name.size() > kMaxXattrName ||
                 stream.find_first_of(std::string_view("\0/\\:", 4)) != std::string_view::npos;
  if (invalid) return fail(NtStatus::kObjectNameInvalid);
  for (std::size_t at = 0; (at = name.find(kMappedColon, at)) != std::string::npos;)
    name.replace(at, kMappedColon.size(), 1, kColon);
  return name;
}

Result<std::optional<std::string>> find_stream(int fd, std::string_view stream) {
  auto names = Xattrs(fd).list();
  if (!names) return fail(names.error());
  for (std::string& name : *names)
    if (kind_of_xattr(name) == XattrKind::kStream && same_name(stream_name_of(name), stream))
      return std::move(name);
  return std::optional<std::string>{};
}

Result<std::vector<ports::StreamInfo>> list_streams(int fd, const Stat& st) {
  std::vector<ports::StreamInfo> streams;
  if (S_ISREG(st.stx_mode)) streams.push_back({"", st.stx_size, st.stx_blocks * 512});
  if (!S_ISREG(st.stx_mode) && !S_ISDIR(st.stx_mode)) return streams;
  Xattrs xattrs(fd);
  auto names = xattrs.list();
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (kind_of_xattr(name) != XattrKind::kStream) continue;
    auto size = xattrs.size(name);
    if (!size) return fail(size.error());
    if (!*size) continue;
    std::uint64_t octets = **size == 0 ? 0 : **size - 1;
    streams.push_back({stream_name_of(name), octets, octets});
  }
  return streams;
}

Result<std::optional<ByteVec>> read_stream(int fd, const std::string& xattr) {
  auto value = Xattrs(fd).get(xattr);
  if (!value || !*value) return value;
  // The value ends in one NUL that is not content.
  if (!(*value)->empty()) (*value)->pop_back();
  return value;
}

Result<void> write_stream(const Credentials& who, int fd, const std::string& xattr, Bytes content,
                          int flags) {
  ByteVec value = to_vec(content);
  value.push_back(0);
  return Xattrs(fd).set(who, xattr, value, flags);
}

Result<std::vector<ports::Ea>> load_eas(int fd) {
  std::vector<ports::Ea> eas;
  Xattrs xattrs(fd);
  auto names = xattrs.list();
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (kind_of_xattr(name) != XattrKind::kEa) continue;
    auto value = xattrs.get(name);
    if (!value) return fail(value.error());
    if (*value) eas.push_back({name.substr(kUserPrefix.size()), 0, std::move(**value)});
  }
  return eas;
}

Result<void> store_eas(const Credentials& who, int fd, const std::vector<ports::Ea>& eas) {
  if (eas.empty()) return {};
  Xattrs xattrs(fd);
  auto names = xattrs.list();
  if (!names) return fail(names.error());
  for (const ports::Ea& ea : eas) {
    std::string name = ea_xattr(*names, ea.name);
    if (name.size() > kMaxXattrName || ea.name.find('\0') != std::string::npos)
      return fail(NtStatus::kInvalidEaName);
    if (kind_of_xattr(name) != XattrKind::kEa) return fail(NtStatus::kAccessDenied);
    auto done = ea.value.empty() ? xattrs.remove(who, name) : xattrs.set(who, name, ea.value);
    if (done) continue;
    // Every EA of a file shares one small place on some file systems.
    if (done.error() == NtStatus::kFileSystemLimitation) return fail(NtStatus::kEaTooLarge);
    if (done.error() == NtStatus::kNotSupported) return fail(NtStatus::kEasNotSupported);
    return done;
  }
  return {};
}

Result<void> remove_streams_and_eas(const Credentials& who, int fd) {
  Xattrs xattrs(fd);
  auto names = xattrs.list();
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    XattrKind kind = kind_of_xattr(name);
    if (kind != XattrKind::kEa && kind != XattrKind::kStream) continue;
    if (auto removed = xattrs.remove(who, name); !removed) return removed;
  }
  return {};
}

}  // namespace holdfast::platform::posix
