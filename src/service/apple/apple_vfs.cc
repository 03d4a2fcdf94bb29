// SPDX-License-Identifier: Apache-2.0
#include "service/apple/apple_vfs.h"

#include "core/path/path.h"
#include "service/apple/apple_vfs_impl.h"

namespace holdfast::service {

std::shared_ptr<AppleShare> apple_vfs(std::shared_ptr<ports::Vfs> vfs,
                                      const AppleOptions& options) {
  return std::make_shared<apple::AppleVfs>(std::move(vfs), options);
}

namespace apple {

using core::apple::special_stream, core::apple::SpecialStream;
using ports::CreateHow, ports::DataAccess, ports::File, ports::FileInfo, ports::Opened,
    ports::OpenHow;

FileInfo info_of_stream(const FileInfo& base, std::uint64_t size, std::uint64_t allocation) {
  FileInfo out = base;
  out.end_of_file = size;
  out.allocation_size = allocation;
  return out;
}

Task<std::string> path_or_nothing(IoContext io, File& file) {
  Result<std::string> path = co_await file.path(io);
  co_return path ? std::move(*path) : std::string();
}

Task<Result<Opened>> AppleVfs::open(IoContext io, std::string_view path, const OpenHow& how) {
  auto self = shared_from_this();
  switch (special_stream(how.stream)) {
    case SpecialStream::kAfpInfo: co_return co_await open_info(io, path, how);
    case SpecialStream::kResourceFork: co_return co_await open_fork_file(io, path, how);
    case SpecialStream::kNone: break;
  }
  Result<Opened> opened = co_await inner_->open(io, path, how);
  if (!opened && opened.error() == NtStatus::kObjectNameNotFound && !how.stream.empty()) {
    // macOS may have put it into the ._ file.
    (void)co_await open_fork(io, std::string(path), DataAccess::kRead);
    opened = co_await inner_->open(io, path, how);
  }
  if (opened) opened->file = make_plain_file(self, std::move(opened->file));
  co_return opened;
}

Task<Result<Opened>> AppleVfs::open_info(IoContext io, std::string_view path, const OpenHow& how) {
  OpenHow look;
  look.open_reparse_point = how.open_reparse_point;
  Result<Opened> base = co_await inner_->open(io, path, look);
  if (!base) co_return base;
  if (!base->info.is_directory) (void)co_await open_fork(io, base->path, DataAccess::kRead);
  Result<std::optional<AfpInfo>> info = co_await load_info(io, *base->file);
  if (!info) co_return fail(info.error());
  if (!*info) co_return fail(NtStatus::kObjectNameNotFound);
  base->info = info_of_stream(base->info, AfpInfo::kSize, AfpInfo::kSize);
  base->file = make_info_file(shared_from_this(), std::move(base->file));
  co_return base;
}

Task<Result<Opened>> AppleVfs::open_fork_file(IoContext io, std::string_view path,
                                              const OpenHow& how) {
  OpenHow look;
  look.open_reparse_point = how.open_reparse_point;
  Result<Opened> base = co_await inner_->open(io, path, look);
  if (!base) co_return base;
  if (base->info.is_directory) co_return fail(NtStatus::kObjectNameNotFound);
  Result<Fork> fork = co_await open_fork(io, base->path, how.access);
  if (!fork) co_return fail(fork.error());
  if (fork->length == 0) co_return fail(NtStatus::kObjectNameNotFound);
  base->info = info_of_stream(base->info, fork->length, fork->length);
  base->file = make_fork_file(shared_from_this(), std::move(base->file), std::move(*fork));
  co_return base;
}

Task<Result<Opened>> AppleVfs::create(IoContext io, std::string_view path, const CreateHow& how) {
  auto self = shared_from_this();
  if (special_stream(how.stream) != SpecialStream::kNone)
    co_return co_await create_special(io, path, how);
  Result<Opened> made = co_await inner_->create(io, path, how);
  if (made) made->file = make_plain_file(self, std::move(made->file));
  co_return made;
}

/// What is created has no octets, and is there when it has some.
Task<Result<Opened>> AppleVfs::create_special(IoContext io, std::string_view path,
                                              const CreateHow& how) {
  Result<Opened> base = co_await inner_->open(io, path, OpenHow{});
  if (!base) co_return base;
  if (special_stream(how.stream) == SpecialStream::kAfpInfo) {
    Result<std::optional<AfpInfo>> info = co_await load_info(io, *base->file);
    if (!info) co_return fail(info.error());
    if (*info) co_return fail(NtStatus::kObjectNameCollision);
    base->info = info_of_stream(base->info, AfpInfo::kSize, AfpInfo::kSize);
    base->file = make_info_file(shared_from_this(), std::move(base->file));
    co_return base;
  }
  if (base->info.is_directory) co_return fail(NtStatus::kObjectNameInvalid);
  Result<Fork> fork = co_await open_fork(io, base->path, DataAccess::kReadWrite);
  if (fork && fork->length != 0) co_return fail(NtStatus::kObjectNameCollision);
  if (!fork && fork.error() != NtStatus::kObjectNameNotFound) co_return fail(fork.error());
  std::optional<Fork> place;
  if (fork) place = std::move(*fork);
  base->info = info_of_stream(base->info, 0, 0);
  base->file = make_fork_file(shared_from_this(), std::move(base->file), std::move(place));
  co_return base;
}

Task<Result<FileInfo>> AppleVfs::overwrite(IoContext io, File& file, const CreateHow& how) {
  auto self = shared_from_this();
  switch (special_stream(file.stream())) {
    // Its end does not move; the WRITE that follows replaces all of it.
    case SpecialStream::kAfpInfo: co_return co_await file.info(io);
    case SpecialStream::kResourceFork: {
      Result<void> cut = co_await file.set_end_of_file(io, 0);
      if (!cut) co_return fail(cut.error());
      co_return co_await file.info(io);
    }
    case SpecialStream::kNone: break;
  }
  Result<FileInfo> info = co_await inner_->overwrite(io, file.underlying(), how);
  if (!info || !file.stream().empty()) co_return info;
  // Its streams are gone (MS-FSA 2.1.5.1.2.1), and this is one of them.
  ports::FilePtr companion_file =
      co_await companion(io, co_await path_or_nothing(io, file.underlying()), DataAccess::kNone);
  if (companion_file != nullptr) (void)co_await inner_->remove(io, *companion_file);
  co_return info;
}

Task<Result<void>> AppleVfs::remove(IoContext io, File& file) {
  auto self = shared_from_this();
  switch (special_stream(file.stream())) {
    case SpecialStream::kAfpInfo: {
      Result<std::string> of = co_await file.path(io);
      if (!of) co_return fail(of.error());
      Result<Opened> base = co_await inner_->open(io, *of, OpenHow{});
      if (!base) co_return fail(base.error());
      co_return co_await erase_info(io, *base->file);
    }
    // Apple's server does not delete a resource fork; it is cut off instead.
    case SpecialStream::kResourceFork: co_return Result<void>{};
    case SpecialStream::kNone: break;
  }
  if (!file.stream().empty()) co_return co_await inner_->remove(io, file.underlying());
  std::string path = co_await path_or_nothing(io, file.underlying());
  Result<void> removed = co_await inner_->remove(io, file.underlying());
  if (!removed) co_return removed;
  ports::FilePtr companion_file = co_await companion(io, std::move(path), DataAccess::kNone);
  if (companion_file != nullptr) (void)co_await inner_->remove(io, *companion_file);
  co_return removed;
}

Task<Result<bool>> AppleVfs::remove_durably(IoContext io, File& file) {
  auto self = shared_from_this();
  if (special_stream(file.stream()) != SpecialStream::kNone) {
    Result<void> removed = co_await remove(io, file);
    if (!removed) co_return fail(removed.error());
    co_return (co_await file.flush(io)).has_value();
  }
  if (!file.stream().empty()) co_return co_await inner_->remove_durably(io, file.underlying());
  std::string path = co_await path_or_nothing(io, file.underlying());
  Result<bool> removed = co_await inner_->remove_durably(io, file.underlying());
  if (!removed) co_return removed;
  ports::FilePtr companion_file = co_await companion(io, std::move(path), DataAccess::kNone);
  if (companion_file == nullptr) co_return removed;
  Result<bool> also = co_await inner_->remove_durably(io, *companion_file);
  co_return *removed&& also.value_or(false);
}

Task<Result<std::string>> AppleVfs::rename(IoContext io, File& file, std::string_view new_path,
                                           bool replace_if_exists) {
  auto self = shared_from_this();
  std::string old_path = co_await path_or_nothing(io, file.underlying());
  Result<std::string> renamed =
      co_await inner_->rename(io, file.underlying(), new_path, replace_if_exists);
  if (!renamed) co_return renamed;
  ports::FilePtr moves = co_await companion(io, std::move(old_path), DataAccess::kNone);
  if (moves != nullptr) {
    (void)co_await inner_->rename(io, *moves, core::apple::double_path(*renamed), true);
  } else if (replace_if_exists) {
    // That of the file which is replaced.
    ports::FilePtr left = co_await companion(io, *renamed, DataAccess::kNone);
    if (left != nullptr) (void)co_await inner_->remove(io, *left);
  }
  co_return renamed;
}

Task<Result<void>> AppleVfs::rename_stream(IoContext io, File& stream, std::string_view new_stream,
                                           bool replace_if_exists) {
  if (special_stream(stream.stream()) != SpecialStream::kNone ||
      special_stream(new_stream) != SpecialStream::kNone)
    co_return fail(NtStatus::kInvalidParameter);
  co_return co_await inner_->rename_stream(io, stream.underlying(), new_stream, replace_if_exists);
}

Task<Result<ports::AppleEntry>> AppleVfs::entry(IoContext io, std::string_view path) {
  auto self = shared_from_this();
  OpenHow look;
  look.open_reparse_point = true;
  Result<Opened> base = co_await inner_->open(io, path, look);
  if (!base) co_return fail(base.error());
  ports::AppleEntry out;
  if (!base->info.is_directory)
    if (Result<Fork> fork = co_await open_fork(io, base->path, DataAccess::kRead))
      out.resource_fork_size = fork->length;
  Result<std::optional<AfpInfo>> info = co_await load_info(io, *base->file);
  if (info && *info) out.finder_info = (*info)->finder_info;
  out.object = std::move(*base);
  co_return out;
}

Task<Result<std::vector<ports::StreamInfo>>> AppleVfs::streams_of(IoContext io, File& base) {
  auto self = shared_from_this();
  Result<std::string> path = co_await base.path(io);
  std::uint64_t fork_length = 0;
  // First, because it may bring streams with it.
  if (path && !base.is_directory())
    if (Result<Fork> fork = co_await open_fork(io, *path, DataAccess::kRead))
      fork_length = fork->length;
  Result<std::vector<ports::StreamInfo>> streams = co_await base.streams(io);
  if (!streams) co_return streams;
  std::erase_if(*streams, [](const ports::StreamInfo& s) {
    return special_stream(s.name) != SpecialStream::kNone;
  });
  Result<std::optional<AfpInfo>> info = co_await load_info(io, base);
  if (info && *info)
    streams->push_back({std::string(core::apple::kAfpInfoName), AfpInfo::kSize, AfpInfo::kSize});
  if (fork_length != 0)
    streams->push_back({std::string(core::apple::kResourceForkName), fork_length, fork_length});
  co_return streams;
}

Task<bool> AppleVfs::belongs_to_another(IoContext io, std::string path) {
  std::optional<std::string> of = core::apple::path_of_double(path);
  if (!of) co_return false;
  ports::FilePtr file = co_await companion(io, *of, DataAccess::kRead);
  if (file == nullptr) co_return false;
  OpenHow look;
  look.open_reparse_point = true;
  co_return (co_await inner_->open(io, *of, look)).has_value();
}

}  // namespace apple
}  // namespace holdfast::service
