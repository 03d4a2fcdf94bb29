// SPDX-License-Identifier: Apache-2.0
#include "platform/interfaces/system_interfaces.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace holdfast::platform {
namespace {

class SysfsTree {
 public:
  SysfsTree() {
    char name[] = "/tmp/hf-sysfs-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  ~SysfsTree() { std::filesystem::remove_all(root_); }
  std::string root() const { return root_; }
  void interface(const std::string& name, const std::string& speed, int queues) {
    for (int i = 0; i < queues; ++i)
      std::filesystem::create_directories(root_ + "/" + name + "/queues/rx-" + std::to_string(i));
    std::filesystem::create_directories(root_ + "/" + name + "/queues/tx-0");
    std::ofstream(root_ + "/" + name + "/speed") << speed;
  }

 private:
  std::string root_;
};

TEST(SystemInterfaces, SpeedAndQueuesComeFromSysfs) {
  SysfsTree tree;
  tree.interface("fast", "25000\n", 8);
  tree.interface("plain", "1000\n", 1);
  tree.interface("virtual", "-1\n", 1);
  SystemInterfaces interfaces(tree.root());
  EXPECT_EQ(interfaces.speed_of("fast"), 25'000'000'000u);
  EXPECT_TRUE(interfaces.has_rss("fast"));
  EXPECT_FALSE(interfaces.has_rss("plain"));
  EXPECT_EQ(interfaces.speed_of("virtual"), 1'000'000'000u);
  EXPECT_EQ(interfaces.speed_of("missing"), 1'000'000'000u);
  EXPECT_FALSE(interfaces.has_rss("missing"));
}

TEST(SystemInterfaces, TellsOfTheLoopback) {
  SystemInterfaces interfaces;
  auto all = interfaces.addresses();
  bool loopback = std::ranges::any_of(all, [](const ports::NetworkAddress& a) {
    return a.address == ports::Endpoint::v4(127, 0, 0, 1, 0) && a.interface_index != 0;
  });
  if (all.empty()) GTEST_SKIP() << "no interface is up here";
  EXPECT_TRUE(loopback);
}

}  // namespace
}  // namespace holdfast::platform
