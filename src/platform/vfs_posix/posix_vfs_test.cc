// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/posix_vfs.h"

#include <fcntl.h>
#include <signal.h>

#include <thread>

#include "platform/vfs_posix/test_share.h"
#include "platform/vfs_posix/unique_fd.h"
#include "wire/fscc/constants.h"

namespace holdfast::platform::posix {
namespace {

namespace attr = wire::fscc::attributes;
using ports::DataAccess;

class PosixVfsTest : public ShareTest {};

TEST_F(PosixVfsTest, CreatesWritesReadsAndLists) {
  auto made = create("Hello.txt");
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(made->path, "Hello.txt");
  EXPECT_EQ(made->info.attributes, attr::kNormal);
  ASSERT_TRUE(write(*made->file, 3, "abc"));
  EXPECT_EQ(*read_all(*made->file), std::string("\0\0\0abc", 6));
  EXPECT_EQ(get("Hello.txt").size(), 6u);
  auto info = wait(made->file->info(io()));
  EXPECT_EQ(info->end_of_file, 6u);
  EXPECT_EQ(info->key, made->file->key());

  auto dir = make_dir("Sub");
  ASSERT_TRUE(dir);
  EXPECT_EQ(dir->info.attributes, attr::kDirectory);
  auto root = open("");
  ASSERT_TRUE(root);
  auto entries = list(*root->file, 1);
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].name, ".");
  EXPECT_EQ(entries[1].name, "..");
  EXPECT_EQ(entries[1].info.key, root->file->key());
}

TEST_F(PosixVfsTest, FindsNamesInAnyCase) {
  std::filesystem::create_directories(root_ / "Some/Deep/Path");
  put("Some/Deep/Path/R\u00E9sum\u00E9.Txt", "x");
  auto found = open("sOME/deep/PATH/R\u00C9SUM\u00C9.txt");
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(found->path, "Some/Deep/Path/R\u00E9sum\u00E9.Txt");
  EXPECT_EQ(open("some/deep/path/none").error(), NtStatus::kObjectNameNotFound);
  EXPECT_EQ(open("some/none/path/none").error(), NtStatus::kObjectPathNotFound);
  EXPECT_EQ(open("some/deep/path/r\u00E9sum\u00E9.txt/x").error(), NtStatus::kObjectPathNotFound);
  EXPECT_EQ(create("some/deep/path/r\u00E9sum\u00E9.txt").error(), NtStatus::kObjectNameCollision);
  EXPECT_EQ(create("SOME").error(), NtStatus::kObjectNameCollision);
  auto made = create("some/DEEP/New");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->path, "Some/Deep/New");
}

TEST_F(PosixVfsTest, RemovesByNameOnlyWhatIsOpen) {
  auto file = create("a");
  ASSERT_TRUE(wait(vfs_->remove(io(), *file->file)));
  EXPECT_FALSE(std::filesystem::exists(root_ / "a"));
  EXPECT_EQ(wait(file->file->path(io())).error(), NtStatus::kFileDeleted);
  put("a", "another");
  EXPECT_EQ(wait(vfs_->remove(io(), *file->file)).error(), NtStatus::kFileDeleted);
  EXPECT_EQ(get("a"), "another");

  auto dir = make_dir("d");
  put("d/x");
  EXPECT_EQ(wait(dir->file->check_empty(io())).error(), NtStatus::kDirectoryNotEmpty);
  EXPECT_EQ(wait(vfs_->remove(io(), *dir->file)).error(), NtStatus::kDirectoryNotEmpty);
  std::filesystem::remove(root_ / "d/x");
  EXPECT_TRUE(wait(dir->file->check_empty(io())));
  EXPECT_TRUE(wait(vfs_->remove(io(), *dir->file)));
}

