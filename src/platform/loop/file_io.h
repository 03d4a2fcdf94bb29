// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <cstdint>

#include "base/bytes.h"

namespace holdfast::platform {

class FileIo;

/// One file operation and the wait for it. `std::int64_t n = co_await io.pread(fd, out, offset);`
///
/// It lives in the awaiting frame, so waiting costs no allocation. The frame, the descriptor and
/// the octets must stay until it resumes: detached handlers see to that by themselves.
class [[nodiscard]] FileOp {
 public:
  enum class Kind : std::uint8_t { kRead, kWrite, kSync, kDataSync };

  FileOp(FileIo& io, Kind kind, int fd, std::uint8_t* data, std::size_t size, std::uint64_t offset)
      : io_(io), kind_(kind), fd_(fd), data_(data), size_(size), offset_(offset) {}
  FileOp(const FileOp&) = delete;
  FileOp& operator=(const FileOp&) = delete;

  bool await_ready() const noexcept { return false; }
  inline void await_suspend(std::coroutine_handle<> waiting);
  /// As the system call answers: octets moved (0 for a sync), or a negative errno.
  std::int64_t await_resume() const noexcept { return result_; }

  /// For implementations. data() of a write is only read from.
  Kind kind() const { return kind_; }
  int fd() const { return fd_; }
  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::uint64_t offset() const { return offset_; }
  /// The answer; resume() then continues whoever waits, and belongs on the loop.
  void set_result(std::int64_t result) { result_ = result; }
  void resume() { waiting_.resume(); }
  /// Makes the system call now, on this thread; EINTR is repeated.
  void perform();

 private:
  FileIo& io_;
  Kind kind_;
  int fd_;
  std::uint8_t* data_;
  std::size_t size_;
  std::uint64_t offset_;
  std::int64_t result_ = 0;
  std::coroutine_handle<> waiting_;
};

/// Reads, writes and syncs of files that do not block the loop they belong to: ring operations on
/// an io_uring loop, pool threads on an epoll loop. Called and answered on its loop only.
///
/// Counts may be short as those of pread(2) and pwrite(2) may; callers repeat. What is likely to be
/// in the page cache is cheaper with preadv2(RWF_NOWAIT) first, and a buffered write with pwrite
/// itself.
class FileIo {
 public:
  virtual ~FileIo() = default;

  FileOp pread(int fd, MutBytes out, std::uint64_t offset) {
    return {*this, FileOp::Kind::kRead, fd, out.data(), out.size(), offset};
  }
  FileOp pwrite(int fd, Bytes data, std::uint64_t offset) {
    auto* octets = const_cast<std::uint8_t*>(data.data());
    return {*this, FileOp::Kind::kWrite, fd, octets, data.size(), offset};
  }
  /// data_only: fdatasync(2).
  FileOp fsync(int fd, bool data_only = false) {
    auto kind = data_only ? FileOp::Kind::kDataSync : FileOp::Kind::kSync;
    return {*this, kind, fd, nullptr, 0, 0};
  }

 protected:
  friend class FileOp;
  /// Starts op; later, from the loop, sets its result and resumes it.
  virtual void submit(FileOp& op) = 0;
};

inline void FileOp::await_suspend(std::coroutine_handle<> waiting) {
  waiting_ = waiting;
  io_.submit(*this);
}

/// Which FileIo belongs to which loop: ask with Executor::index().
class FileIoProvider {
 public:
  virtual ~FileIoProvider() = default;
  virtual FileIo& file_io(unsigned loop_index) = 0;
};

}  // namespace holdfast::platform
