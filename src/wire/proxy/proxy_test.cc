// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/failover_limits.h"
#include "wire/proxy/address_text.h"
#include "wire/proxy/proxy_header.h"

namespace holdfast::wire::proxy {
namespace {

Parsed parse(std::string_view text) { return parse_proxy_header(as_bytes(text)); }

Address v4(std::uint8_t last, std::uint16_t port) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, last}, port};
}
Address v6(std::uint8_t last, std::uint16_t port) {
  return {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last}, port};
}

ByteVec v2_header(std::uint8_t command, std::uint8_t family, const ByteVec& body) {
  ByteVec out = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
  out.push_back(command);
  out.push_back(family);
  out.push_back(static_cast<std::uint8_t>(body.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(body.size()));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

TEST(ProxyVersion1, Ipv4) {
  Parsed p = parse("PROXY TCP4 192.0.2.1 192.0.2.2 56324 445\r\nmore");
  ASSERT_EQ(p.progress, Progress::kComplete) << p.error;
  EXPECT_EQ(p.size, 42u);
  EXPECT_EQ(p.header, (Header{1, true, v4(1, 56'324), v4(2, 445)}));
}

TEST(ProxyVersion1, Ipv6) {
  Parsed p = parse("PROXY TCP6 2001:db8::1 2001:0DB8:0:0:0:0:0:2 65535 0\r\n");
  ASSERT_EQ(p.progress, Progress::kComplete) << p.error;
  EXPECT_EQ(p.header, (Header{1, true, v6(1, 65'535), v6(2, 0)}));
  // As nginx writes a client of IPv4 on a socket for both.
  p = parse("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n");
  ASSERT_EQ(p.progress, Progress::kComplete) << p.error;
  EXPECT_EQ(p.header, (Header{1, true, v4(1, 1), v4(2, 2)}));
}

TEST(ProxyVersion1, UnknownSaysNothingWhateverFollows) {
  for (auto text : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 junk 65535 \r\n"}) {
    Parsed p = parse(text);
    EXPECT_EQ(p.progress, Progress::kComplete);
    EXPECT_EQ(p.header, Header{});
    EXPECT_EQ(p.size, std::string_view(text).size());
  }
}

TEST(ProxyVersion1, EveryPartOfItIsIncomplete) {
  std::string_view whole = "PROXY TCP4 192.0.2.1 192.0.2.2 56324 445\r\n";
  for (std::size_t i = 0; i < whole.size(); ++i)
    EXPECT_EQ(parse(whole.substr(0, i)).progress, Progress::kIncomplete) << i;
  // The longest line that the specification allows.
  std::string longest = "PROXY UNKNOWN " + std::string(107 - 16, 'f') + "\r\n";
  EXPECT_EQ(parse(longest).progress, Progress::kComplete);
  longest.insert(20, "f");
  EXPECT_EQ(parse(longest).progress, Progress::kMalformed);
}

TEST(ProxyVersion1, WhatIsMalformedIsRefused) {
  for (auto text :
       {"GET / HTTP/1.1\r\n", "PROXX", "proxy tcp4", "PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n", "PROXY TCP4 1.1.1.256 1.1.1.1 1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n", "PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n",
        "PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 ::1 ::1 1 1\r\n",
        "PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP6 1::2::3 ::1 1 1\r\n", "PROXY \r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 -1 +1\r\n"}) {
    Parsed p = parse(text);
    EXPECT_EQ(p.progress, Progress::kMalformed) << text;
    EXPECT_FALSE(p.error.empty());
  }
  EXPECT_EQ(parse(std::string(200, 'P')).progress, Progress::kMalformed);
  // The first octets of SMB over TCP.
  EXPECT_EQ(parse(std::string_view("\0\0\0\x44\xfeSMB", 8)).progress, Progress::kMalformed);
}

TEST(ProxyAddressText, FollowsRfc4291) {
  for (auto text : {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "1:2:3::7:8",
                    "::1.2.3.4", "1:2:3:4:5:6:7::"})
    EXPECT_TRUE(parse_v6(text)) << text;
  for (auto text : {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4::5:6:7:8",
                    "12345::", "g::", "1.2.3.4", "1.2.3.4::", ":1:2:3:4:5:6:7:8",
                    "1::2:", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", " ::1", "::1%eth0"})
    EXPECT_FALSE(parse_v6(text)) << text;
  for (auto text : {"", ".", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.04",
                    "1.2.3.x", "1.2.3.1000"})
    EXPECT_FALSE(parse_v4(text)) << text;
}

TEST(ProxyVersion2, BothFamilies) {
  ByteVec body = {192, 0, 2, 1, 192, 0, 2, 2, 0xDC, 0x04, 0x01, 0xBD};
  ByteVec octets = v2_header(0x21, 0x11, body);
  Parsed p = parse_proxy_header(octets);
  ASSERT_EQ(p.progress, Progress::kComplete) << p.error;
  EXPECT_EQ(p.size, 28u);
  Header wanted{2, true, v4(1, 56'324), v4(2, 445)};
  EXPECT_EQ(p.header, wanted);
  EXPECT_EQ(encode_v2(wanted), octets);
  for (std::size_t i = 0; i < octets.size(); ++i)
    EXPECT_EQ(parse_proxy_header(Bytes(octets).first(i)).progress, Progress::kIncomplete) << i;

  wanted.source = v6(1, 1), wanted.destination = v6(2, 2);
  octets = encode_v2(wanted);
  EXPECT_EQ(octets.size(), 16u + 36);
  EXPECT_EQ(octets[13], 0x21);
  EXPECT_EQ(parse_proxy_header(octets).header, wanted);
}

TEST(ProxyVersion2, WhatFollowsTheAddressesIsSkipped) {
  Header wanted{2, true, v4(1, 1), v4(2, 445)};
  ByteVec tlvs = {0x04, 0, 3, 0, 0, 0, 0xEA, 0, 2, 'x', 'y'};
  ByteVec octets = encode_v2(wanted, tlvs);
  octets.push_back(0xFE);
  Parsed p = parse_proxy_header(octets);
  EXPECT_EQ(p.header, wanted);
  EXPECT_EQ(p.size, octets.size() - 1);
}

TEST(ProxyVersion2, WithoutAnAddressTheConnectionSpeaksForItself) {
  for (const ByteVec& octets :
       {v2_header(0x20, 0x11, {192, 0, 2, 1, 192, 0, 2, 2, 0, 1, 0, 2}),  // LOCAL
        v2_header(0x20, 0x00, {}), v2_header(0x21, 0x00, {1, 2, 3}),
        v2_header(0x21, 0x31, ByteVec(216, 'u'))}) {
    Parsed p = parse_proxy_header(octets);
    EXPECT_EQ(p.progress, Progress::kComplete) << p.error;
    EXPECT_FALSE(p.header.has_addresses);
    EXPECT_EQ(p.size, octets.size());
  }
}

TEST(ProxyVersion2, WhatIsMalformedIsRefused) {
  ByteVec body = {192, 0, 2, 1, 192, 0, 2, 2, 0xDC, 0x04, 0x01, 0xBD};
  ByteVec short_body(body.begin(), body.end() - 1);
  for (const ByteVec& octets :
       {v2_header(0x11, 0x11, body), v2_header(0x31, 0x11, body), v2_header(0x22, 0x11, body),
        v2_header(0x21, 0x12, body), v2_header(0x21, 0x13, body), v2_header(0x21, 0x41, body),
        v2_header(0x21, 0x11, short_body), v2_header(0x21, 0x21, body),
        v2_header(0x21, 0x31, ByteVec(215, 'u')),
        v2_header(0x21, 0x11, ByteVec(limits::kMaxProxyHeader - 15, 0))})
    EXPECT_EQ(parse_proxy_header(octets).progress, Progress::kMalformed);
  // Known by its length, before that has come.
  ByteVec long_one = v2_header(0x21, 0x11, ByteVec(limits::kMaxProxyHeader, 0));
  EXPECT_EQ(parse_proxy_header(Bytes(long_one).first(16)).progress, Progress::kMalformed);
  ByteVec longest = v2_header(0x21, 0x11, ByteVec(limits::kMaxProxyHeader - 16, 0));
  EXPECT_EQ(parse_proxy_header(longest).progress, Progress::kComplete);
}

TEST(ProxyHeader, IsEncodedAsItIsParsed) {
  for (const Header& h :
       {Header{1, true, v4(1, 1), v4(2, 445)}, Header{1, true, v6(1, 1), v6(2, 2)},
        Header{1, true, v4(1, 1), v6(2, 2)}, Header{1, false, {}, {}}}) {
    std::string text = encode_v1(h);
    EXPECT_LE(text.size(), limits::kMaxProxyHeaderV1);
    EXPECT_EQ(parse(text).header, h) << text;
    Header second = h;
    second.version = 2;
    EXPECT_EQ(parse_proxy_header(encode_v2(second)).header, second);
  }
}

}  // namespace
}  // namespace holdfast::wire::proxy