TEST_F(PosixVfsTest, RemovesDurably) {
  auto file = create("A/b");
  EXPECT_FALSE(file);
  auto dir = make_dir("A");
  file = create("A/b");
  ASSERT_TRUE(file);
  EXPECT_EQ(wait(vfs_->remove_durably(io(), *dir->file)).error(), NtStatus::kDirectoryNotEmpty);
  EXPECT_EQ(wait(vfs_->remove_durably(io(), *file->file)), true);
  EXPECT_FALSE(std::filesystem::exists(root_ / "A/b"));
  EXPECT_EQ(wait(file->file->path(io())).error(), NtStatus::kFileDeleted);
  EXPECT_EQ(wait(vfs_->remove_durably(io(), *file->file)).error(), NtStatus::kFileDeleted);
  EXPECT_EQ(wait(vfs_->remove_durably(io(), *dir->file)), true);
  EXPECT_FALSE(std::filesystem::exists(root_ / "A"));
}

TEST_F(PosixVfsTest, Renames) {
  auto a = create("a");
  auto b = create("B");
  ASSERT_TRUE(make_dir("dir"));
  EXPECT_EQ(wait(vfs_->rename(io(), *a->file, "b", false)).error(), NtStatus::kObjectNameCollision);
  EXPECT_EQ(*wait(vfs_->rename(io(), *a->file, "A", false)), "A");
  EXPECT_EQ(*wait(vfs_->rename(io(), *a->file, "b", true)), "b");
  EXPECT_TRUE(std::filesystem::exists(root_ / "b"));
  EXPECT_FALSE(std::filesystem::exists(root_ / "B"));
  EXPECT_EQ(wait(b->file->path(io())).error(), NtStatus::kFileDeleted);
  EXPECT_EQ(*wait(vfs_->rename(io(), *a->file, "DIR/inside", false)), "dir/inside");
  EXPECT_EQ(*wait(a->file->path(io())), "dir/inside");
  EXPECT_EQ(wait(vfs_->rename(io(), *a->file, "dir", true)).error(), NtStatus::kAccessDenied);
  EXPECT_EQ(wait(vfs_->rename(io(), *a->file, "no/where", true)).error(),
            NtStatus::kObjectPathNotFound);
}

TEST_F(PosixVfsTest, ADirectoryMovesWithWhatIsOpenInIt) {
  ASSERT_TRUE(make_dir("one"));
  auto file = create("one/file");
  auto dir = open("one");
  ASSERT_TRUE(wait(vfs_->rename(io(), *dir->file, "two", false)));
  EXPECT_EQ(*wait(file->file->path(io())), "two/file");
  ASSERT_TRUE(write(*file->file, 0, "still"));
  EXPECT_EQ(get("two/file"), "still");
  ASSERT_TRUE(wait(vfs_->remove(io(), *file->file)));
  EXPECT_EQ(wait(vfs_->rename(io(), *dir->file, "two/three", false)).error(),
            NtStatus::kAccessDenied);
}

TEST_F(PosixVfsTest, WaitsOnThePoolForAnotherProgramsLease) {
  put("leased");
  ::signal(SIGIO, SIG_IGN);
  UniqueFd holder(::open((root_ / "leased").c_str(), O_RDONLY | O_CLOEXEC));
  if (::fcntl(holder.get(), F_SETLEASE, F_RDLCK) != 0) GTEST_SKIP() << "no leases here";
  loop_.blocking_calls = 0;
  EXPECT_TRUE(open_data("leased", DataAccess::kRead));
  EXPECT_EQ(loop_.blocking_calls, 0);
  std::thread lets_go([&] {
    while (::fcntl(holder.get(), F_GETLEASE) == F_RDLCK) std::this_thread::yield();
    ::fcntl(holder.get(), F_SETLEASE, F_UNLCK);
  });
  auto opened = open_data("leased", DataAccess::kWrite);
  EXPECT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ(loop_.blocking_calls, 1);
  lets_go.join();
}

TEST_F(PosixVfsTest, TellsOfItsVolume) {
  auto volume = wait(vfs_->volume_info(io()));
  ASSERT_TRUE(volume);
  EXPECT_GT(volume->total_units, 0u);
  EXPECT_EQ(volume->file_system_name, "NTFS");
  EXPECT_NE(volume->attributes & 0x2, 0u);
}

}  // namespace
}  // namespace holdfast::platform::posix
