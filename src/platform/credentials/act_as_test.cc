// SPDX-License-Identifier: Apache-2.0
#include "platform/credentials/act_as.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace holdfast::platform {
namespace {

const ports::Credentials kSomebody{
    .act_as_user = true, .uid = 4711, .gid = 4712, .groups = {4713, 4714}};

TEST(ActAs, DoesNothingForTheServiceAccount) {
  ports::Credentials service;
  service.uid = 4711;
  ActAs as(service);
  EXPECT_TRUE(as.ok());
  EXPECT_NE(::geteuid(), 4711u);
}

TEST(ActAs, QuotasHoldForThisThreadAndItsOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  auto may_pass_limits = [] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    EXPECT_EQ(::syscall(SYS_capget, &header, data), 0);
    return ((data[0].effective | data[0].permitted) >> CAP_SYS_RESOURCE & 1) != 0;
  };
  std::thread([&may_pass_limits] {
    obey_quotas();
    EXPECT_FALSE(may_pass_limits());
    {
      ActAs as(kSomebody);
      ASSERT_TRUE(as.ok());
    }
    EXPECT_FALSE(may_pass_limits()) << "not when the thread is root again";
    std::thread([&may_pass_limits] { EXPECT_FALSE(may_pass_limits()); }).join();
  }).join();
}

TEST(ActAs, ChangesThisThreadOnlyAndComesBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(check_can_act_as_users());
  uid_t other = 1;
  {
    ActAs as(kSomebody);
    ASSERT_TRUE(as.ok());
    EXPECT_EQ(::geteuid(), 4711u);
    EXPECT_EQ(::getegid(), 4712u);
    gid_t groups[8];
    EXPECT_EQ(::getgroups(8, groups), 2);
    EXPECT_EQ(groups[1], 4714u);
    std::thread([&other] { other = ::geteuid(); }).join();
    EXPECT_EQ(::chown("/", 0, 0), -1);
  }
  EXPECT_EQ(::geteuid(), 0u);
  EXPECT_EQ(::getegid(), 0u);
}

TEST(ActAs, AnotherThreadStaysWhoItIs) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  bool always_root = true;
  std::atomic<bool> stop = false, running = false;
  std::thread watcher([&] {
    while (!stop) {
      always_root = always_root && ::geteuid() == 0;
      running = true;
    }
  });
  while (!running) std::this_thread::yield();
  for (int i = 0; i < 2000; ++i) ActAs as(kSomebody);
  stop = true;
  watcher.join();
  EXPECT_TRUE(always_root);
}

TEST(ActAs, RefusesTheIdThatMeansUnchanged) {
  ports::Credentials bad{.act_as_user = true, .uid = 0xFFFFFFFF, .gid = 5, .groups = {}};
  EXPECT_FALSE(ActAs(bad).ok());
}

TEST(ActAs, SaysAtStartWhenItCannot) {
  if (::geteuid() == 0) GTEST_SKIP() << "is root";
  auto checked = check_can_act_as_users();
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().find("root"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::platform
