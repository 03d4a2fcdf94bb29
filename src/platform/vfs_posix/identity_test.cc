// SPDX-License-Identifier: Apache-2.0
// Acting as a user, and file systems that refuse: run as root, in a mount namespace of their own.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/test_share.h"
#include "wire/fscc/constants.h"

namespace holdfast::platform::posix {
namespace {

namespace attr = wire::fscc::attributes;

class IdentityTest : public ShareTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    ShareTest::SetUp();
    PosixVfsOptions options;
    options.acts_as_users = true;
    open_share(options);
    ::chmod(base_.c_str(), 0755);
    ::chmod(root_.c_str(), 0777);
    become(kUser);
  }
  void TearDown() override {
    if (!base_.empty()) ShareTest::TearDown();
  }
  void become(std::uint32_t uid) {
    who_ = {.act_as_user = true, .uid = uid, .gid = uid, .groups = {uid}};
  }
  void own(const std::string& path, std::uint32_t uid, mode_t mode) {
    ASSERT_EQ(::chown((root_ / path).c_str(), uid, uid), 0);
    ASSERT_EQ(::chmod((root_ / path).c_str(), mode), 0);
  }
  static constexpr std::uint32_t kUser = 4711, kOther = 4712;
};

TEST_F(IdentityTest, WhatAUserMakesIsTheUsers) {
  auto file = create("file");
  ASSERT_TRUE(file) << to_string(file.error());
  EXPECT_EQ(file->info.uid, kUser);
  EXPECT_EQ(file->info.gid, kUser);
  EXPECT_EQ(make_dir("dir")->info.uid, kUser);
  EXPECT_EQ(::geteuid(), 0u);
}

TEST_F(IdentityTest, PermissionsOfTheUserDecide) {
  put("private", "secret");
  own("private", kOther, 0600);
  std::filesystem::create_directory(root_ / "closed");
  put("closed/file");
  own("closed", kOther, 0700);
  EXPECT_EQ(open_data("private", ports::DataAccess::kRead).error(), NtStatus::kAccessDenied);
  // Looking at attributes needs no right on the file itself.
  EXPECT_TRUE(open("private"));
  EXPECT_EQ(open("closed/file").error(), NtStatus::kAccessDenied);
  EXPECT_EQ(open("closed/FILE").error(), NtStatus::kAccessDenied);
  EXPECT_EQ(create("closed/new").error(), NtStatus::kAccessDenied);
  EXPECT_EQ(open_data("closed", ports::DataAccess::kRead).error(), NtStatus::kAccessDenied);
  std::vector<ports::DirEntry> out;
  auto closed = open("closed");
  EXPECT_EQ(
      wait(closed->file->read_directory(io(), true, ports::DirDetail::kNames, 10, out)).error(),
      NtStatus::kAccessDenied);
  ::chmod(root_.c_str(), 01777);
  EXPECT_EQ(wait(open("private")->file->check_removable(io())).error(), NtStatus::kAccessDenied);
  EXPECT_EQ(wait(vfs_->remove(io(), *open("private")->file)).error(), NtStatus::kAccessDenied);
  EXPECT_EQ(wait(vfs_->rename(io(), *open("private")->file, "mine", false)).error(),
            NtStatus::kAccessDenied);
  EXPECT_EQ(wait(open("private")->file->set_end_of_file(io(), 0)).error(), NtStatus::kAccessDenied);
  ports::SetBasic hide;
  hide.attributes = attr::kHidden;
  EXPECT_EQ(wait(open("private")->file->set_basic(io(), hide)).error(), NtStatus::kAccessDenied);
  become(kOther);
  EXPECT_EQ(*read_all(*open_data("private", ports::DataAccess::kRead)->file), "secret");
  EXPECT_TRUE(open("CLOSED/file"));
}

