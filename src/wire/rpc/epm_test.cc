// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc/epm.h"

#include <gtest/gtest.h>

namespace holdfast::wire::rpc::epm {
namespace {

ByteVec hex(std::string_view text) {
  ByteVec out;
  int high = -1;
  for (char c : text) {
    if (c == ' ') continue;
    int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::uint8_t>(high * 16 + digit));
      high = -1;
    }
  }
  return out;
}

Tower some_tower() {
  return {{make_uuid("ccd8c074-d0e5-4a40-92b4-d074faa6ba28"), 1, 1},
          kNdr32,
          0x0B,
          0x07,
          4451,
          {192, 0, 2, 1}};
}

// C706 appendix L: five floors, each with its two halves behind their lengths; the port is
// big-endian.
const char* const kSomeTower =
    "0500 1300 0d 74c0d8cc e5d0 404a 92b4d074faa6ba28 0100 0200 0100"
    "1300 0d 045d888a eb1c c911 9fe808002b104860 0200 0200 0000"
    "0100 0b 0200 0000 0100 07 0200 1163 0100 09 0400 c0000201";

TEST(Epm, TowersAreAsTheSpecificationLaysThemOut) {
  EXPECT_EQ(encode_tower(some_tower()), hex(kSomeTower));
  auto tower = decode_tower(hex(kSomeTower));
  ASSERT_TRUE(tower);
  EXPECT_EQ(*tower, some_tower());
  EXPECT_TRUE(tower->is_tcp());
}

TEST(Epm, TowersOfOtherProtocolsAreNotOfTcp) {
  // ncacn_np: the fourth floor is a pipe's name, the fifth a NetBIOS name.
  auto tower =
      decode_tower(hex("0500 1300 0d 74c0d8cc e5d0 404a 92b4d074faa6ba28 0100 0200 0100"
                       "1300 0d 045d888a eb1c c911 9fe808002b104860 0200 0200 0000"
                       "0100 0b 0200 0000 0100 0f 0100 00 0100 11 0100 00"));
  ASSERT_TRUE(tower);
  EXPECT_FALSE(tower->is_tcp());
}

TEST(Epm, MalformedTowersAreRefused) {
  const ByteVec whole = hex(kSomeTower);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_tower(Bytes(whole).first(size))) << size;
  ByteVec seven = whole;
  seven[0] = 7;
  EXPECT_FALSE(decode_tower(seven));
  ByteVec two = whole;
  two[0] = 2;
  EXPECT_FALSE(decode_tower(two));
}

template <class T>
void round_trip(const T& value, void (*encode)(const T&, Buffer&), bool (*decode)(Bytes, T&)) {
  Buffer stub;
  encode(value, stub);
  T again;
  ASSERT_TRUE(decode(stub.view(), again));
  EXPECT_EQ(again, value);
  for (std::size_t size = 0; size < stub.size(); ++size)
    EXPECT_FALSE(decode(stub.view().first(size), again)) << size;
}

TEST(Epm, StubsMakeTheRoundTripAndTruncatedOnesDoNot) {
  MapRequest map{Guid(), encode_tower(some_tower()), {}, 4};
  map.handle[7] = 9;
  round_trip(map, encode_map_request, decode_map_request);
  MapResponse mapped{map.handle, 4, {map.tower, map.tower}, error::kOk};
  round_trip(mapped, encode_map_response, decode_map_response);
  LookupRequest lookup{Inquiry::kByInterface, std::nullopt, some_tower().interface,
                       Versions::kCompatible, map.handle,   10};
  round_trip(lookup, encode_lookup_request, decode_lookup_request);
  LookupResponse found{map.handle, 10, {{Guid(), map.tower, "one"}, {Guid(), map.tower, ""}}, 0};
  round_trip(found, encode_lookup_response, decode_lookup_response);
}

TEST(Epm, CountsThatContradictEachOtherAreRefused) {
  Buffer stub;
  encode_map_request({std::nullopt, encode_tower(some_tower()), {}, 1}, stub);
  ByteVec octets = to_vec(stub.view());
  MapRequest request;
  ASSERT_TRUE(decode_map_request(octets, request));
  octets[12] ^= 1;  // tower_length, which is the conformance too
  EXPECT_FALSE(decode_map_request(octets, request));
}

}  // namespace
}  // namespace holdfast::wire::rpc::epm
