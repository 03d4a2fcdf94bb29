// SPDX-License-Identifier: Apache-2.0
#include "platform/snapshots/snapshots.h"

#include "core/path/snapshot_token.h"
#include "platform/vfs_posix/test_share.h"
#include "service/snapshots/previous_version.h"

namespace holdfast::platform {
namespace {

namespace fs = std::filesystem;
using posix::wait;

class SnapshotsTest : public posix::ShareTest {
 protected:
  void take(const std::string& name, const std::string& content) {
    fs::create_directories(root_ / ".snapshots" / name);
    put(".snapshots/" + name + "/f", content);
  }
  std::shared_ptr<ports::SnapshotProvider> provider(std::string format = "") {
    SnapshotOptions options;
    options.directory = (root_ / ".snapshots").string();
    if (!format.empty()) options.format = std::move(format);
    return make_snapshot_provider(options);
  }
  std::vector<std::string> tokens(ports::SnapshotProvider& from) {
    std::vector<std::string> out;
    auto times = wait(from.list(io()));
    EXPECT_TRUE(times);
    if (times)
      for (NtTime time : *times) out.push_back(core::snapshot_token(time));
    return out;
  }
};

TEST_F(SnapshotsTest, NoDirectoryIsNoSnapshots) {
  EXPECT_TRUE(tokens(*provider()).empty());
  EXPECT_EQ(wait(provider()->open(io(), NtTime::from_unix(1, 0))).error(),
            NtStatus::kObjectNameNotFound);
}

TEST_F(SnapshotsTest, NewestFirstAndOnlyWhatHasATime) {
  take("@GMT-2015.10.31-19.40.30", "old");
  take("@GMT-2024.02.29-00.00.00", "new");
  take("other", "x");
  take("@GMT-2024.02.29-00.00.00.tmp", "x");
  put(".snapshots/@GMT-2016.01.01-00.00.00");
  EXPECT_EQ(tokens(*provider()),
            (std::vector<std::string>{"@GMT-2024.02.29-00.00.00", "@GMT-2015.10.31-19.40.30"}));
}

TEST_F(SnapshotsTest, FormatsOfOthers) {
  take("auto-20240229-1234", "x");
  take("1709210096", "y");
  EXPECT_EQ(tokens(*provider("auto-%Y%m%d-%H%M")),
            std::vector<std::string>{"@GMT-2024.02.29-12.34.00"});
  EXPECT_EQ(tokens(*provider("%s")), std::vector<std::string>{"@GMT-2024.02.29-12.34.56"});
}

TEST_F(SnapshotsTest, FilesAreAsTheyWereAndStaySo) {
  take("@GMT-2015.10.31-19.40.30", "old");
  put("f", "live");
  auto then = wait(provider()->open(io(), *core::parse_snapshot_token("@GMT-2015.10.31-19.40.30")));
  ASSERT_TRUE(then);
  std::shared_ptr<ports::Vfs> vfs = service::previous_version(std::move(*then));
  ports::OpenHow how;
  how.access = ports::DataAccess::kReadWrite;
  auto file = wait(vfs->open(io(), "F", how));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->path, "f");
  EXPECT_TRUE(file->file->is_previous_version());
  EXPECT_EQ(*read_all(*file->file), "old");
  EXPECT_EQ(write(*file->file, 0, "x").error(), NtStatus::kMediaWriteProtected);
  EXPECT_EQ(wait(file->file->set_end_of_file(io(), 0)).error(), NtStatus::kMediaWriteProtected);
  EXPECT_EQ(wait(file->file->check_removable(io())).error(), NtStatus::kMediaWriteProtected);
  EXPECT_EQ(wait(vfs->create(io(), "g", {})).error(), NtStatus::kMediaWriteProtected);
  EXPECT_EQ(wait(vfs->overwrite(io(), *file->file, {})).error(), NtStatus::kMediaWriteProtected);
  // It is a source for a copy all the same: that is how a file is restored.
  auto live = open_data("f");
  EXPECT_EQ(*wait(live->file->copy_from(io(), *file->file, 0, 0, 3)), 3u);
  EXPECT_EQ(get("f"), "olde");
}

}  // namespace
}  // namespace holdfast::platform
