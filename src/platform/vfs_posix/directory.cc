// SPDX-License-Identifier: Apache-2.0
// Listings and lookups of PosixFile.
#include <dirent.h>
#include <fcntl.h>

#include "platform/vfs_posix/errno_map.h"
#include "platform/vfs_posix/listing.h"
#include "platform/vfs_posix/names.h"
#include "platform/vfs_posix/where.h"
#include "wire/fscc/constants.h"

namespace holdfast::platform::posix {

using ports::DirDetail;
using ports::DirEntry;

namespace {

/// What the directory itself says of an entry.
FileInfo bare_info(std::uint64_t device, const RawEntry& raw) {
  FileInfo info;
  info.key = {device, raw.inode};
  info.is_directory = raw.type == DT_DIR;
  info.attributes =
      info.is_directory ? wire::fscc::attributes::kDirectory : wire::fscc::attributes::kNormal;
  return info;
}

}  // namespace

Result<FileInfo> PosixFile::entry_info(const Credentials& who, int directory,
                                       const std::string& name) const {
  auto st = stat_at(who, directory, name);
  if (!st) return fail(st.error());
  if (S_ISLNK(st->stx_mode)) {
    // Shown as what it leads to, as an open of it would; one that leads nowhere shows itself.
    auto place = key_ == share_->root_key() ? Result<Place>(Place{}) : locate_now();
    if (place) {
      auto target = open_beneath(who, share_->root(), join_path(place->path(), name), O_PATH);
      if (target) return load_info(*share_, target->get());
    }
  }
  return load_info(*share_, *st, Xattrs(directory, name));
}

Result<void> PosixFile::append_entry(const Credentials& who, const RawEntry& raw, DirDetail detail,
                                     std::vector<DirEntry>& out) {
  DirEntry entry;
  entry.name = to_wire(raw.name);
  if (detail == DirDetail::kInfo) {
    auto info = entry_info(who, listing_->reader.fd(), raw.name);
    // Removed since it was read: it is not there any more.
    if (!info && info.error() == NtStatus::kObjectNameNotFound) return {};
    // One that cannot be looked at (another user's FUSE mount) must not hide all others.
    entry.info = info ? *info : bare_info(key_.device, raw);
  }
  out.push_back(std::move(entry));
  return {};
}

Result<void> PosixFile::list_now(const Credentials& who, bool restart, DirDetail detail,
                                 std::size_t limit, std::vector<DirEntry>& out) {
  {
    Lock lock(mutex_);
    if (!listing_) {
      auto reader = DirectoryReader::open(who, fd());
      if (!reader) return fail(reader.error());
      listing_ = std::make_unique<Listing>(std::move(*reader));
    }
  }
  Lock lock(listing_->mutex);
  if (restart) {
    listing_->reader.rewind();
    listing_->dots = 0;
  }
  std::size_t first = out.size();
  for (; listing_->dots < 2 && out.size() - first < limit; ++listing_->dots) {
    DirEntry entry;
    entry.name = listing_->dots == 0 ? "." : "..";
    if (detail == DirDetail::kInfo) {
      // Above the root is the root: what lies outside the share is not told.
      bool self = listing_->dots == 0 || key_ == share_->root_key();
      auto info = self ? load_info(*share_, fd()) : entry_info(who, listing_->reader.fd(), "..");
      if (!info) return fail(info.error());
      entry.info = *info;
    }
    out.push_back(std::move(entry));
  }
  while (out.size() - first < limit) {
    auto raw = listing_->reader.next();
    if (!raw) return fail(raw.error());
    if (!*raw) return {};
    if (key_ == share_->root_key() && share_->is_reserved((*raw)->name)) continue;
    if (auto appended = append_entry(who, **raw, detail, out); !appended) return appended;
  }
  return {};
}

Task<Result<void>> PosixFile::read_directory(IoContext io, bool restart, DirDetail detail,
                                             std::size_t limit, std::vector<DirEntry>& out) {
  auto self = shared_from_this();
  if (!is_directory()) co_return fail(NtStatus::kInvalidParameter);
  co_return co_await run(io, *share_, Cost::kLong, [&](Blocking) {
    return self->list_now(io.credentials, restart, detail, limit, out);
  });
}

Task<Result<DirEntry>> PosixFile::find_entry(IoContext io, std::string_view name) {
  auto self = shared_from_this();
  if (!is_directory()) co_return fail(NtStatus::kInvalidParameter);
  co_return co_await run(
      io, *share_, Cost::kMetadata, [self, &io, name](Blocking blocking) -> Result<DirEntry> {
        auto disk = to_disk(name);
        if (!disk) return fail(disk.error());
        if (self->key_ == self->share_->root_key() && self->share_->is_reserved(*disk))
          return fail(NtStatus::kObjectNameNotFound);
        auto info = self->entry_info(io.credentials, self->fd(), *disk);
        if (!info && info.error() == NtStatus::kObjectNameNotFound) {
          auto real = self->share_->find_name(self->fd(), self->key_, *disk, blocking);
          if (!real) return fail(real.error());
          if (!*real) return fail(NtStatus::kObjectNameNotFound);
          disk = std::move(**real);
          info = self->entry_info(io.credentials, self->fd(), *disk);
        }
        if (!info) return fail(info.error());
        return DirEntry{to_wire(*disk), "", *info};
      });
}

Task<Result<void>> PosixFile::check_empty(IoContext io) {
  auto self = shared_from_this();
  if (!is_directory()) co_return fail(NtStatus::kNotADirectory);
  // On the service's account: who may remove a directory need not be able to list it.
  co_return co_await run(io, *share_, Cost::kMetadata,
                         [self](Blocking) { return self->is_empty_now(); });
}

Result<void> PosixFile::is_empty_now() const {
  auto reader = DirectoryReader::open(service(), fd());
  if (!reader) return fail(reader.error());
  auto entry = reader->next();
  if (!entry) return fail(entry.error());
  return *entry ? fail(NtStatus::kDirectoryNotEmpty) : Result<void>{};
}

Task<Result<void>> PosixFile::check_removable(IoContext io) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata, [self, &io](Blocking) -> Result<void> {
    // A stream is an attribute of the file; whoever has it open for deletion passed core's check.
    if (self->is_stream()) return {};
    auto place = self->locate_now();
    // Somebody else removed it: nothing is left to refuse.
    if (!place && place.error() == NtStatus::kFileDeleted) return {};
    if (!place) return fail(place.error());
    auto st = stat_fd(self->fd());
    if (!st) return fail(st.error());
    return check_remove_from(io.credentials, place->parent.get(), st->stx_uid);
  });
}

}  // namespace holdfast::platform::posix
