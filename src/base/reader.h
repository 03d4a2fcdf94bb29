// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"

namespace holdfast {

/// Reads little-endian fields from a view. The one place where bounds of network input are checked.
///
/// Failure is sticky: after the first read past the end every read yields zero or an empty view and
/// ok() is false, so that a decoder reads all its fields in order and asks once.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  Bytes all() const { return bytes_; }

  std::uint8_t u8() {
    return take<1>([](const std::uint8_t* p) { return *p; });
  }
  std::uint16_t u16() { return take<2>(load_u16); }
  std::uint32_t u32() { return take<4>(load_u32); }
  std::uint64_t u64() { return take<8>(load_u64); }
  std::uint16_t u16_be() { return __builtin_bswap16(u16()); }
  std::uint32_t u32_be() { return __builtin_bswap32(u32()); }

  /// The next n octets as a view; fails if fewer remain.
  Bytes bytes(std::size_t n) {
    if (!ok_ || n > remaining()) return fail(), Bytes{};
    Bytes view = bytes_.subspan(position_, n);
    position_ += n;
    return view;
  }
  Bytes rest() { return bytes(remaining()); }
  void skip(std::size_t n) { bytes(n); }
  /// Skips to the next multiple of n (counted from the start of the view); fails past the end.
  void align(std::size_t n) { skip((n - position_ % n) % n); }
  /// Moves to an absolute offset; fails past the end.
  void seek(std::size_t offset) {
    if (!ok_ || offset > bytes_.size()) return fail();
    position_ = offset;
  }
  /// The view [offset, offset + size) counted from the start, without moving; fails when out of
  /// bounds. An empty range is an empty view wherever it points, as Windows accepts it.
  Bytes at(std::size_t offset, std::size_t size) {
    if (!ok_ || size == 0) return {};
    if (offset > bytes_.size() || size > bytes_.size() - offset) return fail(), Bytes{};
    return bytes_.subspan(offset, size);
  }
  void fail() { ok_ = false; }

 private:
  template <std::size_t N, class Load>
  auto take(Load load) -> decltype(load(nullptr)) {
    if (!ok_ || remaining() < N) return fail(), decltype(load(nullptr)){0};
    const std::uint8_t* p = bytes_.data() + position_;
    position_ += N;
    return load(p);
  }

  Bytes bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace holdfast
