// SPDX-License-Identifier: Apache-2.0
#include "core/connection/channel_addresses.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

using ports::Endpoint, ports::NetworkAddress;

Endpoint v6(std::uint8_t first, std::uint8_t second, std::uint8_t last) {
  Endpoint e;
  e.address[0] = first;
  e.address[1] = second;
  e.address[15] = last;
  return e;
}

const Endpoint kLan = Endpoint::v4(192, 0, 2, 1, 0);
const Endpoint kStorage = Endpoint::v4(10, 0, 0, 1, 0);
const Endpoint kLoopback = Endpoint::v4(127, 0, 0, 1, 0);
const Endpoint kGlobal6 = v6(0x20, 0x01, 1);
const Endpoint kLink6 = v6(0xFE, 0x80, 1);
const Endpoint kLoopback6 = v6(0, 0, 1);

std::vector<Endpoint> told(const std::vector<Endpoint>& listening, Endpoint local) {
  std::vector<NetworkAddress> machine;
  for (const Endpoint& e : {kLoopback, kLoopback6, kLan, kStorage, kGlobal6, kLink6})
    machine.push_back({e, 1, 1'000'000'000, false});
  std::vector<Endpoint> out;
  for (const NetworkAddress& a : channel_addresses(machine, listening, local))
    out.push_back(a.address);
  return out;
}

Endpoint at(Endpoint e, std::uint16_t port) {
  e.port = port;
  return e;
}

TEST(ChannelAddresses, OnlyWhatMeansTheSameToTheClient) {
  std::vector<Endpoint> all = {at({}, 445)};
  EXPECT_EQ(told(all, at(kLan, 445)), (std::vector{kLan, kStorage, kGlobal6}));
  EXPECT_EQ(told(all, at(kLoopback, 445)),
            (std::vector{kLoopback, kLoopback6, kLan, kStorage, kGlobal6}));
  EXPECT_EQ(told(all, at(kLink6, 445)), (std::vector{kLan, kStorage, kGlobal6, kLink6}));
}

TEST(ChannelAddresses, OnlyWhatIsListenedOnAtThePortOfTheClient) {
  EXPECT_EQ(told({at(Endpoint::v4(0, 0, 0, 0, 0), 445)}, at(kLan, 445)),
            (std::vector{kLan, kStorage}));
  EXPECT_EQ(told({at(kLan, 445), at(kStorage, 4450)}, at(kLan, 445)), std::vector{kLan});
  EXPECT_TRUE(told({}, at(kLan, 445)).empty());
}

TEST(ChannelAddresses, EachOnce) {
  NetworkAddress a{kLan, 1, 1, false};
  EXPECT_EQ(channel_addresses({a, a}, {at({}, 445)}, at(kLan, 445)).size(), 1u);
}

}  // namespace
}  // namespace holdfast::core