TEST_F(IdentityTest, WhoMayWriteMaySetAttributesAndTimes) {
  put("shared");
  own("shared", kOther, 0666);
  put("mine");
  own("mine", kUser, 0444);
  for (const char* path : {"shared", "mine"}) {
    ports::SetBasic change;
    change.attributes = attr::kHidden;
    change.last_write_time = NtTime::from_unix(1'000'000'000, 0);
    auto set = wait(open(path)->file->set_basic(io(), change));
    ASSERT_TRUE(set) << path << to_string(set.error());
    EXPECT_EQ(open(path)->info.attributes, attr::kHidden);
    EXPECT_EQ(open(path)->info.last_write_time, change.last_write_time);
  }
}

TEST_F(IdentityTest, SecurityIsStoredThoughTheUserCouldNot) {
  // O:S-1-22-1-4711 and nothing else.
  ByteVec sd = {1, 0, 0, 0x80, 20, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0,    0,    0, 0,
                0, 0, 1, 2,    0,  0, 0, 0, 0, 22, 1, 0, 0, 0, 0x67, 0x12, 0, 0};
  ports::CreateHow how;
  how.security = sd;
  auto file = create("file", how);
  ASSERT_TRUE(file) << to_string(file.error());
  EXPECT_EQ(file->info.uid, kUser);
  EXPECT_EQ(*wait(file->file->security(io())), sd);
  EXPECT_EQ(wait(file->file->set_security(io(), {{}, kOther, {}, {}})).error(),
            NtStatus::kInvalidOwner);
}

/// Runs `body` with small file systems of its own; false when the kernel allows no mounts here.
template <class Body>
void in_mount_namespace(Body&& body) {
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    bool private_mounts = ::unshare(CLONE_NEWNS) == 0 &&
                          ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (!private_mounts) ::_exit(77);
    body();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no mounts here";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "see above";
}

TEST_F(IdentityTest, AFullFileSystemSaysSo) {
  in_mount_namespace([this] {
    ASSERT_EQ(::mount("tmpfs", root_.c_str(), "tmpfs", 0, "size=1m,nr_inodes=8,mode=0777"), 0);
    open_share();
    auto file = create("file");
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(write(*file->file, 0, std::string(2 << 20, 'x')).error(), NtStatus::kDiskFull);
    EXPECT_EQ(wait(file->file->set_allocation(io(), 64 << 20)).error(), NtStatus::kDiskFull);
    ByteVec out(100);
    auto now = file->file->try_read(0, out);
    ASSERT_TRUE(now.has_value());
    EXPECT_EQ(**now, 100u);
    Result<ports::Opened> last = create("x");
    for (int i = 0; last && i < 10; ++i) last = create("x" + std::to_string(i));
    EXPECT_EQ(last.error(), NtStatus::kDiskFull);
    ports::CreateHow how;
    how.allocation_size = 64 << 20;
    EXPECT_TRUE(wait(open("x")->file->check_removable(io())));
    ASSERT_TRUE(wait(vfs_->remove(io(), *open("x")->file)));
    EXPECT_EQ(create("never", how).error(), NtStatus::kDiskFull);
    EXPECT_EQ(open("never").error(), NtStatus::kObjectNameNotFound);
    EXPECT_EQ(wait(vfs_->volume_info(io()))->total_units * 4096, 1u << 20);
  });
}

TEST_F(IdentityTest, AReadOnlyFileSystemSaysSo) {
  put("file", "text");
  own("file", kUser, 0644);
  in_mount_namespace([this] {
    ASSERT_EQ(::mount(root_.c_str(), root_.c_str(), nullptr, MS_BIND, nullptr), 0);
    ASSERT_EQ(::mount(nullptr, root_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
              0);
    open_share();
    auto file = open_data("file", ports::DataAccess::kRead);
    ASSERT_TRUE(file);
    EXPECT_EQ(*read_all(*file->file), "text");
    EXPECT_EQ(open_data("file").error(), NtStatus::kMediaWriteProtected);
    EXPECT_EQ(create("new").error(), NtStatus::kMediaWriteProtected);
    EXPECT_EQ(make_dir("dir").error(), NtStatus::kMediaWriteProtected);
    EXPECT_EQ(wait(file->file->check_removable(io())).error(), NtStatus::kMediaWriteProtected);
    EXPECT_EQ(wait(vfs_->remove(io(), *file->file)).error(), NtStatus::kMediaWriteProtected);
    EXPECT_EQ(wait(vfs_->rename(io(), *file->file, "x", false)).error(),
              NtStatus::kMediaWriteProtected);
    ports::SetBasic change;
    change.attributes = attr::kHidden;
    EXPECT_EQ(wait(file->file->set_basic(io(), change)).error(), NtStatus::kMediaWriteProtected);
    EXPECT_NE(wait(vfs_->volume_info(io()))->attributes & 0x80000u, 0u);
  });
}

TEST_F(IdentityTest, RenamingAcrossFileSystemsIsRefused) {
  std::filesystem::create_directory(root_ / "other");
  in_mount_namespace([this] {
    ASSERT_EQ(::mount("tmpfs", (root_ / "other").c_str(), "tmpfs", 0, "mode=0777"), 0);
    // The descriptor of before belongs to the other namespace.
    open_share();
    auto file = create("file");
    ASSERT_TRUE(file);
    EXPECT_EQ(wait(vfs_->rename(io(), *file->file, "other/file", false)).error(),
              NtStatus::kNotSameDevice);
    EXPECT_EQ(wait(vfs_->link(io(), *file->file, "other/file", false)).error(),
              NtStatus::kNotSameDevice);
    EXPECT_TRUE(create("other/file"));
  });
}

TEST_F(IdentityTest, TooManyOpenFilesIsSaid) {
  std::vector<ports::Opened> opened;
  put("file");
  in_mount_namespace([&] {
    rlimit limit{64, 64};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    Result<ports::Opened> last = open("file");
    while (last && opened.size() < 100) {
      opened.push_back(std::move(*last));
      last = open("file");
    }
    EXPECT_EQ(last.error(), NtStatus::kTooManyOpenedFiles);
    opened.clear();
    EXPECT_TRUE(open("file"));
  });
}

TEST_F(IdentityTest, AShareThatIsGoneAnswers) {
  auto root = open("");
  auto file = create("file");
  std::filesystem::remove_all(root_);
  EXPECT_EQ(open("file").error(), NtStatus::kObjectNameNotFound);
  EXPECT_FALSE(create("new"));
  EXPECT_EQ(wait(vfs_->remove(io(), *file->file)).error(), NtStatus::kFileDeleted);
  EXPECT_TRUE(write(*file->file, 0, "still open"));
}

}  // namespace
}  // namespace holdfast::platform::posix
