// SPDX-License-Identifier: Apache-2.0
#include "compression/lz77.h"

#include "base/reader.h"
#include "compression/matcher.h"

namespace holdfast::compression {
namespace {

constexpr unsigned kWindowLog = 13;
constexpr std::size_t kMaxDistance = 1 << kWindowLog;

/// MS-XCA 2.3.4: groups of 32 flags, each before the literals and matches that it tells of.
class Lz77Writer {
 public:
  explicit Lz77Writer(MutBytes out) : out_(out) { begin_flags(); }

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }

  void literal(std::uint8_t octet) {
    put(octet);
    flag(0);
  }
  void match(std::size_t distance, std::size_t length) {
    length -= 3;
    put_u16(static_cast<std::uint16_t>((distance - 1) << 3 | std::min<std::size_t>(length, 7)));
    if (length >= 7) long_length(length - 7);
    flag(1);
  }
  void finish() {
    // Flags that tell of nothing are ones.
    std::uint32_t rest = 32 - count_;
    if (rest == 32) {
      flags_ = ~0u;
    } else {
      flags_ = flags_ << rest | ((1u << rest) - 1);
    }
    if (ok_) store_u32(&out_[flags_at_], flags_);
  }

 private:
  void begin_flags() {
    flags_at_ = size_;
    flags_ = 0;
    count_ = 0;
    put_u32(0);
  }
  void flag(std::uint32_t bit) {
    flags_ = flags_ << 1 | bit;
    if (++count_ != 32) return;
    if (ok_) store_u32(&out_[flags_at_], flags_);
    begin_flags();
  }
  /// What is left of a length of 10 and more: half an octet, of which two share one, then an octet,
  /// then two, then four.
  void long_length(std::size_t length) {
    auto half = static_cast<std::uint8_t>(std::min<std::size_t>(length, 15));
    if (half_at_ == 0) {
      half_at_ = size_;
      put(half);
    } else {
      if (ok_) out_[half_at_] = static_cast<std::uint8_t>(out_[half_at_] | half << 4);
      half_at_ = 0;
    }
    if (half < 15) return;
    length -= 15;
    if (length < 255) return put(static_cast<std::uint8_t>(length));
    put(255);
    length += 7 + 15;
    if (length <= 0xFFFF) return put_u16(static_cast<std::uint16_t>(length));
    put_u16(0);
    put_u32(static_cast<std::uint32_t>(length));
  }
  bool room(std::size_t n) { return ok_ = ok_ && out_.size() - size_ >= n; }
  void put(std::uint8_t v) {
    if (room(1)) out_[size_++] = v;
  }
  void put_u16(std::uint16_t v) {
    if (!room(2)) return;
    store_u16(&out_[size_], v);
    size_ += 2;
  }
  void put_u32(std::uint32_t v) {
    if (!room(4)) return;
    store_u32(&out_[size_], v);
    size_ += 4;
  }

  MutBytes out_;
  std::size_t size_ = 0;
  std::size_t flags_at_ = 0;
  /// Where the half octet is whose other half is free; 0 (where flags stand): nowhere.
  std::size_t half_at_ = 0;
  std::uint32_t flags_ = 0;
  std::uint32_t count_ = 0;
  bool ok_ = true;
};

/// What follows the three bits of a match's length when they are all ones (MS-XCA 2.4.4). Returns
/// the length without the 3 that every match has.
std::size_t read_long_length(Reader& r, Bytes in, std::size_t& half_at) {
  std::size_t length;
  if (half_at == 0) {
    half_at = r.position();
    length = r.u8() & 15;
  } else {
    length = in[half_at] >> 4;
    half_at = 0;
  }
  if (length == 15) {
    length = r.u8();
    if (length == 255) {
      length = r.u16();
      if (length == 0) length = r.u32();
      if (length < 15 + 7) r.fail();
      length -= 15 + 7;
    }
    length += 15;
  }
  return length + 7;
}

}  // namespace

std::optional<std::size_t> compress_lz77(Bytes in, MutBytes out) {
  Lz77Writer writer(out);
  Matcher matcher(in, kWindowLog);
  Stride stride;
  std::size_t at = 0;
  while (at < in.size() && writer.ok()) {
    std::size_t left = in.size() - at;
    Matcher::Match match;
    if (left >= Matcher::kMinMatch) match = matcher.find(at, left, 0, kMaxDistance);
    if (match.length == 0) {
      matcher.insert(at, 1);
      for (std::size_t n = std::min(stride.miss(), left); n != 0; --n) writer.literal(in[at++]);
      continue;
    }
    stride.hit();
    writer.match(match.distance, match.length);
    matcher.insert(at, match.length);
    at += match.length;
  }
  writer.finish();
  if (!writer.ok()) return std::nullopt;
  return writer.size();
}

bool decompress_lz77(Bytes in, MutBytes out) {
  Reader r(in);
  std::size_t size = 0, half_at = 0;
  std::uint32_t flags = 0, count = 0;
  while (size < out.size()) {
    if (count == 0) {
      flags = r.u32();
      count = 32;
    }
    bool is_match = (flags >> --count & 1) != 0;
    if (!is_match) {
      out[size++] = r.u8();
      if (!r.ok()) return false;
      continue;
    }
    std::uint16_t word = r.u16();
    std::size_t distance = std::size_t{word} / 8 + 1;
    std::size_t length = word % 8;
    if (length == 7) length = read_long_length(r, in, half_at);
    length += 3;
    if (!r.ok() || distance > size || length > out.size() - size) return false;
    copy_match(&out[size], distance, length);
    size += length;
  }
  return true;
}

}  // namespace holdfast::compression
