// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "platform/vfs_posix/fanotify_events.h"
#include "platform/vfs_posix/test_share.h"

namespace holdfast::platform::posix {
namespace {

using Kind = ports::LocalChange::Kind;

class Heard final : public ports::LocalChangeSink {
 public:
  void on_local_changes(const ports::Vfs&, std::span<const ports::LocalChange> changes) override {
    std::lock_guard lock(mutex_);
    for (const ports::LocalChange& c : changes) {
      constexpr const char* kKinds[] = {"+", "-", ">", "w", "a", "?"};
      std::string text = kKinds[static_cast<int>(c.kind)];
      text += (c.is_directory ? "d " : " ") + c.path;
      if (c.kind == Kind::kRenamed) text += " " + c.new_path;
      // Whether a change of times comes with a creation is the kernel's business.
      bool of_data = c.kind == Kind::kWritten || c.kind == Kind::kAttributes;
      (of_data ? modified_ : heard_).push_back(std::move(text));
    }
    more_.notify_all();
  }
  /// Everything up to a change of this text, it included; after some seconds whatever there is.
  std::vector<std::string> until(const std::string& last) {
    std::unique_lock lock(mutex_);
    more_.wait_for(lock, std::chrono::seconds(20),
                   [&] { return std::find(heard_.begin(), heard_.end(), last) != heard_.end(); });
    return std::exchange(heard_, {});
  }
  bool heard_modification(const std::string& text) {
    std::lock_guard lock(mutex_);
    return std::find(modified_.begin(), modified_.end(), text) != modified_.end();
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::string> heard_;
  std::vector<std::string> modified_;
};

using Lines = std::vector<std::string>;

class LocalWatcherTest : public ShareTest {
 protected:
  void SetUp() override {
    ShareTest::SetUp();
    std::filesystem::create_directories(root_ / "d/sub");
    UniqueFd group = open_fanotify();
    UniqueFd directory(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!group || handle_key_of(directory.get()).empty() ||
        !mark_directory(group.get(), directory.get()))
      GTEST_SKIP() << "no fanotify here";
  }
  std::shared_ptr<ports::ChangeWatch> watch(std::string_view path, bool tree) {
    auto opened = open(path);
    if (!opened) return nullptr;
    return wait(vfs_->watch_local_changes(io(), opened->file, tree, heard_));
  }
  /// By another process: what this one does is not told.
  void by_others(const std::string& command) {
    ASSERT_EQ(std::system(("cd '" + root_.string() + "' && " + command).c_str()), 0);
  }

  std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

TEST_F(LocalWatcherTest, TellsWhatOthersDoInADirectory) {
  auto watched = watch("d", false);
  ASSERT_NE(watched, nullptr);
  by_others("mkdir d/new && mv d/new d/newer && rmdir d/newer && touch d/sub/unseen unseen d/end");
  EXPECT_EQ(heard_->until("+ d/end"),
            (Lines{"+d d/new", ">d d/new d/newer", "-d d/newer", "+ d/end"}));
  by_others("echo x >>d/end && chmod 600 d/end && mv d/end gone && mv gone d/back");
  EXPECT_EQ(heard_->until("+ d/back"), (Lines{"- d/end", "+ d/back"}));
  EXPECT_TRUE(heard_->heard_modification("w d/end"));
  EXPECT_TRUE(heard_->heard_modification("a d/end"));
}

TEST_F(LocalWatcherTest, WhatThisProcessDoesIsNotTold) {
  auto watched = watch("d", true);
  ASSERT_NE(watched, nullptr);
  std::ofstream(root_ / "d/mine") << "x";
  std::filesystem::create_directory(root_ / "d/mine too");
  std::filesystem::rename(root_ / "d/mine", root_ / "d/sub/mine");
  by_others("touch d/sub/end");
  EXPECT_EQ(heard_->until("+ d/sub/end").front(), "+ d/sub/end");
  // The watch of the tree goes on in directories that this process made.
  by_others("touch 'd/mine too/end'");
  EXPECT_EQ(heard_->until("+ d/mine too/end").back(), "+ d/mine too/end");
}

TEST_F(LocalWatcherTest, ATreeGrowsAndMoves) {
  auto watched = watch("", true);
  ASSERT_NE(watched, nullptr);
  by_others("mkdir -p x/y/z");
  Lines heard = heard_->until("+d x/y/z");
  EXPECT_EQ(heard.front(), "+d x");
  by_others("touch x/y/z/1");
  heard_->until("+ x/y/z/1");
  by_others("mv x d/q && touch d/q/y/z/2");
  heard = heard_->until("+ d/q/y/z/2");
  EXPECT_NE(std::find(heard.begin(), heard.end(), ">d x d/q"), heard.end());
  EXPECT_EQ(heard.back(), "+ d/q/y/z/2");
}

TEST_F(LocalWatcherTest, AWatchedDirectoryThatMovesIsFollowed) {
  auto watched = watch("d/sub", false);
  ASSERT_NE(watched, nullptr);
  by_others("mv d/sub other && touch other/1");
  EXPECT_EQ(heard_->until("+ other/1").front(), "+ other/1");
}

TEST_F(LocalWatcherTest, WithoutAWatchNothingIsTold) {
  auto first = watch("d", false);
  auto second = watch("d/sub", false);
  ASSERT_NE(first, nullptr);
  first.reset();
  by_others("touch d/1 d/sub/end");
  Lines heard = heard_->until("+ d/sub/end");
  EXPECT_EQ(std::count(heard.begin(), heard.end(), "+ d/1"), 0);
}

TEST(FanotifyEvents, WhatIsCutShortIsNoEvent) {
  std::string junk(200, '\x18');
  for (std::size_t size = 0; size <= junk.size(); ++size) (void)parse_fanotify(junk.data(), size);
}

}  // namespace
}  // namespace holdfast::platform::posix
