// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "platform/address/announcement.h"
#include "platform/address/choose.h"
#include "platform/address/netlink_addresses.h"
#include "platform/address/test_network.h"

namespace holdfast::platform {
namespace {

using ports::Endpoint;
using ports::MovingAddress;
using testing::Inside;
using testing::moving_address;
using testing::run_in;
using testing::TestConnection;
using testing::TestNetwork;

Endpoint v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return Endpoint::v4(a, b, c, d, 0);
}

TEST(ChooseInterface, TakesTheLongestNetworkAroundTheAddress) {
  std::vector<ConfiguredAddress> all = {{"lo", v4(127, 0, 0, 1), 8},
                                        {"wide", v4(10, 0, 0, 1), 8},
                                        {"near", v4(10, 94, 0, 1), 23},
                                        {"other", v4(10, 94, 2, 1), 24},
                                        {"six", moving_address(false), 64}};
  EXPECT_EQ(choose_interface(all, v4(10, 94, 1, 200)), "near");
  EXPECT_EQ(choose_interface(all, v4(10, 94, 2, 200)), "other");
  EXPECT_EQ(choose_interface(all, v4(10, 95, 0, 1)), "wide");
  EXPECT_EQ(choose_interface(all, v4(192, 0, 2, 1)), std::nullopt);
  Endpoint neighbour = moving_address(false);
  neighbour.address[15] = 9;
  EXPECT_EQ(choose_interface(all, neighbour), "six");
  neighbour.address[7] = 1;
  EXPECT_EQ(choose_interface(all, neighbour), std::nullopt);
}

TEST(ChooseInterface, AnAddressThatIsThereIsWhereItIs) {
  std::vector<ConfiguredAddress> all = {{"near", v4(10, 94, 0, 1), 24},
                                        {"has", v4(10, 94, 0, 100), 32}};
  EXPECT_EQ(choose_interface(all, v4(10, 94, 0, 100)), "has");
  // Nothing else is in the network of an address that stands alone, or of one without a prefix.
  EXPECT_EQ(choose_interface({{"has", v4(10, 94, 0, 100), 32}}, v4(10, 94, 0, 101)), std::nullopt);
  EXPECT_EQ(choose_interface({{"ppp", v4(10, 0, 0, 1), 0}}, v4(10, 94, 0, 101)), std::nullopt);
}

const MacAddress kMac = {2, 0, 0, 0, 0, 7};

TEST(Announcement, IsAnArpPacketAsRfc826Says) {
  const std::uint8_t request[] = {0,  1,  8, 0,   6, 4, 0, 1, 2, 0, 0,  0,  0, 7,
                                  10, 94, 0, 100, 0, 0, 0, 0, 0, 0, 10, 94, 0, 100};
  EXPECT_TRUE(equal(arp_announcement(moving_address(true), kMac, ArpOperation::kRequest), request));
  ByteVec reply = arp_announcement(moving_address(true), kMac, ArpOperation::kReply);
  EXPECT_EQ(reply[7], 2);
  EXPECT_TRUE(equal(Bytes(reply).subspan(18, 6), kMac));
}

TEST(Announcement, IsANeighbourAdvertisementAsRfc4861Says) {
  ByteVec packet = neighbour_advertisement(moving_address(false), kMac);
  ASSERT_EQ(packet.size(), 32u);
  const std::uint8_t head[] = {136, 0, 0, 0, 0x20, 0, 0, 0};
  EXPECT_TRUE(equal(Bytes(packet).first(8), head));
  EXPECT_TRUE(equal(Bytes(packet).subspan(8, 16), moving_address(false).address));
  const std::uint8_t option[] = {2, 1, 2, 0, 0, 0, 0, 7};
  EXPECT_TRUE(equal(Bytes(packet).subspan(24), option));
}

/// In namespaces, once for each family.
class NetlinkAddressesTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string why;
    net_ = TestNetwork::make(why);
    if (!net_) GTEST_SKIP() << why;
  }
  std::expected<ports::AddressHolder::Held, std::string> take(int server) {
    Inside inside(net_->server(server));
    return addresses_.take(wanted_);
  }
  bool has_address(int server) const {
    return run_in(net_->server(server),
                  "ip -o addr show dev eth0 | grep -qw " + wanted_.address.address_string());
  }
  /// The client's cache knows the address at the server's eth0.
  bool client_knows(int server) {
    return run_in(net_->server(server), "cat /sys/class/net/eth0/address >/dev/null") &&
           run_in(net_->client(), "ip neigh show to " + wanted_.address.address_string() +
                                      " | grep -q \"$(" + mac_command(server) + ")\"");
  }
  std::string mac_command(int server) {
    return "nsenter --net=" + net_->server(server).path() +
           " ip -o link show dev eth0 | sed 's/.*link.ether \\([0-9a-f:]*\\).*/\\1/'";
  }
  NetlinkAddresses addresses_;
  std::optional<TestNetwork> net_;
  MovingAddress wanted_{moving_address(GetParam()), 0, ""};
};

