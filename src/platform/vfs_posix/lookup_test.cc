// SPDX-License-Identifier: Apache-2.0
// Names that clients spell in another case, against a plain reference; huge directories; memory.
#include <fcntl.h>
#include <unistd.h>

#include <random>
#include <set>
#include <thread>

#include "base/utf16.h"
#include "platform/vfs_posix/directory_indexes.h"
#include "platform/vfs_posix/names.h"
#include "platform/vfs_posix/test_share.h"

namespace holdfast::platform::posix {
namespace {

/// What find() must answer, the slow way.
std::optional<std::string> reference_find(const std::set<std::string>& names,
                                          std::string_view name) {
  if (names.contains(std::string(name))) return std::string(name);
  for (const std::string& n : names)
    if (fold_name(to_wire(n)) == fold_name(to_wire(name))) return n;
  return std::nullopt;
}

/// From an alphabet small enough that names meet.
std::string random_name(std::mt19937& random) {
  static const std::string kPieces[] = {"a",      "A", "b", "B", "\u00E4", "\u00C4", "\u03C9",
                                        "\u03A9", "1", ":", ".", "\xFF",   "\u00DF"};
  std::string name;
  for (auto n = random() % 3 + 1; n > 0; --n) name += kPieces[random() % std::size(kPieces)];
  return name == "." || name == ".." ? "x" : name;
}

TEST(FoldedIndex, AnswersAsTheReferenceThroughAddsAndRemoves) {
  std::mt19937 random(11);
  FoldedIndex index;
  std::set<std::string> names;
  for (int i = 0; i < 60'000; ++i) {
    std::string name = random_name(random);
    switch (random() % 4) {
      case 0: index.add(name), names.insert(name); break;
      case 1: index.remove(name), names.erase(name); break;
      default: ASSERT_EQ(index.find(name), reference_find(names, name)) << name;
    }
    ASSERT_EQ(index.size(), names.size());
  }
}

TEST(FoldedIndex, ForgetsWhatIsRemoved) {
  FoldedIndex index;
  for (int i = 0; i < 1000; ++i) index.add("kept-" + std::to_string(i));
  std::size_t before = index.bytes();
  for (int i = 0; i < 200'000; ++i) {
    index.add("passing-" + std::to_string(i));
    index.remove("passing-" + std::to_string(i));
  }
  EXPECT_LT(index.bytes(), 4 * before);
  EXPECT_EQ(index.find("KEPT-7"), "kept-7");
}

/// Processor time of this thread, us: neighbours do not count.
double cpu_us() {
  timespec t;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

class LookupTest : public ShareTest {
 protected:
  /// In memory where that is to be had: a file system that was just emptied of 100,000 files (ext4
  /// without a journal) is slow for reasons of its own.
  std::string base_directory() override {
    return ::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : ShareTest::base_directory();
  }
  UniqueFd directory(const std::filesystem::path& path) {
    return UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
};

TEST_F(LookupTest, SeesEveryChangeThatOthersMake) {
  for (bool use_inotify : {true, false}) {
    std::filesystem::path dir = base_ / (use_inotify ? "watched" : "stamped");
    std::filesystem::create_directory(dir);
    UniqueFd fd = directory(dir);
    DirectoryIndexes indexes({.use_inotify = use_inotify});
    std::mt19937 random(5);
    std::set<std::string> names;
    for (int i = 0; i < 3000; ++i) {
      std::string name = random_name(random), other = random_name(random);
      switch (random() % 5) {
        case 0:
          std::ofstream(dir / name).flush();
          names.insert(name);
          break;
        case 1:
          std::filesystem::remove(dir / name);
          names.erase(name);
          break;
        case 2:
          if (!names.contains(name)) break;
          std::filesystem::rename(dir / name, dir / other);
          names.erase(name), names.insert(other);
          break;
        default: {
          auto found = indexes.find(fd.get(), name, Blocking::kYes);
          ASSERT_TRUE(found);
          ASSERT_EQ(*found, reference_find(names, name)) << name << " at step " << i;
        }
      }
    }
    if (use_inotify) EXPECT_EQ(indexes.counters().scans, 1u);
  }
}

TEST_F(LookupTest, AnIndexIsReadOnThePoolOnlyAndOnce) {
  put("File");
  loop_.blocking_calls = 0;
  EXPECT_TRUE(open("File"));
  EXPECT_EQ(loop_.blocking_calls, 0);
  EXPECT_TRUE(open("fILE"));
  EXPECT_EQ(loop_.blocking_calls, 1);
  EXPECT_FALSE(open("other"));
  EXPECT_TRUE(create("Another"));
  EXPECT_TRUE(open("ANOTHER"));
  EXPECT_EQ(loop_.blocking_calls, 1);
}

TEST_F(LookupTest, ForgetsTheLeastRecentlyUsedBeyondItsLimit) {
  DirectoryIndexes indexes({.max_bytes = 64 << 10, .max_directories = 8});
  for (int d = 0; d < 40; ++d) {
    auto path = base_ / ("d" + std::to_string(d));
    std::filesystem::create_directory(path);
    for (int i = 0; i < 20; ++i) std::ofstream(path / ("Name" + std::to_string(i))).flush();
    UniqueFd fd = directory(path);
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(*indexes.find(fd.get(), "NAME" + std::to_string(i), Blocking::kYes),
                "Name" + std::to_string(i));
    EXPECT_LE(indexes.bytes(), 64u << 10);
  }
  EXPECT_EQ(indexes.counters().dropped, 32u);
  // One that is larger than all memory allowed is answered and forgotten.
  DirectoryIndexes tiny({.max_bytes = 100});
  UniqueFd fd = directory(base_ / "d0");
  EXPECT_EQ(**tiny.find(fd.get(), "name3", Blocking::kYes), "Name3");
  EXPECT_EQ(tiny.bytes(), 0u);
}

TEST_F(LookupTest, ManyEventsAtOnceOverflowToANewScan) {
  UniqueFd fd = directory(root_);
  DirectoryIndexes indexes({});
  EXPECT_EQ(*indexes.find(fd.get(), "x", Blocking::kYes), std::nullopt);
  // More than fs.inotify.max_queued_events usually is.
  for (int i = 0; i < 20'000; ++i) {
    std::string name = std::to_string(i);
    int made = ::openat(fd.get(), name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ASSERT_GE(made, 0);
    ::close(made);
  }
  put("Last");
  EXPECT_EQ(**indexes.find(fd.get(), "LAST", Blocking::kYes), "Last");
  EXPECT_EQ(**indexes.find(fd.get(), "19999", Blocking::kYes), "19999");
}

TEST_F(LookupTest, AreTrueWhileManyThreadsChangeTheDirectory) {
  DirectoryIndexes indexes({.max_directories = 2});
  for (const char* name : {"a", "b", "c"}) std::filesystem::create_directory(root_ / name);
  std::atomic<int> wrong = 0;
  auto work = [&](int id) {
    std::mt19937 random(static_cast<unsigned>(id));
    for (int i = 0; i < 1500; ++i) {
      auto dir = root_ / std::string(1, static_cast<char>('a' + random() % 3));
      UniqueFd fd = directory(dir);
      std::string name = "Mine" + std::to_string(id) + "-" + std::to_string(i);
      std::string shouted = "MINE" + name.substr(4);
      std::ofstream(dir / name).flush();
      auto found = indexes.find(fd.get(), shouted, Blocking::kYes);
      if (!found || *found != name) ++wrong;
      std::filesystem::remove(dir / name);
      found = indexes.find(fd.get(), shouted, Blocking::kYes);
      if (!found || *found) ++wrong;
    }
  };
  std::thread threads[] = {std::thread(work, 1), std::thread(work, 2), std::thread(work, 3)};
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(LookupTest, AHundredThousandNames) {
  constexpr int kNames = 100'000;
  for (int i = 0; i < kNames; ++i) {
    std::string path = (root_ / ("File-" + std::to_string(i) + ".txt")).string();
    int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
    ::close(fd);
  }
  EXPECT_EQ(open("missing").error(), NtStatus::kObjectNameNotFound);
  loop_.blocking_calls = 0;
  auto began = cpu_us();
  for (int i = 0; i < 2000; ++i)
    ASSERT_EQ(open("missing-" + std::to_string(i)).error(), NtStatus::kObjectNameNotFound);
  auto missing = cpu_us();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(create("new-" + std::to_string(i)));
  auto created = cpu_us();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(open("fILE-" + std::to_string(i * 49) + ".TXT"));
  auto opened = cpu_us();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(open("File-" + std::to_string(i * 49) + ".txt"));
  auto exact = cpu_us();
  EXPECT_EQ(loop_.blocking_calls, 0);
  // Reading the directory takes tens of milliseconds; one scan for each would take minutes.
  EXPECT_LT(opened - began, 3e6);
  std::printf(
      "100,000 names, us each: open of a missing name %.1f, create %.1f, open in another case "
      "%.1f, open as spelled %.1f\n",
      (missing - began) / 2000, (created - missing) / 2000, (opened - created) / 2000,
      (exact - opened) / 2000);
  auto plain_began = cpu_us();
  for (int i = 0; i < 2000; ++i) {
    std::string path = (root_ / ("File-" + std::to_string(i * 49) + ".txt")).string();
    UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    ASSERT_TRUE(stat_fd(fd.get()));
  }
  std::printf("for comparison, open + statx + close: %.1f\n", (cpu_us() - plain_began) / 2000);
  auto root = open("");
  EXPECT_EQ(list(*root->file, 700, ports::DirDetail::kNames).size(), 102'002u);
  auto list_began = cpu_us();
  EXPECT_EQ(list(*root->file, 700).size(), 102'002u);
  std::printf("listing with attributes: %.2f us an entry\n", (cpu_us() - list_began) / 102'002);
}

}  // namespace
}  // namespace holdfast::platform::posix
