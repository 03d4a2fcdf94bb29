// SPDX-License-Identifier: Apache-2.0
// Reparse data of PosixFile.
#include "wire/fscc/reparse.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>

#include "platform/vfs_posix/errno_map.h"
#include "platform/vfs_posix/names.h"
#include "platform/vfs_posix/posix_vfs_impl.h"
#include "platform/vfs_posix/where.h"

namespace holdfast::platform::posix {
namespace {

constexpr std::size_t kTagSize = 4;

/// Where a Unix link leads, as a Windows symbolic link says it: components mapped, '\' between.
wire::fscc::SymbolicLinkReparse to_symlink(std::string_view target) {
  wire::fscc::SymbolicLinkReparse link;
  bool absolute = target.starts_with('/');
  std::string text;
  while (!target.empty()) {
    std::size_t end = target.find('/');
    std::string_view name = target.substr(0, end);
    text += name == "." || name == ".." ? std::string(name) : to_wire(name);
    if (end != std::string_view::npos) text += '\\';
    target.remove_prefix(end == std::string_view::npos ? target.size() : end + 1);
  }
  link.flags = absolute ? 0 : wire::fscc::SymbolicLinkReparse::kRelative;
  link.substitute_name = link.print_name = std::move(text);
  return link;
}

ByteVec encoded(const wire::fscc::ReparseDataBuffer& buffer) {
  Buffer out;
  Writer w(out);
  append(buffer, w);
  return to_vec(out);
}

}  // namespace

Result<ByteVec> PosixFile::reparse_now() const {
  if (is_stream()) return fail(NtStatus::kNotAReparsePoint);
  if (is_link_) {
    std::string target(PATH_MAX, '\0');
    ssize_t n = ::readlinkat(fd(), "", target.data(), target.size());
    if (n < 0) return fail_errno();
    target.resize(static_cast<std::size_t>(n));
    return encoded(wire::fscc::to_reparse(to_symlink(target)));
  }
  auto value = Xattrs(fd()).get(kReparseXattr);
  if (!value) return fail(value.error());
  if (!*value || (*value)->size() < kTagSize) return fail(NtStatus::kNotAReparsePoint);
  return std::move(**value);
}

Task<Result<ByteVec>> PosixFile::reparse_data(IoContext io) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata,
                         [self](Blocking) { return self->reparse_now(); });
}

Result<void> PosixFile::set_reparse_now(const Credentials& who, Bytes data) {
  if (is_stream() || (!is_regular_ && !is_directory_)) return fail(NtStatus::kAccessDenied);
  if (!share_->features().xattrs) return fail(NtStatus::kNotSupported);
  auto decoded = wire::fscc::decode_reparse(data);
  if (!decoded) return fail(decoded.error());
  Lock lock(share_->value_lock(key_));
  Xattrs xattrs(fd());
  auto old = xattrs.get(kReparseXattr);
  if (!old) return fail(old.error());
  // MS-FSA 2.1.5.10.37: a directory with anything in it cannot lead elsewhere.
  if (is_directory_)
    if (auto empty = is_empty_now(); !empty) return empty;
  // MS-FSA 2.1.5.10.37: another tag may not replace the one that is there.
  if (*old && (*old)->size() >= kTagSize && load_u32((*old)->data()) != decoded->reparse_tag)
    return fail(NtStatus::kIoReparseTagMismatch);
  return xattrs.set(who, kReparseXattr, data);
}

Task<Result<void>> PosixFile::set_reparse_data(IoContext io, Bytes data) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata,
                         [&](Blocking) { return self->set_reparse_now(io.credentials, data); });
}

Result<void> PosixFile::delete_reparse_now(const Credentials& who, std::uint32_t tag) {
  // A Unix link without its target is nothing; who wants to be rid of it removes it.
  if (is_link_) return fail(NtStatus::kAccessDenied);
  Lock lock(share_->value_lock(key_));
  auto old = reparse_now();
  if (!old) return fail(old.error());
  if (load_u32(old->data()) != tag) return fail(NtStatus::kIoReparseTagMismatch);
  return Xattrs(fd()).remove(who, kReparseXattr);
}

Task<Result<void>> PosixFile::delete_reparse_data(IoContext io, std::uint32_t tag) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata,
                         [&](Blocking) { return self->delete_reparse_now(io.credentials, tag); });
}

Result<std::optional<ports::SymlinkStop>> PosixVfs::find_symlink_now(const Credentials& who,
                                                                     std::string_view path,
                                                                     Blocking blocking) {
  for (std::size_t end = 0; end != path.size();) {
    end = std::min(path.find('/', end == 0 ? 0 : end + 1), path.size());
    auto disk = path_to_disk(path.substr(0, end));
    if (!disk) return fail(disk.error());
    auto found = share_->find(who, *disk, false, blocking);
    if (!found && found.error() == kWouldBlock) return fail(kWouldBlock);
    if (!found) return std::nullopt;
    auto value = Xattrs(found->fd.get()).get(kReparseXattr);
    if (value && *value && (*value)->size() >= kTagSize &&
        load_u32((*value)->data()) == wire::fscc::reparse_tag::kSymlink)
      return ports::SymlinkStop{end, std::move(**value)};
  }
  return std::nullopt;
}

Task<Result<std::optional<ports::SymlinkStop>>> PosixVfs::find_symlink(IoContext io,
                                                                       std::string_view path) {
  co_return co_await run(io, *share_, Cost::kMetadata, [&](Blocking blocking) {
    return find_symlink_now(io.credentials, path, blocking);
  });
}

}  // namespace holdfast::platform::posix
