// SPDX-License-Identifier: Apache-2.0
// Copies inside the server, and the content of streams, of PosixFile.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "platform/vfs_posix/errno_map.h"
#include "platform/vfs_posix/posix_file.h"
#include "platform/vfs_posix/streams.h"
#include "platform/vfs_posix/where.h"

namespace holdfast::platform::posix {
namespace {

constexpr std::size_t kCopyBuffer = 256u << 10;
constexpr std::size_t kMaxOverlap = 16u << 20;
/// No file system keeps a longer extended attribute (XATTR_SIZE_MAX).
constexpr std::uint64_t kMaxStream = (64u << 10) - 1;

off_t off(std::uint64_t offset) { return static_cast<off_t>(offset); }

bool is_range(std::uint64_t offset, std::uint64_t length) {
  return offset <= INT64_MAX && length <= INT64_MAX - offset;
}

bool cannot_here(int error) {
  return error == EXDEV || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS;
}

/// What a value too large for the file system's place for extended attributes is to a client.
Result<void> stream_written(Result<void> written) {
  if (!written && written.error() == NtStatus::kFileSystemLimitation)
    return fail(NtStatus::kDiskFull);
  return written;
}

}  // namespace

Result<std::uint64_t> PosixFile::copy_now(const Credentials& who, PosixFile& source,
                                          std::uint64_t source_offset, std::uint64_t offset,
                                          std::uint64_t length) {
  std::uint64_t done = 0;
  bool kernel = !is_stream() && !source.is_stream();
  while (kernel && done < length) {
    off_t from = off(source_offset + done), to = off(offset + done);
    ssize_t n = ::copy_file_range(source.fd(), &from, fd(), &to, length - done, 0);
    if (n == 0) return done;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && !cannot_here(errno)) return fail_errno();
    if (n < 0) break;
    done += static_cast<std::uint64_t>(n);
  }
  // Overlapping parts of one file are copied as if through a buffer of the whole length.
  bool same = key_ == source.key_ && stream_xattr() == source.stream_xattr();
  ByteVec buffer(std::min<std::uint64_t>(same ? kMaxOverlap : kCopyBuffer, length - done));
  while (done < length) {
    std::size_t wanted = std::min<std::uint64_t>(buffer.size(), length - done);
    auto got = source.read_now(source_offset + done, MutBytes(buffer).first(wanted));
    if (!got) return fail(got.error());
    if (*got == 0) break;
    Bytes piece = Bytes(buffer).first(*got);
    auto put = is_stream() ? write_stream_now(who, offset + done, piece)
                           : write_now(offset + done, piece, false);
    if (!put) return fail(put.error());
    done += *got;
  }
  return done;
}

Task<Result<std::uint64_t>> PosixFile::copy_from(IoContext io, ports::File& source,
                                                 std::uint64_t source_offset, std::uint64_t offset,
                                                 std::uint64_t length) {
  auto self = shared_from_this();
  auto* other = dynamic_cast<PosixFile*>(&source.underlying());
  if (other == nullptr) co_return fail(NtStatus::kNotSameDevice);
  if (!is_range(source_offset, length) || !is_range(offset, length))
    co_return fail(NtStatus::kInvalidParameter);
  if (is_directory() || other->is_directory()) co_return fail(NtStatus::kInvalidDeviceRequest);
  bool allowed = (is_stream() || can_write()) && (other->is_stream() || other->can_read());
  if (!allowed) co_return fail(NtStatus::kAccessDenied);
  auto keep = other->shared_from_this();
  co_return co_await run(io, *share_, Cost::kLong, [&](Blocking) {
    return self->copy_now(io.credentials, *keep, source_offset, offset, length);
  });
}

Task<Result<void>> PosixFile::clone_from(IoContext io, ports::File& source,
                                         std::uint64_t source_offset, std::uint64_t offset,
                                         std::uint64_t length) {
  auto self = shared_from_this();
  auto* other = dynamic_cast<PosixFile*>(&source.underlying());
  if (other == nullptr || is_stream() || other->is_stream() || !is_regular_ || !other->is_regular_)
    co_return fail(NtStatus::kInvalidDeviceRequest);
  if (!is_range(source_offset, length) || !is_range(offset, length))
    co_return fail(NtStatus::kInvalidParameter);
  if (!can_write() || !other->can_read()) co_return fail(NtStatus::kAccessDenied);
  auto keep = other->shared_from_this();
  co_return co_await run(io, *share_, Cost::kLong, [&](Blocking) {
    return self->clone_now(io.credentials, *keep, source_offset, offset, length);
  });
}

