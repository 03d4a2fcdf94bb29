// SPDX-License-Identifier: Apache-2.0
#include "service/ioctl/copy_file.h"

#include <algorithm>

#include "wire/smb2/create_context.h"

namespace holdfast::service::fsctl {
namespace {

constexpr std::size_t kBuffer = 256u << 10;
/// So much is copied by one call of the file system.
constexpr std::uint64_t kPiece = 16u << 20;

Task<Result<void>> copy_data(ports::IoContext io, ports::File& target, ports::File& source,
                             std::uint64_t size) {
  for (std::uint64_t done = 0; done < size;) {
    std::uint64_t length = std::min(kPiece, size - done);
    Result<std::uint64_t> copied = co_await target.copy_from(io, source, done, done, length);
    if (!copied && copied.error() == NtStatus::kNotSameDevice)
      copied = co_await copy_by_reading(io, target, done, source, done, length);
    if (!copied) co_return fail(copied.error());
    if (*copied == 0) break;
    done += *copied;
  }
  co_return Result<void>{};
}

/// One named stream, made where it is not yet.
Task<Result<void>> copy_stream(Call& c, const core::OpenView& source, const std::string& from,
                               const std::string& to, const ports::StreamInfo& stream) {
  ports::IoContext io = c.request.io();
  ports::OpenHow read;
  read.access = ports::DataAccess::kRead;
  read.stream = stream.name;
  Result<ports::Opened> in = co_await source.share->vfs->open(io, from, read);
  if (!in) co_return fail(in.error());
  ports::Vfs& vfs = *c.open->share->vfs;
  ports::OpenHow write;
  write.access = ports::DataAccess::kReadWrite;
  write.stream = stream.name;
  Result<ports::Opened> out = co_await vfs.open(io, to, write);
  if (!out && out.error() == NtStatus::kObjectNameNotFound) {
    ports::CreateHow make;
    make.stream = stream.name;
    out = co_await vfs.create(io, to, make);
  }
  if (!out) co_return fail(out.error());
  Result<void> cut = co_await out->file->set_end_of_file(io, 0);
  if (!cut) co_return cut;
  co_return co_await copy_data(io, *out->file, *in->file, stream.size);
}

Task<Result<void>> copy_streams(Call& c, const core::OpenView& source) {
  ports::IoContext io = c.request.io();
  Result<std::string> from = co_await source.file->path(io);
  Result<std::string> to = co_await c.open->file->path(io);
  if (!from || !to) co_return fail(from ? to.error() : from.error());
  Result<std::vector<ports::StreamInfo>> streams = co_await source.file->streams(io);
  if (!streams) co_return fail(streams.error());
  for (const ports::StreamInfo& stream : *streams) {
    if (stream.name.empty()) continue;
    Result<void> copied = co_await copy_stream(c, source, *from, *to, stream);
    if (!copied) co_return copied;
  }
  co_return Result<void>{};
}

}  // namespace

Task<Result<std::uint64_t>> copy_by_reading(ports::IoContext io, ports::File& target,
                                            std::uint64_t target_offset, ports::File& source,
                                            std::uint64_t source_offset, std::uint64_t length) {
  ByteVec buffer(std::min<std::uint64_t>(length, kBuffer));
  std::uint64_t done = 0;
  while (done < length) {
    MutBytes room = MutBytes(buffer).first(std::min<std::uint64_t>(buffer.size(), length - done));
    Result<std::size_t> got = co_await source.read(io, source_offset + done, room);
    if (!got) co_return fail(got.error());
    if (*got == 0) break;
    Result<void> put =
        co_await target.write(io, target_offset + done, Bytes(buffer).first(*got), false);
    if (!put) co_return fail(put.error());
    done += *got;
  }
  co_return done;
}

bool wants_whole_file(const Call& c) {
  return c.open->share->apple != nullptr &&
         (c.request.session->apple_capabilities.load(std::memory_order_relaxed) &
          wire::smb2::Aapl::kSupportsOsxCopyfile) != 0;
}

Task<Result<std::uint64_t>> copy_whole_file(Call& c, const core::OpenView& source,
                                            const ports::FileInfo& info) {
  core::OpenTable& opens = c.request.server.opens();
  if (NtStatus s = opens.check_locks(source.id, 0, info.end_of_file, false);
      s != NtStatus::kSuccess)
    co_return fail(s);
  if (NtStatus s = opens.check_locks(c.open->id, 0, info.end_of_file, true);
      s != NtStatus::kSuccess)
    co_return fail(s);
  // It may take long; what cannot be told so waits.
  if (info.end_of_file > kPiece) (void)c.request.go_async();
  ports::IoContext io = c.request.io();
  ports::File& target = *c.open->file;
  Result<void> done = co_await target.set_end_of_file(io, 0);
  if (done) done = co_await copy_data(io, target, *source.file, info.end_of_file);
  if (done && source.file->stream().empty() && target.stream().empty()) {
    done = co_await copy_streams(c, source);
    if (!done) co_return fail(done.error());
    Result<std::vector<ports::Ea>> eas = co_await source.file->eas(io);
    if (eas && !eas->empty()) done = co_await target.set_eas(io, *eas);
  }
  if (!done) co_return fail(done.error());
  ports::SetBasic basic;
  basic.creation_time = info.creation_time;
  basic.last_write_time = info.last_write_time;
  basic.attributes = info.attributes;
  done = co_await target.set_basic(io, basic);
  if (!done) co_return fail(done.error());
  co_return info.end_of_file;
}

}  // namespace holdfast::service::fsctl