TEST_P(NetlinkAddressesTest, TakesAndReleasesOnTheInterfaceOfItsNetwork) {
  auto held = take(0);
  ASSERT_TRUE(held) << held.error();
  EXPECT_EQ(held->interface, "eth0");
  EXPECT_EQ(held->prefix_length, GetParam() ? 32u : 128u);
  EXPECT_FALSE(held->was_there);
  EXPECT_TRUE(has_address(0));
  // At once, without a wait for duplicates.
  EXPECT_TRUE(
      TestConnection::make(net_->client(), net_->server(0), moving_address(GetParam(), 4'450))
          .server.valid());
  held = take(0);
  ASSERT_TRUE(held) << held.error();
  EXPECT_TRUE(held->was_there);
  Inside inside(net_->server(0));
  EXPECT_TRUE(addresses_.release(wanted_));
  EXPECT_FALSE(has_address(0));
  EXPECT_TRUE(addresses_.release(wanted_));
}

TEST_P(NetlinkAddressesTest, TakesPrefixAndInterfaceAsNamed) {
  wanted_.prefix_length = GetParam() ? 24 : 64;
  wanted_.interface = "lo";
  auto held = take(0);
  ASSERT_TRUE(held) << held.error();
  EXPECT_EQ(held->interface, "lo");
  EXPECT_EQ(held->prefix_length, GetParam() ? 24u : 64u);
  Inside inside(net_->server(0));
  // Nothing to announce there, and no error.
  auto announced = addresses_.announce(wanted_);
  EXPECT_TRUE(announced) << announced.error();
  EXPECT_TRUE(addresses_.release(wanted_));
}

TEST_P(NetlinkAddressesTest, SaysWhatIsWrong) {
  wanted_.interface = "nowhere0";
  EXPECT_EQ(take(0).error(), "there is no network interface nowhere0");
  wanted_.interface = "";
  wanted_.prefix_length = 129;
  EXPECT_FALSE(take(0));
  wanted_ = {moving_address(GetParam()), 0, ""};
  wanted_.address.address[GetParam() ? 12 : 0] = 0x20;
  EXPECT_EQ(take(0).error().substr(0, 20), "no network interface");
}

TEST_P(NetlinkAddressesTest, AnAnnouncementMovesTheAddressInTheNeighboursCache) {
  ASSERT_TRUE(take(0));
  auto before =
      TestConnection::make(net_->client(), net_->server(0), moving_address(GetParam(), 4'450));
  ASSERT_TRUE(before.server.valid());
  EXPECT_TRUE(client_knows(0));
  ASSERT_TRUE(net_->cut(0));
  ASSERT_TRUE(take(1));
  // Else the test shows nothing.
  EXPECT_TRUE(client_knows(0));
  EXPECT_FALSE(client_knows(1));
  {
    Inside inside(net_->server(1));
    auto announced = addresses_.announce(wanted_);
    ASSERT_TRUE(announced) << announced.error();
  }
  // It was delivered before announce returned: veth and bridge have no queue here. Were it not, a
  // second one would not help.
  for (int i = 0; i < 50 && !client_knows(1); ++i) ::poll(nullptr, 0, 10);
  EXPECT_TRUE(client_knows(1));
  EXPECT_TRUE(
      TestConnection::make(net_->client(), net_->server(1), moving_address(GetParam(), 4'450))
          .server.valid());
}

INSTANTIATE_TEST_SUITE_P(Families, NetlinkAddressesTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "IPv4" : "IPv6"; });

}  // namespace
}  // namespace holdfast::platform
