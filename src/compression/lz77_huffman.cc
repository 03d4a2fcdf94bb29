// SPDX-License-Identifier: Apache-2.0
#include "compression/lz77_huffman.h"

#include <array>
#include <bit>
#include <vector>

#include "base/reader.h"
#include "compression/matcher.h"

namespace holdfast::compression {
namespace {

// Octets that share one table of codes.
constexpr std::size_t kBlock = 65'536;
constexpr std::size_t kSymbols = 512;
constexpr std::size_t kTableSize = kSymbols / 2;
constexpr unsigned kMaxBits = 15;
constexpr unsigned kWindowLog = 16;
constexpr std::size_t kMaxDistance = 65'535;
// 256 tells of a match of 3 octets one back, and at the end of everything that it is the end.
constexpr std::size_t kEnd = 256;

using Lengths = std::array<std::uint8_t, kSymbols>;
using Counts = std::array<std::uint32_t, kSymbols>;
using Codes = std::array<std::uint16_t, kSymbols>;

/// A literal (length 0, the octet in distance) or a match.
struct Token {
  std::uint32_t length = 0;
  std::uint16_t distance = 0;
};

unsigned high_bit(std::size_t distance) {
  return static_cast<unsigned>(std::bit_width(distance)) - 1;
}

std::size_t symbol_of(const Token& token) {
  if (token.length == 0) return token.distance;
  return 256 + std::min<std::size_t>(token.length - 3, 15) +
         std::size_t{16} * high_bit(token.distance);
}

/// Depths of a Huffman tree over what occurs. False: deeper than kMaxBits.
bool huffman_depths(const Counts& counts, Lengths& lengths) {
  struct Node {
    std::uint64_t weight;
    std::uint32_t parent;
  };
  std::vector<std::uint16_t> leaves;
  for (std::size_t s = 0; s < kSymbols; ++s)
    if (counts[s] != 0) leaves.push_back(static_cast<std::uint16_t>(s));
  std::sort(leaves.begin(), leaves.end(),
            [&](auto a, auto b) { return counts[a] != counts[b] ? counts[a] < counts[b] : a < b; });
  // Leaves by weight, then inner nodes in the order they are made, which is by weight too.
  std::vector<Node> nodes;
  nodes.reserve(2 * leaves.size());
  for (auto s : leaves) nodes.push_back({counts[s], 0});
  std::size_t leaf = 0, inner = leaves.size();
  auto lightest = [&] {
    if (leaf == leaves.size() || (inner < nodes.size() && nodes[inner].weight < nodes[leaf].weight))
      return inner++;
    return leaf++;
  };
  while (nodes.size() < 2 * leaves.size() - 1) {
    std::size_t a = lightest(), b = lightest();
    nodes[a].parent = nodes[b].parent = static_cast<std::uint32_t>(nodes.size());
    nodes.push_back({nodes[a].weight + nodes[b].weight, 0});
  }
  std::vector<std::uint8_t> depth(nodes.size(), 0);
  for (std::size_t i = nodes.size() - 1; i-- > 0;) {
    depth[i] = static_cast<std::uint8_t>(depth[nodes[i].parent] + 1);
    if (depth[i] > kMaxBits) return false;
  }
  lengths.fill(0);
  for (std::size_t i = 0; i < leaves.size(); ++i) lengths[leaves[i]] = depth[i];
  return true;
}

Lengths code_lengths(Counts counts) {
  // A code of one symbol would be incomplete, which decoders refuse.
  std::size_t used = 0, last = 0;
  for (std::size_t s = 0; s < kSymbols; ++s)
    if (counts[s] != 0) ++used, last = s;
  if (used < 2) counts[last == 0 ? 1 : 0] = 1;
  Lengths lengths{};
  // Flatter counts give a flatter tree; equal ones give nine levels.
  while (!huffman_depths(counts, lengths))
    for (auto& count : counts)
      if (count != 0) count = (count + 1) / 2;
  return lengths;
}

/// Canonical codes: by length, then by symbol (MS-XCA 2.1.4.2).
Codes codes_of(const Lengths& lengths) {
  Codes codes{};
  unsigned code = 0;
  for (unsigned bits = 1; bits <= kMaxBits; ++bits, code <<= 1)
    for (std::size_t s = 0; s < kSymbols; ++s)
      if (lengths[s] == bits) codes[s] = static_cast<std::uint16_t>(code++);
  return codes;
}

/// MS-XCA 2.1.4.3: words of 16 bits, each standing where its first bit was written; octets of long
/// lengths stand between them.
class BlockWriter {
 public:
  BlockWriter(MutBytes out, std::size_t size) : out_(out), size_(size) {}

