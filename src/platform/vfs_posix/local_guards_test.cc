// SPDX-License-Identifier: Apache-2.0
// Another program is here another open file description of this process: to leases and to locks
// that is the same.
#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "platform/vfs_posix/test_share.h"
#include "platform/vfs_posix/unique_fd.h"

namespace holdfast::platform::posix {
namespace {

using enum ports::LocalGuard;
using Kind = ports::LocalCoherence::LockKind;
using ports::DataAccess;

class Opens final : public ports::LocalOpenSink {
 public:
  void on_local_open(const ports::FileKey& key) override {
    std::lock_guard lock(mutex_);
    keys_.push_back(key);
    more_.notify_all();
  }
  bool heard_of(const ports::FileKey& key) {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, std::chrono::seconds(20),
                          [&] { return std::ranges::find(keys_, key) != keys_.end(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<ports::FileKey> keys_;
};

class LocalGuardsTest : public ShareTest {
 protected:
  void SetUp() override {
    ShareTest::SetUp();
    local_ = make_local_coherence();
    local_->set_sink(opens_);
    PosixVfsOptions options;
    options.coherence = local_;
    open_share(std::move(options));
    put("f", "0123456789");
    UniqueFd own = elsewhere(O_RDONLY);
    if (::fcntl(own.get(), F_SETLEASE, F_RDLCK) != 0) GTEST_SKIP() << "no leases here";
  }
  /// As another program opens it; invalid when it would have to wait.
  UniqueFd elsewhere(int mode) {
    return UniqueFd(::open((root_ / "f").c_str(), mode | O_NONBLOCK | O_CLOEXEC));
  }
  static bool locks(int fd, short type, off_t begin, off_t length) {
    struct ::flock lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = begin;
    lock.l_len = length;
    return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
  }

  std::shared_ptr<ports::LocalCoherence> local_;
  std::shared_ptr<Opens> opens_ = std::make_shared<Opens>();
};

TEST_F(LocalGuardsTest, AnOpenElsewhereIsToldAndWaitsUntilTheGuardIsLeft) {
  auto file = open_data("f");
  ASSERT_TRUE(file);
  ports::FileKey key = file->file->key();
  EXPECT_EQ(local_->take(key, kExclusive), kExclusive);
  EXPECT_FALSE(elsewhere(O_RDONLY));
  EXPECT_EQ(errno, EWOULDBLOCK);
  EXPECT_TRUE(opens_->heard_of(key));
  EXPECT_EQ(local_->keep(key, kExclusive), kNone);
  EXPECT_FALSE(elsewhere(O_RDONLY));
  EXPECT_EQ(local_->keep(key, kNone), kNone);
  EXPECT_TRUE(elsewhere(O_RDONLY));
}

TEST_F(LocalGuardsTest, WhatIsOpenElsewhereIsNotGuarded) {
  auto file = open_data("f", DataAccess::kRead);
  ports::FileKey key = file->file->key();
  {
    UniqueFd reader = elsewhere(O_RDONLY);
    EXPECT_EQ(local_->take(key, kExclusive), kShared);
    EXPECT_EQ(local_->keep(key, kNone), kNone);
  }
  UniqueFd writer = elsewhere(O_RDWR);
  EXPECT_EQ(local_->take(key, kExclusive), kNone);
}

TEST_F(LocalGuardsTest, AReaderLeavesReaders) {
  auto file = open_data("f", DataAccess::kRead);
  ports::FileKey key = file->file->key();
  ASSERT_EQ(local_->take(key, kExclusive), kExclusive);
  EXPECT_FALSE(elsewhere(O_RDONLY));
  EXPECT_EQ(local_->keep(key, kShared), kShared);
  EXPECT_TRUE(elsewhere(O_RDONLY));
  EXPECT_FALSE(elsewhere(O_RDWR));
}

TEST_F(LocalGuardsTest, AllOpensOfTheServerAreOne) {
  auto reader = open_data("f", DataAccess::kRead);
  ports::FileKey key = reader->file->key();
  ASSERT_EQ(local_->take(key, kShared), kShared);
  // A writer takes the place of the reader's description, and both go on.
  auto writer = open_data("f");
  ASSERT_TRUE(writer) << to_string(writer.error());
  EXPECT_TRUE(opens_->heard_of(key));
  EXPECT_EQ(local_->take(key, kExclusive), kExclusive);
  auto third = open_data("f", DataAccess::kWrite);
  ASSERT_TRUE(third);
  EXPECT_EQ(local_->keep(key, kExclusive), kExclusive);
  ASSERT_TRUE(write(*third->file, 0, "abc"));
  EXPECT_EQ(read_all(*reader->file), "abc3456789");
  reader = writer = third = fail(NtStatus::kUnsuccessful);
  EXPECT_TRUE(elsewhere(O_RDWR));
}

TEST_F(LocalGuardsTest, AFileThatWasJustMadeIsGuarded) {
  ports::CreateHow how;
  auto made = create("new", how);
  ASSERT_TRUE(made);
  EXPECT_EQ(local_->take(made->file->key(), kExclusive), kExclusive);
  auto again = open_data("new");
  ASSERT_TRUE(again);
  EXPECT_EQ(local_->keep(made->file->key(), kExclusive), kExclusive);
}

TEST_F(LocalGuardsTest, LocksAreSeenFromBothSides) {
  auto file = open_data("f");
  ports::FileKey key = file->file->key();
  UniqueFd other = elsewhere(O_RDWR);
  ASSERT_TRUE(locks(other.get(), F_WRLCK, 4, 2));
  EXPECT_TRUE(local_->is_locked(key, 0, 5, false));
  EXPECT_FALSE(local_->is_locked(key, 0, 4, true));
  EXPECT_FALSE(local_->set_lock(key, 3, 5, Kind::kShared));
  EXPECT_TRUE(local_->set_lock(key, 0, 4, Kind::kExclusive));
  EXPECT_FALSE(locks(other.get(), F_RDLCK, 3, 1));
  EXPECT_TRUE(local_->set_lock(key, 3, 4, Kind::kNone));
  EXPECT_TRUE(locks(other.get(), F_RDLCK, 3, 1));
  // A lock elsewhere that only keeps writers off.
  EXPECT_FALSE(local_->is_locked(key, 3, 1, false));
  EXPECT_TRUE(local_->is_locked(key, 3, 1, true));
  // To the end of all files.
  EXPECT_TRUE(local_->set_lock(key, 100, (std::uint64_t{1} << 63) - 1, Kind::kExclusive));
  EXPECT_FALSE(locks(other.get(), F_WRLCK, (off_t{1} << 62), 1));
}

TEST_F(LocalGuardsTest, WhoCannotWriteLocksAgainstWriters) {
  auto file = open_data("f", DataAccess::kRead);
  UniqueFd other = elsewhere(O_RDWR);
  EXPECT_TRUE(local_->set_lock(file->file->key(), 0, 4, Kind::kExclusive));
  EXPECT_TRUE(locks(other.get(), F_RDLCK, 0, 1));
  EXPECT_FALSE(locks(other.get(), F_WRLCK, 0, 1));
}

TEST_F(LocalGuardsTest, NothingIsKnownOfWhatIsNotOpen) {
  auto looked_at = open("f");
  ports::FileKey key = looked_at->file->key();
  EXPECT_EQ(local_->take(key, kExclusive), kNone);
  EXPECT_EQ(local_->keep(key, kNone), std::nullopt);
  EXPECT_FALSE(local_->is_locked(key, 0, 1, true));
}

}  // namespace
}  // namespace holdfast::platform::posix
