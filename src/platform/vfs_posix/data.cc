// SPDX-License-Identifier: Apache-2.0
// Reading, writing and resizing of PosixFile.
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "platform/vfs_posix/errno_map.h"
#include "platform/vfs_posix/posix_file.h"
#include "platform/vfs_posix/streams.h"
#include "platform/vfs_posix/where.h"
#include "wire/fscc/constants.h"

namespace holdfast::platform::posix {
namespace {

constexpr std::uint64_t kMaxOffset = INT64_MAX;
/// A write this long is copied into the page cache on the loop; a longer one leaves it to others.
constexpr std::size_t kInlineWrite = 64u << 10;
/// Cutting off this much on the loop is quick.
constexpr std::uint64_t kInlineTruncate = 1u << 20;

off_t off(std::uint64_t offset) { return static_cast<off_t>(offset); }

/// Whether [offset, offset + length) ends at or below the largest offset there is.
bool is_range(std::uint64_t offset, std::uint64_t length) {
  return offset <= kMaxOffset && length <= kMaxOffset - offset;
}

/// Repeats call() for EINTR.
template <class Call>
auto retry(Call&& call) {
  for (;;) {
    auto n = call();
    if (n >= 0 || errno != EINTR) return n;
  }
}

}  // namespace

FileIo* PosixFile::loop_io(IoContext io) const {
  FileIoProvider* provider = share_->options().file_io;
  return provider == nullptr ? nullptr : &provider->file_io(io.loop.index());
}

std::optional<Result<std::size_t>> PosixFile::try_read(std::uint64_t offset, MutBytes out) {
  if (is_stream() || !can_read()) return Result<std::size_t>(read_now(offset, out));
  if (offset > kMaxOffset) return Result<std::size_t>(fail(NtStatus::kInvalidParameter));
  if (share_->features().memory_only) return read_now(offset, out);
  if (!share_->features().nowait_reads) return std::nullopt;
  std::size_t wanted = std::min<std::uint64_t>(out.size(), kMaxOffset - offset);
  if (wanted == 0) return Result<std::size_t>(0);
  iovec target{out.data(), wanted};
  ssize_t n = retry([&] { return ::preadv2(fd(), &target, 1, off(offset), RWF_NOWAIT); });
  if (n < 0) return std::nullopt;
  auto got = static_cast<std::size_t>(n);
  if (got == wanted) return Result<std::size_t>(got);
  // Short: the end of the file, or of what is in memory. At the end the size says so.
  auto st = stat_fd(fd());
  if (st && offset + got >= st->stx_size) return Result<std::size_t>(got);
  return std::nullopt;
}

Result<std::size_t> PosixFile::read_now(std::uint64_t offset, MutBytes out) const {
  if (offset > kMaxOffset) return fail(NtStatus::kInvalidParameter);
  if (is_stream()) return read_stream_now(offset, out);
  if (is_directory_) return fail(NtStatus::kInvalidDeviceRequest);
  if (!can_read()) return fail(NtStatus::kAccessDenied);
  std::size_t wanted = std::min<std::uint64_t>(out.size(), kMaxOffset - offset), done = 0;
  while (done < wanted) {
    ssize_t n =
        retry([&] { return ::pread(fd(), out.data() + done, wanted - done, off(offset + done)); });
    if (n < 0) return fail_errno();
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Task<Result<std::size_t>> PosixFile::read(IoContext io, std::uint64_t offset, MutBytes out) {
  auto self = shared_from_this();
  FileIo* file_io = loop_io(io);
  if (offset > kMaxOffset || is_stream() || !can_read()) co_return read_now(offset, out);
  if (file_io == nullptr) {
    co_return co_await run(io, *share_, Cost::kLong,
                           [&](Blocking) { return self->read_now(offset, out); });
  }
  std::size_t wanted = std::min<std::uint64_t>(out.size(), kMaxOffset - offset), done = 0;
  while (done < wanted) {
    auto rest = out.subspan(done, wanted - done);
    std::int64_t n = co_await file_io->pread(fd(), rest, offset + done);
    if (n < 0) co_return fail_errno(static_cast<int>(-n));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  co_return done;
}

Result<void> PosixFile::write_now(std::uint64_t offset, Bytes data, bool write_through) const {
  std::size_t done = 0;
  while (done < data.size()) {
    iovec source{const_cast<std::uint8_t*>(data.data()) + done, data.size() - done};
    int flags = write_through ? RWF_DSYNC : 0;
    ssize_t n = retry([&] { return ::pwritev2(fd(), &source, 1, off(offset + done), flags); });
    if (n < 0) return fail_errno();
    // A full disk may end a write early and says so only when asked again.
    if (n == 0) return fail(NtStatus::kDiskFull);
    done += static_cast<std::size_t>(n);
  }
  return {};
}

Task<Result<void>> PosixFile::write_by_loop(IoContext io, std::uint64_t offset, Bytes data,
                                            bool write_through) {
  FileIo* file_io = loop_io(io);
  std::size_t done = 0;
  while (done < data.size()) {
    std::int64_t n = co_await file_io->pwrite(fd(), data.subspan(done), offset + done);
    if (n < 0) co_return fail_errno(static_cast<int>(-n));
    if (n == 0) co_return fail(NtStatus::kDiskFull);
    done += static_cast<std::size_t>(n);
  }
  if (!write_through) co_return Result<void>{};
  std::int64_t synced = co_await file_io->fsync(fd(), /*data_only=*/true);
  if (synced < 0) co_return fail_errno(static_cast<int>(-synced));
  co_return Result<void>{};
}

Task<Result<void>> PosixFile::write(IoContext io, std::uint64_t offset, Bytes data,
                                    bool write_through) {
  auto self = shared_from_this();
  if (!is_range(offset, data.size())) co_return fail(NtStatus::kInvalidParameter);
  if (is_stream()) {
    co_return co_await run(io, *share_, Cost::kMetadata, [&](Blocking) {
      return self->write_stream_now(io.credentials, offset, data);
    });
  }
  if (is_directory_) co_return fail(NtStatus::kInvalidDeviceRequest);
  if (!can_write()) co_return fail(NtStatus::kAccessDenied);
  if (io.is_fenced()) co_return fail(NtStatus::kFileForcedClosed);
  bool small = data.size() <= kInlineWrite && !write_through;
  if (small && runs_inline(*share_, Cost::kMetadata)) co_return write_now(offset, data, false);
  if (loop_io(io) != nullptr) co_return co_await write_by_loop(io, offset, data, write_through);
  co_return co_await run(io, *share_, Cost::kLong,
                         [&](Blocking) { return self->write_now(offset, data, write_through); });
}

Task<Result<void>> PosixFile::flush(IoContext io) {
  auto self = shared_from_this();
  if (access_ != DataAccess::kNone && !is_stream() && loop_io(io) != nullptr) {
    std::int64_t synced = co_await loop_io(io)->fsync(fd());
    if (synced < 0) co_return fail_errno(static_cast<int>(-synced));
    co_return Result<void>{};
  }
  co_return co_await run(io, *share_, Cost::kLong, [self](Blocking) -> Result<void> {
    if (self->access_ != DataAccess::kNone && !self->is_stream())
      return ::fsync(self->fd()) == 0 ? Result<void>{} : fail_errno();
    if (!self->is_directory_ && !self->is_regular_) return {};
    auto readable = reopen(service(), self->fd(), O_RDONLY | O_NONBLOCK);
    if (!readable) return fail(readable.error());
    return ::fsync(readable->get()) == 0 ? Result<void>{} : fail_errno();
  });
}

Result<void> PosixFile::truncate_now(const Credentials& who, std::uint64_t size) {
  if (is_stream()) return resize_stream_now(who, size);
  if (can_write()) return ::ftruncate(fd(), off(size)) == 0 ? Result<void>{} : fail_errno();
  auto writable = writable_now(who);
  if (!writable) return fail(writable.error());
  return ::ftruncate(writable->get(), off(size)) == 0 ? Result<void>{} : fail_errno();
}

Task<Result<void>> PosixFile::set_end_of_file(IoContext io, std::uint64_t size) {
  auto self = shared_from_this();
  if (size > kMaxOffset) co_return fail(NtStatus::kInvalidParameter);
  auto st = stat_fd(fd());
  bool frees_much = st && st->stx_size > size && st->stx_size - size > kInlineTruncate;
  co_return co_await run(io, *share_, frees_much ? Cost::kLong : Cost::kMetadata,
                         [&](Blocking) { return self->truncate_now(io.credentials, size); });
}

Result<void> PosixFile::allocate_now(const Credentials& who, std::uint64_t size) {
  if (is_stream()) {
    auto now = Xattrs(fd()).size(stream_xattr());
    if (now && *now && **now > size + 1) return resize_stream_now(who, size);
    return {};
  }
  auto st = stat_fd(fd());
  if (!st) return fail(st.error());
  if (size < st->stx_size) return truncate_now(who, size);
  // What the data have, without the attributes' block.
  if (auto info = info_now(*st); info && size <= info->allocation_size) return {};
  auto writable = writable_now(who);
  if (!writable) return fail(writable.error());
  if (::fallocate(writable->get(), FALLOC_FL_KEEP_SIZE, 0, off(size)) == 0) return {};
  // Reserving is a hint where the file system cannot.
  if (errno == EOPNOTSUPP || errno == ENOSYS) return {};
  return fail_errno();
}

Task<Result<void>> PosixFile::set_allocation(IoContext io, std::uint64_t size) {
  auto self = shared_from_this();
  if (size > kMaxOffset) co_return fail(NtStatus::kInvalidParameter);
  co_return co_await run(io, *share_, Cost::kLong,
                         [&](Blocking) { return self->allocate_now(io.credentials, size); });
}

Task<Result<void>> PosixFile::set_sparse(IoContext io, bool sparse) {
  auto self = shared_from_this();
  if (!is_regular_ || is_stream()) co_return fail(NtStatus::kInvalidParameter);
  co_return co_await run(io, *share_, sparse ? Cost::kMetadata : Cost::kLong,
                         [&](Blocking) { return self->set_sparse_now(io.credentials, sparse); });
}

Result<void> PosixFile::set_sparse_now(const Credentials& who, bool sparse) const {
  if (!sparse) {
    auto st = stat_fd(fd());
    if (!st) return fail(st.error());
    auto writable = writable_now(who);
    if (!writable) return fail(writable.error());
    // A file system without it cannot keep the promise of allocated space in any other way.
    if (st->stx_size != 0 && ::fallocate(writable->get(), 0, 0, off(st->stx_size)) != 0 &&
        errno != EOPNOTSUPP && errno != ENOSYS)
      return fail_errno();
  }
  DosChange change{.attributes = sparse ? wire::fscc::attributes::kSparseFile : 0,
                   .mask = wire::fscc::attributes::kSparseFile,
                   .creation_time = std::nullopt};
  return change_dos_attributes(*share_, who, fd(), change);
}

Task<Result<std::optional<ByteVec>>> PosixFile::creation_mark(IoContext io) {
  auto self = shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata,
                         [self](Blocking) { return Xattrs(self->fd()).get(kCreationXattr); });
}

Task<void> PosixFile::clear_creation_mark(IoContext io) {
  auto self = shared_from_this();
  // One that stays does no harm: nobody has that CreateGuid again.
  (void)co_await run(io, *share_, Cost::kMetadata, [self](Blocking) {
    return Xattrs(self->fd()).remove(service(), kCreationXattr);
  });
}

Task<Result<void>> PosixFile::set_compression(IoContext io, bool compressed) {
  auto self = shared_from_this();
  if (!share_->features().compression) co_return fail(NtStatus::kNotSupported);
  if (is_stream() || (!is_regular_ && !is_directory_)) co_return fail(NtStatus::kInvalidParameter);
  co_return co_await run(io, *share_, Cost::kMetadata, [&](Blocking) {
    return change_compression(io.credentials, self->fd(), compressed);
  });
}

Result<void> PosixFile::zero_now(Range range) const {
  auto st = stat_fd(fd());
  if (!st) return fail(st.error());
  if (range.offset >= st->stx_size) return {};
  std::uint64_t length = std::min<std::uint64_t>(range.length, st->stx_size - range.offset);
  if (length == 0) return {};
  auto info = load_info(*share_, fd());
  bool sparse = info && (info->attributes & wire::fscc::attributes::kSparseFile) != 0;
  int mode = (sparse ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE) | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(fd(), mode, off(range.offset), off(length)) == 0) return {};
  if (errno != EOPNOTSUPP && errno != ENOSYS) return fail_errno();
  ByteVec zeros(std::min<std::uint64_t>(length, 256u << 10));
  for (std::uint64_t done = 0; done < length;) {
    std::size_t n = std::min<std::uint64_t>(zeros.size(), length - done);
    auto written = write_now(range.offset + done, Bytes(zeros).first(n), false);
    if (!written) return written;
    done += n;
  }
  return {};
}

Task<Result<void>> PosixFile::zero_range(IoContext io, Range range) {
  auto self = shared_from_this();
  if (!is_range(range.offset, range.length) || !is_regular_ || is_stream())
    co_return fail(NtStatus::kInvalidParameter);
  if (!can_write()) co_return fail(NtStatus::kAccessDenied);
  co_return co_await run(io, *share_, Cost::kLong, [&](Blocking) { return self->zero_now(range); });
}

Result<void> PosixFile::trim_now(Range range) const {
  auto st = stat_fd(fd());
  if (!st) return fail(st.error());
  // Only whole blocks hold space, and a part of one would have to be written to.
  std::uint64_t block = st->stx_blksize;
  std::uint64_t begin = (range.offset + block - 1) / block * block;
  std::uint64_t end = std::min<std::uint64_t>(range.offset + range.length, st->stx_size);
  end = end / block * block;
  if (begin >= end || !share_->features().sparse) return {};
  constexpr int kPunch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(fd(), kPunch, off(begin), off(end - begin)) == 0) return {};
  return errno == EOPNOTSUPP || errno == ENOSYS ? Result<void>{} : fail_errno();
}

Task<Result<void>> PosixFile::trim_range(IoContext io, Range range) {
  auto self = shared_from_this();
  if (!is_range(range.offset, range.length) || !is_regular_ || is_stream())
    co_return fail(NtStatus::kInvalidParameter);
  if (!can_write()) co_return fail(NtStatus::kAccessDenied);
  co_return co_await run(io, *share_, Cost::kLong, [&](Blocking) { return self->trim_now(range); });
}

Result<std::vector<Range>> PosixFile::ranges_now(Range range, std::size_t limit) const {
  std::vector<Range> ranges;
  std::uint64_t end = range.offset + range.length;
  auto info = load_info(*share_, fd());
  if (!info) return fail(info.error());
  if ((info->attributes & wire::fscc::attributes::kSparseFile) == 0) {
    // Holes that local programs left are as good as allocated to who knows of no holes.
    end = std::min(end, info->end_of_file);
    if (range.offset < end) ranges.push_back({range.offset, end - range.offset});
    return ranges;
  }
  for (std::uint64_t at = range.offset; at < end;) {
    off_t data = ::lseek(fd(), off(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data < 0) return fail_errno();
    auto begin = static_cast<std::uint64_t>(data);
    if (begin >= end) break;
    off_t hole = ::lseek(fd(), data, SEEK_HOLE);
    if (hole < 0) return fail_errno();
    at = std::min(end, static_cast<std::uint64_t>(hole));
    if (ranges.size() == limit) {
      ranges.push_back({begin, 0});
      break;
    }
    ranges.push_back({begin, at - begin});
  }
  return ranges;
}

Task<Result<std::vector<Range>>> PosixFile::allocated_ranges(IoContext io, Range range,
                                                             std::size_t limit) {
  auto self = shared_from_this();
  if (!is_range(range.offset, range.length) || !is_regular_ || is_stream())
    co_return fail(NtStatus::kInvalidParameter);
  if (!can_read()) co_return fail(NtStatus::kAccessDenied);
  co_return co_await run(io, *share_, Cost::kLong,
                         [&](Blocking) { return self->ranges_now(range, limit); });
}

}  // namespace holdfast::platform::posix
