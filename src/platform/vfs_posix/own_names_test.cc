// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/posix_vfs.h"
#include "platform/vfs_posix/test_share.h"

namespace holdfast::platform::posix {
namespace {

/// What is the server's own in a share: the reserved name, and marks of who made an object.
class OwnNamesTest : public ShareTest {
 protected:
  void reserve(const char* name) {
    PosixVfsOptions options;
    options.reserved_name = name;
    open_share(options);
  }
};

TEST_F(OwnNamesTest, TheReservedNameIsNotThereForClients) {
  std::filesystem::create_directories(root_ / ".holdfast/sub");
  std::filesystem::create_directories(root_ / "dir/.holdfast");
  put(".holdfast/secret", "x");
  put(".holdfast2", "y");
  reserve(".holdfast");
  for (const char* path : {".holdfast", ".HoldFast"})
    EXPECT_EQ(open(path).error(), NtStatus::kObjectNameNotFound) << path;
  for (const char* path : {".holdfast/secret", ".HOLDFAST/secret", ".holdfast/none"})
    EXPECT_EQ(open(path).error(), NtStatus::kObjectPathNotFound) << path;
  EXPECT_EQ(create(".holdfast").error(), NtStatus::kAccessDenied);
  EXPECT_EQ(make_dir(".HOLDFAST").error(), NtStatus::kAccessDenied);
  EXPECT_FALSE(create(".holdfast/new"));
  auto root = open("");
  ASSERT_TRUE(root);
  for (const ports::DirEntry& entry : list(*root->file, 1)) EXPECT_NE(entry.name, ".holdfast");
  EXPECT_EQ(wait(root->file->find_entry(io(), ".Holdfast")).error(), NtStatus::kObjectNameNotFound);
  // Names that only look like it, and the same one elsewhere.
  EXPECT_TRUE(open(".holdfast2"));
  EXPECT_TRUE(open("dir/.holdfast"));
  auto other = create("f");
  ASSERT_TRUE(other);
  EXPECT_FALSE(wait(vfs_->rename(io(), *other->file, ".holdfast", true)));
  EXPECT_FALSE(wait(vfs_->rename(io(), *other->file, ".holdfast/f", true)));
  EXPECT_FALSE(wait(vfs_->link(io(), *other->file, ".Holdfast", true)));
  EXPECT_EQ(get(".holdfast/secret"), "x");
}

TEST_F(OwnNamesTest, WithoutAReservedNameItIsAnyOther) {
  std::filesystem::create_directories(root_ / ".holdfast");
  EXPECT_TRUE(open(".holdfast"));
}

TEST_F(OwnNamesTest, AMarkSaysWhoMadeAnObjectUntilItIsCleared) {
  auto volume = wait(vfs_->volume_info(io()));
  ASSERT_TRUE(volume);
  ports::CreateHow how;
  how.creation_mark = ByteVec{1, 2, 3};
  auto made = create("marked", how);
  ASSERT_TRUE(made) << to_string(made.error());
  auto again = open("MARKED");
  ASSERT_TRUE(again);
  auto mark = wait(again->file->creation_mark(io()));
  ASSERT_TRUE(mark) << to_string(mark.error());
  if (!*mark) GTEST_SKIP() << "no extended attributes here";
  EXPECT_EQ(**mark, (ByteVec{1, 2, 3}));
  // Clients do not see it.
  EXPECT_EQ(made->info.ea_size, 0u);
  std::optional<bool> cleared;
  spawn([](ports::File& file, ports::IoContext with, std::optional<bool>& done) -> Task<void> {
    co_await file.clear_creation_mark(with);
    done = true;
  }(*again->file, io(), cleared));
  EXPECT_TRUE(cleared);
  EXPECT_FALSE(*wait(made->file->creation_mark(io())));
  EXPECT_FALSE(*wait(create("plain")->file->creation_mark(io())));
}

}  // namespace
}  // namespace holdfast::platform::posix
