// SPDX-License-Identifier: Apache-2.0
// Where resource forks are kept: ._ files in the form of Samba and Netatalk.
#include <algorithm>

#include "service/apple/apple_vfs_impl.h"

namespace holdfast::service::apple {
namespace {

using core::apple::DoubleHead, core::apple::kHeadSize;
using ports::DataAccess, ports::File, ports::Opened;

DataAccess access_for(DataAccess wanted) {
  return wanted == DataAccess::kNone || wanted == DataAccess::kRead ? DataAccess::kRead
                                                                    : DataAccess::kReadWrite;
}

Task<std::optional<DoubleHead>> head_of(IoContext io, File& file) {
  ByteVec octets(core::apple::kMaxHead);
  Result<std::size_t> got = co_await file.read(io, 0, octets);
  if (!got) co_return std::nullopt;
  co_return core::apple::decode_double_head(Bytes(octets).first(*got));
}

/// The resource fork in a ._ file; of one that macOS has written, as long as it says.
Fork fork_in(const Opened& file, const DoubleHead& head) {
  std::uint64_t size = file.info.end_of_file;
  Fork out{file.file, kHeadSize, 0};
  if (!head.resource_fork) return out;
  out.begin = head.resource_fork->offset;
  std::uint64_t behind = size > out.begin ? size - out.begin : 0;
  out.length =
      head.is_plain() ? behind : std::min<std::uint64_t>(behind, head.resource_fork->length);
  return out;
}

}  // namespace

Task<ports::FilePtr> AppleVfs::companion(IoContext io, std::string path, DataAccess access) {
  if (path.empty()) co_return nullptr;
  ports::OpenHow how;
  how.access = access_for(access);
  Result<Opened> opened = co_await inner_->open(io, core::apple::double_path(path), how);
  if (!opened || opened->info.is_directory) co_return nullptr;
  if (!co_await head_of(io, *opened->file)) co_return nullptr;
  co_return std::move(opened->file);
}

Task<Result<Fork>> AppleVfs::open_fork(IoContext io, std::string path, DataAccess access,
                                       bool may_convert) {
  if (path.empty()) co_return fail(NtStatus::kObjectNameNotFound);
  ports::OpenHow how;
  how.access = access_for(access);
  std::string name = core::apple::double_path(path);
  may_convert = may_convert && !options_.read_only;
  while (true) {
    Result<Opened> opened = co_await inner_->open(io, name, how);
    if (!opened && opened.error() == NtStatus::kAccessDenied) co_return fail(opened.error());
    if (!opened || opened->info.is_directory) break;
    std::optional<DoubleHead> head = co_await head_of(io, *opened->file);
    if (!head) break;
    if (head->is_plain()) co_return fork_in(*opened, *head);
    if (std::exchange(may_convert, false)) {
      co_await convert(io, path);
      continue;
    }
    // It can be read where it is, and not grow.
    if (how.access != DataAccess::kRead) co_return fail(NtStatus::kAccessDenied);
    co_return fork_in(*opened, *head);
  }
  how.stream = core::apple::kResourceForkName;
  Result<Opened> stream = co_await inner_->open(io, path, how);
  if (!stream) co_return fail(NtStatus::kObjectNameNotFound);
  co_return Fork{stream->file, 0, stream->info.end_of_file};
}

Task<Result<Fork>> AppleVfs::make_fork(IoContext io, File& base) {
  Result<std::string> path = co_await base.path(io);
  if (!path) co_return fail(path.error());
  co_await forks_.acquire(io.loop);
  ports::AsyncLockGuard guard(forks_);
  Result<Fork> there = co_await open_fork(io, *path, DataAccess::kReadWrite, false);
  if (there || there.error() != NtStatus::kObjectNameNotFound) co_return there;
  Result<ports::FileInfo> info = co_await base.info(io);
  if (!info) co_return fail(info.error());
  ports::CreateHow how;
  if (info->mode != 0) how.mode = info->mode & 0777;
  // Who may not read the file may not read this by its name.
  if (Result<std::optional<ByteVec>> sd = co_await base.security(io); sd && *sd)
    how.security = std::move(**sd);
  Result<Opened> made = co_await inner_->create(io, core::apple::double_path(*path), how);
  if (made) {
    auto head = core::apple::encode_plain_head(0);
    Result<void> written = co_await made->file->write(io, 0, head, false);
    if (!written) co_return fail(written.error());
    co_return Fork{made->file, kHeadSize, 0};
  }
  // Somebody else's file has the name, or it is too long: a small one fits into a stream.
  if (made.error() != NtStatus::kObjectNameCollision &&
      made.error() != NtStatus::kObjectNameInvalid)
    co_return fail(made.error());
  ports::CreateHow stream;
  stream.stream = core::apple::kResourceForkName;
  made = co_await inner_->create(io, *path, stream);
  if (!made) co_return fail(made.error());
  co_return Fork{made->file, 0, 0};
}

Task<Result<void>> AppleVfs::note_length(IoContext io, const Fork& fork) {
  if (fork.begin == 0) co_return Result<void>{};
  // One at a time, so that the last one has seen what all have written.
  co_await forks_.acquire(io.loop);
  ports::AsyncLockGuard guard(forks_);
  Result<ports::FileInfo> info = co_await fork.file->info(io);
  if (!info) co_return fail(info.error());
  std::uint64_t length = info->end_of_file > kHeadSize ? info->end_of_file - kHeadSize : 0;
  if (length > 0xFFFFFFFF) length = 0xFFFFFFFF;
  std::uint8_t octets[4];
  store_u32(octets, __builtin_bswap32(static_cast<std::uint32_t>(length)));
  co_return co_await fork.file->write(io, core::apple::kForkLengthAt, octets, false);
}

}  // namespace holdfast::service::apple
