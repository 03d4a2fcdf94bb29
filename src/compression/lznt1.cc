// SPDX-License-Identifier: Apache-2.0
#include "compression/lznt1.h"

#include <bit>

#include "base/reader.h"
#include "compression/matcher.h"

namespace holdfast::compression {
namespace {

constexpr std::size_t kChunk = 4096;
constexpr unsigned kChunkLog = 12;
// A chunk's header: bit 15 compressed, bits 12 to 14 the signature 3, below the chunk's size with
// the header, less 3 (MS-XCA 2.5.1.2).
constexpr std::uint16_t kCompressed = 0x8000, kSignature = 0x3000, kSignatureMask = 0x7000,
                        kSizeMask = 0x0FFF;

/// Bits of a match's distance when `done` octets of the chunk came before it; the other bits of the
/// 16 are its length (MS-XCA 2.5.1.4).
unsigned distance_bits(std::size_t done) {
  return std::max(4u, static_cast<unsigned>(std::bit_width(done - 1)));
}

/// One chunk's flags, literals and matches. nullopt: they need as much as `out` has, or more.
std::optional<std::size_t> compress_chunk(Bytes in, std::size_t begin, std::size_t end,
                                          Matcher& matcher, MutBytes out) {
  std::size_t size = 0, at = begin;
  while (at < end) {
    std::size_t flags_at = size++;
    // The longest group: flags and eight matches.
    if (out.size() < flags_at + 1 + 16) return std::nullopt;
    out[flags_at] = 0;
    for (unsigned bit = 0; bit < 8 && at < end; ++bit) {
      Matcher::Match match;
      std::size_t done = at - begin;
      unsigned bits = done == 0 ? 0 : distance_bits(done);
      if (done != 0 && end - at >= Matcher::kMinMatch) {
        std::size_t limit = std::min(end - at, (std::size_t{1} << (16 - bits)) + 2);
        match = matcher.find(at, limit, begin, done);
      }
      if (match.length == 0) {
        matcher.insert(at, 1);
        out[size++] = in[at++];
        continue;
      }
      out[flags_at] = static_cast<std::uint8_t>(out[flags_at] | 1u << bit);
      store_u16(&out[size], static_cast<std::uint16_t>((match.distance - 1) << (16 - bits) |
                                                       (match.length - 3)));
      size += 2;
      matcher.insert(at, match.length);
      at += match.length;
    }
  }
  return size;
}

/// Returns the octets written; nullopt when the chunk is malformed or too long for `out`.
std::optional<std::size_t> decompress_chunk(Bytes in, MutBytes out) {
  Reader r(in);
  std::size_t size = 0;
  while (r.remaining() != 0) {
    unsigned flags = r.u8();
    for (unsigned bit = 0; bit < 8 && r.remaining() != 0; ++bit) {
      if ((flags >> bit & 1) == 0) {
        if (size == out.size()) return std::nullopt;
        out[size++] = r.u8();
        continue;
      }
      std::uint16_t word = r.u16();
      if (!r.ok() || size == 0) return std::nullopt;
      unsigned length_bits = 16 - distance_bits(size);
      std::size_t distance = (std::size_t{word} >> length_bits) + 1;
      std::size_t length = (word & ((1u << length_bits) - 1)) + 3;
      if (distance > size || length > out.size() - size) return std::nullopt;
      copy_match(&out[size], distance, length);
      size += length;
    }
  }
  return size;
}

}  // namespace

std::optional<std::size_t> compress_lznt1(Bytes in, MutBytes out) {
  Matcher matcher(in, kChunkLog);
  std::size_t size = 0;
  for (std::size_t begin = 0; begin < in.size(); begin += kChunk) {
    std::size_t end = std::min(begin + kChunk, in.size());
    if (out.size() - size < 2) return std::nullopt;
    MutBytes body = out.subspan(size + 2);
    // A chunk that does not shrink is stored.
    auto packed =
        compress_chunk(in, begin, end, matcher, body.first(std::min(body.size(), end - begin)));
    if (packed) {
      store_u16(&out[size], static_cast<std::uint16_t>(kCompressed | kSignature | (*packed - 1)));
      size += 2 + *packed;
      continue;
    }
    if (body.size() < end - begin) return std::nullopt;
    std::memcpy(body.data(), &in[begin], end - begin);
    store_u16(&out[size], static_cast<std::uint16_t>(kSignature | (end - begin - 1)));
    size += 2 + end - begin;
    // Positions of a chunk that was given up half way were not all remembered; no match reaches
    // back beyond its own chunk anyway.
  }
  return size;
}

bool decompress_lznt1(Bytes in, MutBytes out) {
  Reader r(in);
  std::size_t size = 0;
  while (size < out.size()) {
    std::uint16_t header = r.u16();
    if (!r.ok() || header == 0 || (header & kSignatureMask) != kSignature) return false;
    Bytes body = r.bytes((header & kSizeMask) + std::size_t{1});
    if (!r.ok()) return false;
    MutBytes room = out.subspan(size, std::min(kChunk, out.size() - size));
    std::size_t chunk = body.size();
    if ((header & kCompressed) != 0) {
      auto unpacked = decompress_chunk(body, room);
      if (!unpacked) return false;
      chunk = *unpacked;
    } else {
      if (chunk > room.size()) return false;
      std::memcpy(room.data(), body.data(), chunk);
    }
    size += chunk;
    // Only the last chunk may be short.
    if (chunk < kChunk && size != out.size()) return false;
  }
  return true;
}

}  // namespace holdfast::compression
