// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/heard_segment.h"

#include <gtest/gtest.h>

namespace holdfast::platform {
namespace {

using ports::Endpoint;

const ports::TcpConnection kConnection{Endpoint::v4(192, 0, 2, 1, 445),
                                       Endpoint::v4(198, 51, 100, 7, 50'000)};
constexpr std::size_t kV4 = 20;

TEST(HeardSegment, IsWhatWasSent) {
  ByteVec packet = ack_segment(
      kConnection, {0x01020304, 0x05060708, 0x1122, TcpTimestamps{0x0A0B0C0D, 0x0E0F1011}});
  HeardSegment wanted{445,   50'000, 0x01020304, 0x05060708, false,
                      false, true,   0x1122,     0,          TcpTimestamps{0x0A0B0C0D, 0x0E0F1011}};
  EXPECT_EQ(parse_v4_packet(packet, packet.size()), wanted);
  EXPECT_EQ(parse_segment(Bytes(packet).subspan(kV4), packet.size() - kV4), wanted);
}

TEST(HeardSegment, WithoutTimestampsHasNone) {
  ByteVec packet = tickle_segment(kConnection, 7);
  auto heard = parse_v4_packet(packet, packet.size());
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->sequence, 7u);
  EXPECT_FALSE(heard->timestamps);
}

TEST(HeardSegment, DataIsCountedWithoutBeingThere) {
  ByteVec packet = tickle_segment(kConnection, 7);
  auto heard = parse_v4_packet(packet, packet.size() + 1'400);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->payload_octets, 1'400u);
}

TEST(HeardSegment, FlagsAreTold) {
  ByteVec packet = tickle_segment(kConnection, 7);
  packet[kV4 + 13] = 0x02;
  EXPECT_TRUE(parse_v4_packet(packet, packet.size())->syn);
  packet[kV4 + 13] = 0x14;
  EXPECT_TRUE(parse_v4_packet(packet, packet.size())->rst);
  EXPECT_TRUE(parse_v4_packet(packet, packet.size())->ack);
}

TEST(HeardSegment, AHeaderThatIsNotAllThereIsNone) {
  ByteVec packet = ack_segment(kConnection, {1, 2, 3, TcpTimestamps{4, 5}});
  for (std::size_t n = 0; n < packet.size(); ++n) {
    EXPECT_FALSE(parse_v4_packet(Bytes(packet).first(n), packet.size())) << n;
    EXPECT_FALSE(parse_v4_packet(Bytes(packet).first(n), n)) << n;
  }
}

TEST(HeardSegment, AHeaderThatContradictsItselfIsNone) {
  const ByteVec good = tickle_segment(kConnection, 7);
  ByteVec short_tcp = good, short_ip = good, v6 = good;
  short_tcp[kV4 + 12] = 0x40;
  short_ip[0] = 0x44;
  v6[0] = 0x65;
  for (const ByteVec* packet : {&short_tcp, &short_ip, &v6})
    EXPECT_FALSE(parse_v4_packet(*packet, packet->size()));
}

TEST(HeardSegment, OptionsAreReadToTheirEndAndNoFurther) {
  ByteVec packet = ack_segment(kConnection, {1, 2, 3, TcpTimestamps{4, 5}});
  std::uint8_t* options = packet.data() + kV4 + 20;
  auto timestamps = [&] { return parse_v4_packet(packet, packet.size())->timestamps; };
  options[0] = 0;  // The end of the list.
  EXPECT_FALSE(timestamps());
  options[0] = 254, options[1] = 0;  // A size that would not move on.
  EXPECT_FALSE(timestamps());
  options[1] = 2;  // An unknown one of no content.
  EXPECT_EQ(timestamps(), (TcpTimestamps{4, 5}));
  options[1] = 40;  // Past the end.
  EXPECT_FALSE(timestamps());
  options[0] = options[1] = 1, options[3] = 6;  // Not the size of timestamps.
  EXPECT_FALSE(timestamps());
}

}  // namespace
}  // namespace holdfast::platform