  bool ok() const { return ok_; }
  std::size_t size() const { return size_; }

  void begin(const Lengths& lengths) {
    for (std::size_t i = 0; i < kTableSize; ++i)
      put(static_cast<std::uint8_t>(lengths[2 * i] | lengths[2 * i + 1] << 4));
    word_ = 0;
    free_ = 16;
    first_ = take_word();
    second_ = take_word();
  }
  void bits(unsigned n, std::uint32_t value) {
    if (free_ >= n) {
      free_ -= n;
      word_ = word_ << n | value;
      return;
    }
    unsigned later = n - free_;
    store(first_, word_ << free_ | value >> later);
    first_ = second_;
    second_ = take_word();
    free_ = 16 - later;
    word_ = value & ((1u << later) - 1);
  }
  void long_length(std::size_t length) {
    length -= 3 + 15;
    if (length < 255) return put(static_cast<std::uint8_t>(length));
    put(255);
    length += 15;
    // A block's 65,536 octets less 3 always fit.
    store(take_word(), static_cast<std::uint32_t>(length));
  }
  void end() {
    store(first_, word_ << free_);
    store(second_, 0);
  }

 private:
  std::size_t take_word() {
    if (out_.size() - size_ < 2) return ok_ = false, size_;
    return size_ += 2, size_ - 2;
  }
  void store(std::size_t at, std::uint32_t word) {
    if (ok_) store_u16(&out_[at], static_cast<std::uint16_t>(word));
  }
  void put(std::uint8_t octet) {
    if (size_ == out_.size()) ok_ = false;
    if (ok_) out_[size_++] = octet;
  }

  MutBytes out_;
  std::size_t size_;
  std::size_t first_ = 0, second_ = 0;
  std::uint32_t word_ = 0;
  unsigned free_ = 16;
  bool ok_ = true;
};

/// Takes [begin, end) apart. Matches reach back before begin, but not beyond end.
void find_tokens(Bytes in, std::size_t begin, std::size_t end, Matcher& matcher, Stride& stride,
                 std::vector<Token>& tokens) {
  tokens.clear();
  std::size_t at = begin;
  while (at < end) {
    Matcher::Match match;
    if (end - at >= Matcher::kMinMatch) match = matcher.find(at, end - at, 0, kMaxDistance);
    if (match.length == 0) {
      matcher.insert(at, 1);
      for (std::size_t n = std::min(stride.miss(), end - at); n != 0; --n)
        tokens.push_back({0, in[at++]});
      continue;
    }
    stride.hit();
    tokens.push_back(
        {static_cast<std::uint32_t>(match.length), static_cast<std::uint16_t>(match.distance)});
    matcher.insert(at, match.length);
    at += match.length;
  }
}

void write_block(const std::vector<Token>& tokens, bool is_last, BlockWriter& writer) {
  Counts counts{};
  for (const Token& token : tokens) ++counts[symbol_of(token)];
  if (is_last) ++counts[kEnd];
  Lengths lengths = code_lengths(counts);
  Codes codes = codes_of(lengths);
  writer.begin(lengths);
  for (const Token& token : tokens) {
    if (!writer.ok()) return;
    std::size_t symbol = symbol_of(token);
    writer.bits(lengths[symbol], codes[symbol]);
    if (token.length == 0) continue;
    if (token.length - 3 >= 15) writer.long_length(token.length);
    unsigned extra = high_bit(token.distance);
    writer.bits(extra, token.distance - (1u << extra));
  }
  if (is_last) writer.bits(lengths[kEnd], codes[kEnd]);
  writer.end();
}

/// One block's codes, looked up by the next 15 bits: symbol << 4 | bits.
class DecodeTable {
 public:
  DecodeTable() : entries_(std::size_t{1} << kMaxBits) {}

