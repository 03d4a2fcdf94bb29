// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

#include "compression/codec.h"

namespace holdfast::compression {
namespace {

constexpr Algorithm kAll[] = {Algorithm::kLznt1, Algorithm::kLz77, Algorithm::kLz77Huffman,
                              Algorithm::kLz4};

ByteVec from_hex(std::string_view hex) {
  ByteVec out;
  int high = -1;
  for (char c : hex) {
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return out;
}

std::optional<ByteVec> packed(Algorithm algorithm, Bytes in, std::size_t room) {
  ByteVec out(room);
  auto size = compress(algorithm, in, out);
  if (!size) return std::nullopt;
  out.resize(*size);
  return out;
}

std::optional<ByteVec> unpacked(Algorithm algorithm, Bytes in, std::size_t size) {
  ByteVec out(size);
  if (!decompress(algorithm, in, out)) return std::nullopt;
  return out;
}

/// Compresses with ample room and back.
void expect_round_trip(Algorithm algorithm, Bytes in) {
  auto small = packed(algorithm, in, 2 * in.size() + 1024);
  ASSERT_TRUE(small.has_value());
  auto back = unpacked(algorithm, *small, in.size());
  ASSERT_TRUE(back.has_value()) << static_cast<int>(algorithm) << " " << in.size();
  EXPECT_TRUE(equal(*back, in));
}

std::string alphabet() { return "abcdefghijklmnopqrstuvwxyz"; }
std::string abc_100() {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "abc";
  return text;
}
const char kSong[] =
    "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E F# D E F# G F# D E "
    "F# G F# E D E A F# F# G A A G F# E D D E F# E D D";

// MS-XCA 3.1.
TEST(Lz77, ExamplesOfTheSpecification) {
  ByteVec letters = from_hex(
      "3f 00 00 00 61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70 71 72 73 74 75 76 77 78 79 7a");
  EXPECT_EQ(packed(Algorithm::kLz77, as_bytes(alphabet()), 1000), letters);
  EXPECT_EQ(unpacked(Algorithm::kLz77, letters, 26), to_vec(as_bytes(alphabet())));
  ByteVec repeated = from_hex("ff ff ff 1f 61 62 63 17 00 0f ff 26 01");
  EXPECT_EQ(packed(Algorithm::kLz77, as_bytes(abc_100()), 1000), repeated);
  EXPECT_EQ(unpacked(Algorithm::kLz77, repeated, 300), to_vec(as_bytes(abc_100())));
}

// MS-XCA 3.2.
TEST(Lz77Huffman, ExamplesOfTheSpecification) {
  ByteVec letters(256, 0);
  ByteVec lengths = from_hex("50 55 55 55 55 55 55 55 55 55 55 45 44 04");
  std::copy(lengths.begin(), lengths.end(), letters.begin() + 0x30);
  letters[0x80] = 0x04;
  ByteVec tail = from_hex("d8 52 3e d7 94 11 5b e9 19 5f f9 d6 7c df 8d 04 00 00 00 00");
  letters.insert(letters.end(), tail.begin(), tail.end());
  EXPECT_EQ(unpacked(Algorithm::kLz77Huffman, letters, 26), to_vec(as_bytes(alphabet())));
  // "abc", then a match 3 back of 297 octets, then the end.
  ByteVec repeated(256, 0);
  repeated[0x30] = 0x30;
  repeated[0x31] = 0x23;
  repeated[0x80] = 0x02;
  repeated[0x8F] = 0x20;
  ByteVec code = from_hex("a8 dc 00 00 ff 26 01");
  repeated.insert(repeated.end(), code.begin(), code.end());
  EXPECT_EQ(unpacked(Algorithm::kLz77Huffman, repeated, 300), to_vec(as_bytes(abc_100())));
  // Which of equally frequent symbols get the shorter codes is the writer's choice.
  auto ours = packed(Algorithm::kLz77Huffman, as_bytes(abc_100()), 1000);
  ASSERT_TRUE(ours.has_value());
  EXPECT_EQ(ours->size(), repeated.size());
}

// MS-XCA 3.3.
TEST(Lznt1, ExampleOfTheSpecification) {
  ByteVec song = from_hex(
      "38 b0 88 46 23 20 00 20 47 20 41 00 10 a2 47 01 a0 45 20 44 00 08 45 01 50 79 00 c0 45 20 "
      "05 24 13 88 05 b4 02 4a 44 ef 03 58 02 8c 09 16 01 48 45 00 be 00 9e 00 04 01 18 90 00");
  EXPECT_EQ(song.size(), 59u);
  Bytes text{reinterpret_cast<const std::uint8_t*>(kSong), sizeof kSong};
  EXPECT_EQ(unpacked(Algorithm::kLznt1, song, sizeof kSong), to_vec(text));
  EXPECT_LE(packed(Algorithm::kLznt1, text, 1000)->size(), 64u);
}

TEST(Compression, RoundTripsAtEverySizeAroundTheEdges) {
  for (Algorithm algorithm : kAll)
    for (std::size_t size :
         {1,   2,    3,    4,    5,    31,   32,   33,     63,     64,     65,      255,    256,
          300, 4095, 4096, 4097, 8191, 8192, 8193, 65'535, 65'536, 65'537, 131'072, 200'000}) {
      expect_round_trip(algorithm, ByteVec(size, 0));
      expect_round_trip(algorithm, ByteVec(size, 0xFF));
      ByteVec mixed(size);
      std::uint32_t state = 1;
      for (std::size_t i = 0; i < size; ++i) {
        state = state * 1664525 + 1013904223;
        mixed[i] = static_cast<std::uint8_t>(i % 1000 < 500 ? state >> 24 : i / 16);
      }
      expect_round_trip(algorithm, mixed);
      ByteVec noise(size);
      for (auto& octet : noise)
        octet = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
      expect_round_trip(algorithm, noise);
    }
}

// Counts like Fibonacci's numbers make the deepest tree: 25 levels of Huffman's, of which 15 are
// allowed.
TEST(Lz77Huffman, LimitsTheLengthOfItsCodes) {
  ByteVec in;
  std::uint32_t a = 1, b = 1;
  for (std::uint8_t s = 0; s < 22; ++s) {
    in.insert(in.end(), a, static_cast<std::uint8_t>(s * 7));
    std::uint32_t next = a + b;
    a = b, b = next;
  }
  // Spread, so that there are literals and not runs.
  ByteVec spread(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) spread[i * 7919 % in.size()] = in[i];
  expect_round_trip(Algorithm::kLz77Huffman, spread);
}

TEST(Compression, RoundTripsWhatItIsGiven) {
  ASSERT_TRUE(rc::check([](const std::vector<std::vector<std::uint8_t>>& words) {
    // Words said again and again.
    ByteVec in;
    auto order =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 1000));
    for (std::size_t i : order)
      if (!words.empty()) {
        const auto& word = words[i % words.size()];
        in.insert(in.end(), word.begin(), word.end());
      }
    RC_PRE(!in.empty());
    for (Algorithm algorithm : kAll) {
      auto small = packed(algorithm, in, 2 * in.size() + 1024);
      RC_ASSERT(small.has_value());
      auto back = unpacked(algorithm, *small, in.size());
      RC_ASSERT(back.has_value());
      RC_ASSERT(equal(*back, in));
    }
  }));
}

TEST(Compression, GivesUpWithoutRoom) {
  ByteVec noise(10'000);
  std::uint32_t state = 7;
  for (auto& octet : noise)
    octet = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  for (Algorithm algorithm : kAll) {
    EXPECT_EQ(packed(algorithm, noise, noise.size() - 1), std::nullopt);
    EXPECT_EQ(packed(algorithm, noise, 0), std::nullopt);
    for (std::size_t room = 0; room < 400; ++room) {
      auto small = packed(algorithm, as_bytes(abc_100()), room);
      if (small) EXPECT_LE(small->size(), room);
    }
  }
}

TEST(Compression, RefusesAnotherSizeAndCutInput) {
  ByteVec in(9'000);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>(i * i >> 7);
  for (Algorithm algorithm : kAll) {
    auto small = packed(algorithm, in, 20'000);
    ASSERT_TRUE(small.has_value());
    EXPECT_FALSE(unpacked(algorithm, *small, in.size() + 1000).has_value());
    EXPECT_FALSE(unpacked(algorithm, Bytes(*small).first(small->size() / 2), in.size()));
    EXPECT_FALSE(unpacked(algorithm, Bytes{}, 1).has_value());
  }
}

TEST(Compression, RefusesDistancesBeforeTheBeginning) {
  // A first token that is a match.
  EXPECT_FALSE(unpacked(Algorithm::kLz77, from_hex("00 00 00 80 07 00 00"), 10));
  EXPECT_FALSE(unpacked(Algorithm::kLznt1, from_hex("02 b0 01 00 00"), 3));
  // A Huffman code that is not complete.
  ByteVec table(300, 0);
  table[0] = 1;
  EXPECT_FALSE(unpacked(Algorithm::kLz77Huffman, table, 10));
}

TEST(Compression, LooksBeforeItWorks) {
  ByteVec noise(1 << 20);
  std::uint64_t state = 88172645463325252ull;
  for (auto& octet : noise) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    octet = static_cast<std::uint8_t>(state);
  }
  for (Algorithm algorithm : kAll) {
    EXPECT_FALSE(looks_compressible(algorithm, noise));
    EXPECT_TRUE(looks_compressible(algorithm, ByteVec(1 << 20, 3)));
  }
}

TEST(Runs, AreCountedFromBothEnds) {
  for (std::size_t n = 1; n < 70; ++n)
    for (std::size_t rest : {0u, 1u, 9u}) {
      ByteVec data(n, 5);
      for (std::size_t i = 0; i < rest; ++i) data.push_back(6 + i % 2);
      EXPECT_EQ(run_at_front(data), n);
      std::reverse(data.begin(), data.end());
      EXPECT_EQ(run_at_back(data), n);
    }
  EXPECT_EQ(run_at_front({}), 0u);
  EXPECT_EQ(run_at_back({}), 0u);
}

}  // namespace
}  // namespace holdfast::compression
