// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/buffer.h"

namespace holdfast {

/// Appends little-endian fields to a Buffer. Offsets are counted from where the Writer began, so a
/// message can be written behind others.
class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out), base_(out.size()) {}

  /// Octets written so far: the offset of the next field.
  std::size_t position() const { return out_.size() - base_; }
  Buffer& buffer() { return out_; }

  void u8(std::uint8_t v) { out_.extend(1)[0] = v; }
  void u16(std::uint16_t v) { store_u16(out_.extend(2).data(), v); }
  void u32(std::uint32_t v) { store_u32(out_.extend(4).data(), v); }
  void u64(std::uint64_t v) { store_u64(out_.extend(8).data(), v); }
  void u16_be(std::uint16_t v) { u16(__builtin_bswap16(v)); }
  void u32_be(std::uint32_t v) { u32(__builtin_bswap32(v)); }
  void bytes(Bytes v) { out_.append(v); }
  void zeros(std::size_t n) { out_.append_zeros(n); }
  /// Pads with zeros to a multiple of n counted from the Writer's begin.
  void align(std::size_t n) { zeros((n - position() % n) % n); }

  /// Overwrites a field written before, at an offset from the Writer's begin.
  void patch_u8(std::size_t offset, std::uint8_t v) { at(offset, 1)[0] = v; }
  void patch_u16(std::size_t offset, std::uint16_t v) { store_u16(at(offset, 2), v); }
  void patch_u32(std::size_t offset, std::uint32_t v) { store_u32(at(offset, 4), v); }
  void patch_u64(std::size_t offset, std::uint64_t v) { store_u64(at(offset, 8), v); }

 private:
  std::uint8_t* at(std::size_t offset, std::size_t size) {
    HF_ASSERT(offset + size <= position());
    return out_.data() + base_ + offset;
  }

  Buffer& out_;
  std::size_t base_;
};

}  // namespace holdfast
