// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/posix_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <climits>

#include "platform/vfs_posix/listing.h"
#include "platform/vfs_posix/names.h"
#include "platform/vfs_posix/security.h"
#include "platform/vfs_posix/streams.h"
#include "platform/vfs_posix/where.h"
#include "wire/fscc/constants.h"

namespace holdfast::platform::posix {
namespace {

Result<std::string> read_proc_link(int fd) {
  std::string target(PATH_MAX, '\0');
  ssize_t n = ::readlink(ProcPath(fd).c_str(), target.data(), target.size());
  if (n < 0) return fail(NtStatus::kFileDeleted);
  target.resize(static_cast<std::size_t>(n));
  return target;
}

}  // namespace

PosixFile::PosixFile(std::shared_ptr<Share> share, Init init)
    : share_(std::move(share)),
      access_(init.access),
      key_(key_of(init.stat)),
      is_directory_(S_ISDIR(init.stat.stx_mode)),
      is_link_(S_ISLNK(init.stat.stx_mode)),
      is_regular_(S_ISREG(init.stat.stx_mode)),
      is_stream_(!init.stream_xattr.empty()),
      fd_(std::move(init.fd)),
      use_(std::move(init.use)),
      path_(std::move(init.path)) {
  set_stream(std::move(init.stream), std::move(init.stream_xattr));
}

PosixFile::~PosixFile() {
  use_.reset();
  if (removed_ && !is_stream()) share_->closer().close(std::move(fd_));
}

std::string PosixFile::known_path() const {
  Lock lock(mutex_);
  return path_;
}

void PosixFile::set_known_path(std::string path) {
  Lock lock(mutex_);
  path_ = std::move(path);
}

void PosixFile::set_stream(std::string stream, std::string xattr) {
  Lock lock(mutex_);
  // The old names stay: somebody may be reading them.
  names_.push_back(std::make_unique<StreamNames>(std::move(stream), std::move(xattr)));
  name_ = names_.back().get();
}

Result<bool> PosixFile::leads_here(const Place& place) const {
  auto st = stat_at(service(), place.parent.get(), place.name);
  if (!st) return fail(st.error());
  if (key_of(*st) == key_) return true;
  if (!S_ISLNK(st->stx_mode)) return false;
  // Opened through a link: the link is the name.
  auto target = open_beneath(service(), share_->root(), place.path(), O_PATH);
  if (!target) return false;
  auto target_st = stat_fd(target->get());
  return target_st && key_of(*target_st) == key_;
}

Result<Place> PosixFile::locate_now() const {
  auto place_of = [this](std::string_view path) -> Result<Place> {
    auto [parent, name] = split_path(path);
    std::string parent_path(parent);
    auto fd = open_beneath(service(), share_->root(), parent_path, O_PATH | O_DIRECTORY);
    if (!fd) return fail(fd.error());
    return Place{std::move(*fd), std::move(parent_path), std::string(name), {}};
  };
  std::string known = known_path();
  if (known.empty()) return fail(NtStatus::kAccessDenied);
  if (auto place = place_of(known))
    if (auto here = leads_here(*place); here && *here) return place;
  // Renamed by somebody else, or a directory above it was: the kernel knows.
  auto root = read_proc_link(share_->root());
  auto path = read_proc_link(fd());
  if (!root || !path) return fail(NtStatus::kFileDeleted);
  if (*root != "/") *root += '/';
  if (!path->starts_with(*root)) return fail(NtStatus::kFileDeleted);
  auto place = place_of(std::string_view(*path).substr(root->size()));
  if (!place) return fail(NtStatus::kFileDeleted);
  auto here = leads_here(*place);
  if (!here || !*here) return fail(NtStatus::kFileDeleted);
  return place;
}

Task<Result<std::string>> PosixFile::path(IoContext io) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata, [self](Blocking) -> Result<std::string> {
    if (self->key_ == self->share_->root_key()) return std::string();
    auto place = self->locate_now();
    if (!place) return fail(place.error());
    std::string now = place->path();
    self->set_known_path(now);
    return path_to_wire(now);
  });
}

Result<FileInfo> PosixFile::info_now() const {
  auto st = stat_fd(fd());
  if (!st) return fail(st.error());
  return info_now(*st);
}

Result<FileInfo> PosixFile::info_now(const Stat& st) const {
  auto info = load_info(*share_, st, Xattrs(fd()));
  if (!info || !is_stream()) return info;
  auto size = Xattrs(fd()).size(stream_xattr());
  if (!size) return fail(size.error());
  if (!*size) return fail(NtStatus::kFileDeleted);
  info->end_of_file = info->allocation_size = **size == 0 ? 0 : **size - 1;
  info->is_directory = false;
  info->attributes &= ~wire::fscc::attributes::kDirectory;
  if (info->attributes == 0) info->attributes = wire::fscc::attributes::kNormal;
  return info;
}

Task<Result<FileInfo>> PosixFile::info(IoContext io) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata,
                         [self](Blocking) { return self->info_now(); });
}

Task<Result<void>> PosixFile::set_basic(IoContext io, const ports::SetBasic& change) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata, [self, &io, &change](Blocking) {
    return change_basic(*self->share_, io.credentials, self->fd(), change);
  });
}

Result<UniqueFd> PosixFile::writable_now(const Credentials& who) const {
  if (!is_regular_ || is_stream()) return fail(NtStatus::kInvalidDeviceRequest);
  if (can_write()) {
    UniqueFd copy(::fcntl(fd(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail(NtStatus::kTooManyOpenedFiles);
    return copy;
  }
  return reopen(who, fd(), O_WRONLY | O_NONBLOCK | O_NOCTTY);
}

Task<Result<std::vector<ports::Ea>>> PosixFile::eas(IoContext io) {
  auto self = shared_from_this();
  using Eas = std::vector<ports::Ea>;
  co_return co_await run(io, *share_, Cost::kMetadata, [self, &io](Blocking) -> Result<Eas> {
    // They are read through the service's descriptor, which the kernel would let read anything.
    if (auto may = check_access(io.credentials, self->fd(), R_OK); !may) return fail(may.error());
    return load_eas(self->fd());
  });
}

Task<Result<void>> PosixFile::set_eas(IoContext io, const std::vector<ports::Ea>& eas) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata, [self, &io, &eas](Blocking) -> Result<void> {
    if (!self->share_->features().xattrs) return fail(NtStatus::kEasNotSupported);
    Lock lock(self->share_->value_lock(self->key_));
    return store_eas(io.credentials, self->fd(), eas);
  });
}

Task<Result<std::vector<ports::StreamInfo>>> PosixFile::streams(IoContext io) {
  auto self = shared_from_this();
  using Streams = std::vector<ports::StreamInfo>;
  co_return co_await run(io, *share_, Cost::kMetadata, [self](Blocking) -> Result<Streams> {
    auto st = stat_fd(self->fd());
    if (!st) return fail(st.error());
    return list_streams(self->fd(), *st);
  });
}

Task<Result<std::optional<ByteVec>>> PosixFile::security(IoContext io) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata,
                         [self](Blocking) { return load_security(*self->share_, self->fd()); });
}

Task<Result<void>> PosixFile::set_security(IoContext io, const SetSecurity& change) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata, [self, &io, &change](Blocking) {
    auto owned = change_ownership(io.credentials, self->fd(), change.uid, change.gid, change.mode);
    if (owned && change.remove_descriptor) return remove_security(*self->share_, self->fd());
    if (!owned || change.descriptor.empty()) return owned;
    return store_security(*self->share_, self->fd(), change.descriptor);
  });
}

}  // namespace holdfast::platform::posix
