// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/segment.h"

#include <gtest/gtest.h>

namespace holdfast::platform {
namespace {

using ports::Endpoint;
using ports::TcpConnection;

const TcpConnection kV4{Endpoint::v4(192, 0, 2, 1, 445), Endpoint::v4(198, 51, 100, 7, 50'000)};

TcpConnection v6() {
  TcpConnection c;
  c.local.address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  c.peer.address = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  c.local.port = 445;
  c.peer.port = 50'001;
  return c;
}

TEST(InternetChecksum, IsThatOfRfc1071) {
  // The example of RFC 1071 3: 0001 f203 f4f5 f6f7 sums up to ddf2.
  const std::uint8_t octets[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(internet_sum(octets), 0xddf2u);
  EXPECT_EQ(internet_checksum(internet_sum(octets)), 0x220d);
  EXPECT_EQ(internet_sum(Bytes(octets).first(3)), 0x0001u + 0xf200u);
  EXPECT_EQ(internet_sum({}), 0u);
}

TEST(TickleSegment, V4HeaderIsAsRfc791Says) {
  ByteVec packet = tickle_segment(kV4, 0x55555555);
  ASSERT_EQ(packet.size(), 40u);
  const std::uint8_t ip[] = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6};
  EXPECT_TRUE(equal(Bytes(packet).first(10), ip));
  const std::uint8_t addresses[] = {192, 0, 2, 1, 198, 51, 100, 7};
  EXPECT_TRUE(equal(Bytes(packet).subspan(12, 8), addresses));
  // A header with its right checksum sums up to ffff.
  EXPECT_EQ(internet_sum(Bytes(packet).first(20)), 0xFFFFu);
}

TEST(TickleSegment, TcpHeaderIsAnAckWithItsChecksum) {
  ByteVec packet = tickle_segment(kV4, 0x55555555);
  const std::uint8_t tcp[] = {445 >> 8, 445 & 0xFF, 50'000 >> 8, 50'000 & 0xFF, 0x55, 0x55,
                              0x55,     0x55,       0x55,        0x55,          0x55, 0x55,
                              0x50,     0x10,       1'234 >> 8,  1'234 & 0xFF};
  EXPECT_TRUE(equal(Bytes(packet).subspan(20, 16), tcp));
  const std::uint8_t pseudo[] = {192, 0, 2, 1, 198, 51, 100, 7, 0, 6, 0, 20};
  EXPECT_EQ(internet_sum(Bytes(packet).subspan(20), internet_sum(pseudo)), 0xFFFFu);
}

TEST(TickleSegment, V6HeaderIsAsRfc8200Says) {
  TcpConnection c = v6();
  ByteVec packet = tickle_segment(c, 0);
  ASSERT_EQ(packet.size(), 60u);
  const std::uint8_t ip[] = {0x60, 0, 0, 0, 0, 20, 6, 64};
  EXPECT_TRUE(equal(Bytes(packet).first(8), ip));
  EXPECT_TRUE(equal(Bytes(packet).subspan(8, 16), c.local.address));
  EXPECT_TRUE(equal(Bytes(packet).subspan(24, 16), c.peer.address));
  const std::uint8_t rest[] = {0, 0, 0, 20, 0, 0, 0, 6};
  std::uint32_t sum = internet_sum(rest, internet_sum(Bytes(packet).subspan(8, 32)));
  EXPECT_EQ(internet_sum(Bytes(packet).subspan(40), sum), 0xFFFFu);
}

TEST(TickleSegment, OfTwoFamiliesThereIsNone) {
  EXPECT_TRUE(tickle_segment({kV4.local, v6().peer}, 0).empty());
  EXPECT_TRUE(tickle_segment({v6().local, kV4.peer}, 0).empty());
}

}  // namespace
}  // namespace holdfast::platform
