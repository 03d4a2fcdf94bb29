// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wire/printer.h"

namespace holdfast::wire {
namespace {

/// One of everything that has an offset.
struct Sample {
  std::uint8_t kind = 0;
  Bytes first;
  Bytes second;
  Bytes title;

  void describe(this auto& self, auto& v) {
    auto a = v.region();
    auto b = v.region();
    auto c = v.region();
    v.structure_size(17);
    v.field(HF_FIELD(kind));
    v.reserved(1);
    v.offset16(a);
    v.length16(a);
    v.offset16(b);
    v.length16(b);
    v.offset16(c);
    v.length16(c);
    v.data(a, HF_FIELD(first));
    v.optional_data(b, HF_FIELD(second), 8);
    v.name(c, HF_FIELD(title));
  }
};
constexpr std::size_t wire_begin(const Sample*) { return 0; }

struct Numbers {
  std::vector<std::uint32_t> numbers;

  void describe(this auto& self, auto& v) {
    auto list = v.region();
    v.count32(list);
    v.list(list, HF_FIELD(numbers), 3);
  }
};
constexpr std::size_t wire_begin(const Numbers*) { return 0; }

template <class T>
ByteVec encoded(const T& message) {
  Buffer buffer;
  Writer writer(buffer);
  encode_described(message, writer);
  return to_vec(buffer.view());
}

TEST(Codec, OffsetsCountFromTheBeginAndEmptyBuffersDiffer) {
  const ByteVec abc = {'a', 'b', 'c'};
  const ByteVec de = {'d', 'e'};
  Sample sample;
  sample.kind = 7;
  sample.first = abc;
  sample.second = de;
  EXPECT_EQ(encoded(sample), (ByteVec{17, 0, 7, 0,   16,  0,   3, 0, 24, 0, 2, 0,   26,
                                      0,  0, 0, 'a', 'b', 'c', 0, 0, 0,  0, 0, 'd', 'e'}));
  sample.first = {};
  sample.second = {};
  // No buffer at all: the odd octet, an offset for data and name, none for optional_data.
  EXPECT_EQ(encoded(sample), (ByteVec{17, 0, 7, 0, 16, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0}));
}

TEST(Codec, AStructureBehindOthersCountsFromItsOwnBegin) {
  const ByteVec abc = {'a', 'b', 'c'};
  Sample sample;
  sample.second = abc;
  Buffer buffer;
  Writer writer(buffer);
  writer.zeros(3);
  encode_described(sample, writer);
  EXPECT_EQ(to_vec(buffer.view().subspan(3)), encoded(sample));
}

TEST(Codec, BuffersInsideTheFixedPartAndOddNamesAreMalformed) {
  ByteVec octets = {17, 0, 7, 0, 16, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'a', 'b'};
  Sample sample;
  ASSERT_TRUE(decode_described(octets, sample));
  EXPECT_EQ(as_text(sample.first), "ab");
  octets[4] = 15;
  EXPECT_FALSE(decode_described(octets, sample));
  octets[4] = 17;  // one octet behind the end
  EXPECT_FALSE(decode_described(octets, sample));
  octets[6] = 0;  // an empty buffer is empty wherever it points
  octets[4] = 0xFF;
  EXPECT_TRUE(decode_described(octets, sample));
  octets[12] = 16;
  octets[14] = 1;  // a name of one octet
  EXPECT_FALSE(decode_described(octets, sample));
  octets[14] = 2;
  EXPECT_TRUE(decode_described(octets, sample));
}

TEST(Codec, ListsAreBoundedByTheirLimitAndByWhatIsThere) {
  Numbers numbers;
  ByteVec octets = {3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0};
  ASSERT_TRUE(decode_described(octets, numbers));
  EXPECT_EQ(numbers.numbers, (std::vector<std::uint32_t>{1, 2, 3}));
  octets.insert(octets.end(), {4, 0, 0, 0});
  octets[0] = 4;
  EXPECT_FALSE(decode_described(octets, numbers));
  const ByteVec promised = {0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0};
  EXPECT_FALSE(decode_described(promised, numbers));
  EXPECT_TRUE(numbers.numbers.empty());
}

TEST(Codec, DecodingAgainStartsFromDefaults) {
  Numbers numbers;
  ASSERT_TRUE(decode_described(ByteVec{1, 0, 0, 0, 9, 0, 0, 0}, numbers));
  ASSERT_TRUE(decode_described(ByteVec{0, 0, 0, 0}, numbers));
  EXPECT_TRUE(numbers.numbers.empty());
}

TEST(Printer, ShowsNamesButNoBuffers) {
  const ByteVec secret = {'s', 'e', 'c', 'r', 'e', 't'};
  const ByteVec title = {'a', 0, '\n', 0, '"', 0};
  Sample sample;
  sample.kind = 200;
  sample.first = secret;
  sample.title = title;
  EXPECT_EQ(print_described(sample, "Sample"),
            "Sample{kind=0xc8 first=<6> second=<0> title=\"a\\x0a\\x22\"}");
}

TEST(Printer, Lists) {
  Numbers numbers;
  numbers.numbers = {1, 16};
  EXPECT_EQ(print_described(numbers, "Numbers"), "Numbers{numbers=[1 0x10]}");
}

}  // namespace
}  // namespace holdfast::wire
