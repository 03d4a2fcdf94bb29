// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "platform/users/nss_accounts.h"
#include "platform/users/user_store.h"
#include "service/logon/ntlm_crypto.h"
#include "service/logon/test_world.h"

namespace holdfast::platform {
namespace {

class Users : public ::testing::Test {
 protected:
  Users() {
    std::string pattern = ::testing::TempDir() + "/holdfast-users-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/users";
  }
  ~Users() override {
    for (const char* suffix : {"", ".lock", ".new"}) ::unlink((path_ + suffix).c_str());
    ::unlink((folder_ + "/link").c_str());
    ::rmdir(folder_.c_str());
  }
  mode_t mode(const std::string& path) {
    struct stat st{};
    EXPECT_EQ(::stat(path.c_str(), &st), 0);
    return st.st_mode & 07777;
  }

  std::string folder_, path_;
  service::testing::CountingRandom random_;
};

TEST_F(Users, AddChangeRemove) {
  const UserStore store(path_);
  EXPECT_FALSE(store.exists());
  EXPECT_FALSE(store.load());
  ASSERT_TRUE(store.add(random_, {"alice", "secret", "root", true}));
  EXPECT_EQ(mode(path_), 0600u);
  EXPECT_FALSE(store.add(random_, {"ALICE", "x", "", false}));
  ASSERT_TRUE(store.add(random_, {"bob", "b", "", false}));
  auto file = store.load();
  ASSERT_TRUE(file) << file.error();
  ASSERT_EQ(file->users.size(), 2u);
  EXPECT_EQ(file->users[0].nt_hash, service::nt_hash("secret"));
  EXPECT_TRUE(file->users[0].admin);
  const Sid sid = file->machine_sid;

  ASSERT_TRUE(store.set_password(random_, "Alice", "new"));
  ASSERT_TRUE(store.set_disabled(random_, "bob", true));
  file = store.load();
  EXPECT_EQ(file->users[0].nt_hash, service::nt_hash("new"));
  EXPECT_TRUE(file->users[1].disabled);
  EXPECT_EQ(file->machine_sid, sid);
  EXPECT_TRUE(store.remove(random_, "alice"));
  EXPECT_FALSE(store.remove(random_, "alice"));
  EXPECT_FALSE(store.set_password(random_, "alice", "x"));
  EXPECT_EQ(store.load()->users.size(), 1u);
}

TEST_F(Users, FilesThatOthersCanUseAreRefused) {
  const UserStore store(path_);
  ASSERT_TRUE(store.add(random_, {"alice", "secret", "", false}));
  for (mode_t bad : {0640u, 0604u, 0620u, 0602u}) {
    ::chmod(path_.c_str(), bad);
    const auto file = store.load();
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().find("chmod 600"), std::string::npos) << file.error();
  }
  ::chmod(path_.c_str(), 0400);
  EXPECT_TRUE(store.load());
}

TEST_F(Users, FilesOfStrangersAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a file away";
  const UserStore store(path_);
  ASSERT_TRUE(store.add(random_, {"alice", "secret", "", false}));
  ASSERT_EQ(::chown(path_.c_str(), 12345, 12345), 0);
  EXPECT_FALSE(store.load());
  // Root may edit it, and it stays its owner's.
  EXPECT_TRUE(store.set_password(random_, "alice", "x"));
  struct stat st{};
  ::stat(path_.c_str(), &st);
  EXPECT_EQ(st.st_uid, 12345u);
  EXPECT_EQ(mode(path_), 0600u);
}

TEST_F(Users, ErrorsNameFileAndLine) {
  const UserStore store(path_);
  ASSERT_TRUE(store.add(random_, {"alice", "secret", "", false}));
  std::ofstream(path_, std::ios::app) << "nonsense\n";
  const auto file = store.load();
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().find(path_ + ":5: expected"), 0u) << file.error();
  std::stringstream before, after;
  before << std::ifstream(path_).rdbuf();
  EXPECT_FALSE(store.add(random_, {"bob", "b", "", false}));
  after << std::ifstream(path_).rdbuf();
  EXPECT_EQ(before.str(), after.str()) << "a broken file must not be overwritten";
}

TEST_F(Users, ALinkStaysALink) {
  const UserStore direct(path_), link(folder_ + "/link");
  ASSERT_TRUE(direct.add(random_, {"alice", "secret", "", false}));
  ASSERT_EQ(::symlink(path_.c_str(), link.path().c_str()), 0);
  ASSERT_TRUE(link.add(random_, {"bob", "b", "", false}));
  EXPECT_EQ(direct.load()->users.size(), 2u);
}

TEST_F(Users, EditsAtOnceLoseNothing) {
  const UserStore store(path_);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&store, t] {
      service::testing::CountingRandom random;
      for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(
            store.add(random, {"u" + std::to_string(t) + "-" + std::to_string(i), "x", "", false}));
    });
  for (std::thread& thread : threads) thread.join();
  const auto file = store.load();
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->users.size(), 40u);
  EXPECT_EQ(file->next_rid, service::kFirstUserRid + 40);
}

TEST_F(Users, DatabaseSeesTheLastGoodFile) {
  const UserStore store(path_);
  FileUserDatabase users(path_);
  EXPECT_FALSE(users.reload());
  EXPECT_FALSE(users.find("alice"));
  ASSERT_TRUE(store.add(random_, {"alice", "secret", "", false}));
  EXPECT_FALSE(users.find("alice"));
  ASSERT_TRUE(users.reload());
  EXPECT_TRUE(users.find("Alice"));
  EXPECT_EQ(users.machine_sid(), store.load()->machine_sid);
  std::ofstream(path_, std::ios::app) << "nonsense\n";
  EXPECT_FALSE(users.reload());
  EXPECT_TRUE(users.find("alice"));
}

TEST(NssAccounts, FindsRootAndNoStranger) {
  NssAccounts accounts;
  for (int round = 0; round < 2; ++round) {
    const auto root = accounts.find("root");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->uid, 0u);
    EXPECT_EQ(std::count(root->groups.begin(), root->groups.end(), root->gid), 1);
    EXPECT_FALSE(accounts.find("no such account here"));
  }
  accounts.clear();
  EXPECT_TRUE(accounts.find("root"));
}

}  // namespace
}  // namespace holdfast::platform