Result<void> PosixFile::clone_now(const Credentials& who, PosixFile& source,
                                  std::uint64_t source_offset, std::uint64_t offset,
                                  std::uint64_t length) {
  if (!share_->features().reflink) return fail(NtStatus::kInvalidDeviceRequest);
  auto st = stat_fd(fd());
  if (!st) return fail(st.error());
  std::uint64_t block = st->stx_blksize;
  if (source_offset % block != 0 || offset % block != 0) return fail(NtStatus::kInvalidParameter);
  if (offset >= st->stx_size) return {};
  auto source_st = stat_fd(source.fd());
  if (!source_st) return fail(source_st.error());
  if (source_offset >= source_st->stx_size) return {};
  length = std::min<std::uint64_t>(
      length, std::min(st->stx_size - offset, source_st->stx_size - source_offset));
  // The kernel shares a part of a block only where both files end.
  bool to_both_ends =
      source_offset + length == source_st->stx_size && offset + length == st->stx_size;
  std::uint64_t whole = to_both_ends ? length : length / block * block;
  // To the kernel a length of 0 means "to the end".
  if (whole != 0) {
    file_clone_range range{.src_fd = source.fd(),
                           .src_offset = source_offset,
                           .src_length = whole,
                           .dest_offset = offset};
    if (::ioctl(fd(), FICLONERANGE, &range) != 0) {
      if (errno == EINVAL || errno == EXDEV) return fail(NtStatus::kInvalidParameter);
      if (cannot_here(errno) || errno == ENOTTY || errno == EPERM)
        return fail(NtStatus::kInvalidDeviceRequest);
      return fail_errno();
    }
  }
  if (length == whole) return {};
  auto copied = copy_now(who, source, source_offset + whole, offset + whole, length - whole);
  return copied ? Result<void>{} : fail(copied.error());
}

Result<std::size_t> PosixFile::read_stream_now(std::uint64_t offset, MutBytes out) const {
  auto content = read_stream(fd(), stream_xattr());
  if (!content) return fail(content.error());
  if (!*content) return fail(NtStatus::kFileDeleted);
  const ByteVec& octets = **content;
  if (offset >= octets.size()) return std::size_t{0};
  std::size_t n = std::min<std::uint64_t>(out.size(), octets.size() - offset);
  std::copy_n(octets.begin() + static_cast<std::ptrdiff_t>(offset), n, out.begin());
  return n;
}

Result<void> PosixFile::write_stream_now(const Credentials& who, std::uint64_t offset,
                                         Bytes data) const {
  if (data.empty()) return {};
  if (offset > kMaxStream || data.size() > kMaxStream - offset) return fail(NtStatus::kDiskFull);
  Lock lock(share_->value_lock(key_));
  auto content = read_stream(fd(), stream_xattr());
  if (!content) return fail(content.error());
  if (!*content) return fail(NtStatus::kFileDeleted);
  ByteVec& octets = **content;
  octets.resize(std::max<std::size_t>(octets.size(), offset + data.size()));
  std::copy(data.begin(), data.end(), octets.begin() + static_cast<std::ptrdiff_t>(offset));
  return stream_written(write_stream(who, fd(), stream_xattr(), octets));
}

Result<void> PosixFile::resize_stream_now(const Credentials& who, std::uint64_t size) const {
  if (size > kMaxStream) return fail(NtStatus::kDiskFull);
  Lock lock(share_->value_lock(key_));
  auto content = read_stream(fd(), stream_xattr());
  if (!content) return fail(content.error());
  if (!*content) return fail(NtStatus::kFileDeleted);
  (*content)->resize(size);
  return stream_written(write_stream(who, fd(), stream_xattr(), **content));
}

}  // namespace holdfast::platform::posix
