// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"

namespace holdfast {

/// Owned octets for messages and payloads: not zeroed, movable only, with room kept in front so
/// that a transport or transform header can be put before a finished message without copying it.
class Buffer {
 public:
  Buffer() = default;
  /// An empty buffer with room for `capacity` octets after `headroom` octets kept free in front.
  explicit Buffer(std::size_t capacity, std::size_t headroom = 0) { allocate(capacity, headroom); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Buffer() { std::free(storage_); }

  static Buffer copy_of(Bytes bytes, std::size_t headroom = 0) {
    Buffer b(bytes.size(), headroom);
    b.append(bytes);
    return b;
  }

  std::uint8_t* data() { return storage_ + begin_; }
  const std::uint8_t* data() const { return storage_ + begin_; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::size_t headroom() const { return begin_; }
  /// Octets that can be appended without moving the content.
  std::size_t tailroom() const { return capacity_ - end_; }
  Bytes view() const { return {data(), size()}; }
  MutBytes mut() { return {data(), size()}; }
  operator Bytes() const { return view(); }

  /// Room behind the content; what is put there counts after extend().
  MutBytes tail() { return {storage_ + end_, tailroom()}; }

  /// Adds n octets of unspecified content and returns them.
  MutBytes extend(std::size_t n) {
    reserve(n);
    MutBytes tail{storage_ + end_, n};
    end_ += n;
    return tail;
  }
  void append(Bytes bytes) {
    if (bytes.empty()) return;
    std::memcpy(extend(bytes.size()).data(), bytes.data(), bytes.size());
  }
  void append_zeros(std::size_t n) {
    if (n != 0) std::memset(extend(n).data(), 0, n);
  }
  /// Puts n octets of unspecified content in front. n must fit the headroom.
  MutBytes prepend(std::size_t n) {
    HF_ASSERT(n <= begin_);
    begin_ -= n;
    return {data(), n};
  }
  void remove_prefix(std::size_t n) {
    HF_ASSERT(n <= size());
    begin_ += n;
  }
  /// Cuts to n octets.
  void truncate(std::size_t n) {
    HF_ASSERT(n <= size());
    end_ = begin_ + n;
  }
  void clear() { end_ = begin_; }
  /// Makes room for n more octets.
  void reserve(std::size_t n) {
    if (n <= tailroom()) return;
    std::size_t wanted = size() + n;
    if (wanted < 2 * size()) wanted = 2 * size();
    Buffer bigger(wanted, begin_);
    bigger.append(view());
    swap(bigger);
  }

 private:
  void allocate(std::size_t capacity, std::size_t headroom) {
    capacity_ = headroom + capacity;
    begin_ = end_ = headroom;
    if (capacity_ == 0) return;
    storage_ = static_cast<std::uint8_t*>(std::malloc(capacity_));
    HF_ASSERT(storage_ != nullptr);
  }
  void swap(Buffer& other) noexcept {
    std::swap(storage_, other.storage_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  std::uint8_t* storage_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace holdfast