  /// False: the code is not complete (MS-XCA 2.2.4).
  bool build(Bytes packed) {
    std::size_t at = 0;
    for (unsigned bits = 1; bits <= kMaxBits; ++bits)
      for (std::size_t s = 0; s < kSymbols; ++s) {
        if ((s % 2 == 0 ? packed[s / 2] & 15 : packed[s / 2] >> 4) != bits) continue;
        std::size_t n = std::size_t{1} << (kMaxBits - bits);
        if (n > entries_.size() - at) return false;
        std::fill_n(entries_.begin() + static_cast<std::ptrdiff_t>(at), n,
                    static_cast<std::uint16_t>(s << 4 | bits));
        at += n;
      }
    return at == entries_.size();
  }
  std::uint16_t operator[](std::size_t next) const { return entries_[next]; }

 private:
  std::vector<std::uint16_t> entries_;
};

/// The bits of a block. The two words that are always read ahead may lie behind the end of the
/// input: a writer that knows its last bits need not reserve them.
class BitReader {
 public:
  explicit BitReader(Reader& r) : r_(r) {
    next_ = std::uint32_t{word()} << 16;
    next_ |= word();
  }
  std::size_t peek15() const { return next_ >> (32 - kMaxBits); }
  void skip(unsigned n) {
    next_ <<= n;
    extra_ -= static_cast<int>(n);
    if (extra_ >= 0) return;
    next_ |= std::uint32_t{word()} << -extra_;
    extra_ += 16;
  }
  std::uint32_t take(unsigned n) {
    if (n == 0) return 0;
    std::uint32_t value = next_ >> (32 - n);
    skip(n);
    return value;
  }

 private:
  std::uint16_t word() {
    if (r_.remaining() >= 2) return r_.u16();
    if (++missing_ > 2) r_.fail();
    return 0;
  }

  Reader& r_;
  std::uint32_t next_;
  int extra_ = 16;
  unsigned missing_ = 0;
};

std::size_t read_long_length(Reader& r) {
  std::size_t length = r.u8();
  if (length == 255) {
    length = r.u16();
    if (length == 0) length = r.u32();
    if (length < 15) r.fail();
    length -= 15;
  }
  return length + 15;
}

/// One block (MS-XCA 2.2.4), up to `end` or what its last match reaches beyond it.
bool decompress_block(Reader& r, const DecodeTable& table, MutBytes out, std::size_t& size,
                      std::size_t end) {
  BitReader bits(r);
  while (size < end) {
    std::uint16_t entry = table[bits.peek15()];
    bits.skip(entry & 15);
    std::size_t symbol = entry >> 4;
    if (!r.ok()) return false;
    if (symbol < 256) {
      out[size++] = static_cast<std::uint8_t>(symbol);
      continue;
    }
    symbol -= 256;
    std::size_t length = symbol % 16;
    if (length == 15) length = read_long_length(r);
    length += 3;
    auto extra = static_cast<unsigned>(symbol / 16);
    std::size_t distance = (std::size_t{1} << extra) + bits.take(extra);
    if (!r.ok() || distance > size || length > out.size() - size) return false;
    copy_match(&out[size], distance, length);
    size += length;
  }
  return true;
}

}  // namespace

std::optional<std::size_t> compress_lz77_huffman(Bytes in, MutBytes out) {
  Matcher matcher(in, kWindowLog);
  Stride stride;
  std::vector<Token> tokens;
  tokens.reserve(std::min(in.size(), kBlock));
  BlockWriter writer(out, 0);
  std::size_t begin = 0;
  do {
    std::size_t end = std::min(begin + kBlock, in.size());
    find_tokens(in, begin, end, matcher, stride, tokens);
    write_block(tokens, end == in.size(), writer);
    if (!writer.ok()) return std::nullopt;
    begin = end;
  } while (begin < in.size());
  return writer.size();
}

bool decompress_lz77_huffman(Bytes in, MutBytes out) {
  Reader r(in);
  DecodeTable table;
  std::size_t size = 0;
  while (size < out.size()) {
    Bytes packed = r.bytes(kTableSize);
    if (!r.ok() || !table.build(packed)) return false;
    // A block ends at its first symbol at or behind 65,536 octets of its own.
    std::size_t end = std::min(size + kBlock, out.size());
    if (!decompress_block(r, table, out, size, end)) return false;
  }
  return true;
}

}  // namespace holdfast::compression
