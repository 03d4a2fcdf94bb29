// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <liburing.h>

#include <expected>
#include <string>

#include "base/bytes.h"

namespace holdfast::platform {

/// What the kernel completes. Lives until its last completion (the one without IORING_CQE_F_MORE).
class UringOp {
 public:
  virtual void on_complete(int result, std::uint32_t flags) = 0;

 protected:
  ~UringOp() = default;
};

/// A ring with its provided receive buffers. Created by any thread, used by the one that called
/// enable(), destroyed by any.
class Ring {
 public:
  struct Setup {
    std::uint32_t flags;
    const char* text;
  };
  static constexpr std::uint16_t kBufferGroup = 1;
  static constexpr std::uint16_t kBuffers = 64;
  static constexpr std::size_t kBufferSize = 16u << 10;

  /// The best of the ladder of set-up flags that this kernel takes. The error is a phrase.
  static std::expected<Setup, std::string> create(Ring& ring);

  Ring() = default;
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  void enable();
  /// Never null: submits what is prepared when the queue is full. user_data names who is told.
  io_uring_sqe* sqe(std::uint64_t user_data);
  io_uring_sqe* sqe(UringOp* op) { return sqe(reinterpret_cast<std::uint64_t>(op)); }
  /// A receive buffer that a completion names, and its return to the kernel.
  const std::uint8_t* buffer(std::uint16_t id) const { return buffers_ + id * kBufferSize; }
  void give_back(std::uint16_t id);
  io_uring* get() { return &ring_; }

 private:
  int try_create(std::uint32_t flags);
  std::string check_features();
  int register_buffers();

  io_uring ring_{};
  bool created_ = false;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::uint8_t* buffers_ = nullptr;
};

}  // namespace holdfast::platform
