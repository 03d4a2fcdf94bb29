// SPDX-License-Identifier: Apache-2.0
#include "platform/snapshots/snapshots.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/limits.h"
#include "platform/vfs_posix/posix_vfs.h"
#include "platform/vfs_posix/unique_fd.h"

namespace holdfast::platform {
namespace {

namespace fs = std::filesystem;
using posix::UniqueFd;

// Entries looked at: whoever points this at a directory of millions of files shall not wait for it.
constexpr std::size_t kMaxEntries = 16'384;
/// The root of every btrfs subvolume (BTRFS_FIRST_FREE_OBJECTID).
constexpr ino_t kSubvolumeRoot = 256;

struct Snapshot {
  NtTime taken;
  std::string path;
};

std::optional<NtTime> time_in_name(const std::string& name, const std::string& format) {
  struct tm tm{};
  const char* end = ::strptime(name.c_str(), format.c_str(), &tm);
  if (end == nullptr || *end != '\0') return std::nullopt;
  time_t seconds = ::timegm(&tm);
  return NtTime::from_unix(seconds, 0);
}

std::optional<NtTime> time_of_subvolume(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0 || st.st_ino != kSubvolumeRoot) return std::nullopt;
  btrfs_ioctl_get_subvol_info_args info{};
  if (::ioctl(fd.get(), BTRFS_IOC_GET_SUBVOL_INFO, &info) != 0) return std::nullopt;
  return NtTime::from_unix(static_cast<std::int64_t>(info.otime.sec), 0);
}

template <class Visit>
void for_each_directory(const fs::path& directory, Visit&& visit) {
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (++seen > kMaxEntries) return;
    std::error_code ignored;
    if (it->symlink_status(ignored).type() == fs::file_type::directory) visit(it->path());
  }
}

class DirectorySnapshots final : public ports::SnapshotProvider,
                                 public std::enable_shared_from_this<DirectorySnapshots> {
 public:
  explicit DirectorySnapshots(SnapshotOptions options) : options_(std::move(options)) {}

  Task<Result<std::vector<NtTime>>> list(ports::IoContext io) override {
    auto self = shared_from_this();
    co_return co_await ports::run_blocking(io.loop, [self]() -> Result<std::vector<NtTime>> {
      std::vector<NtTime> times;
      for (const Snapshot& s : self->find_now()) times.push_back(s.taken);
      return times;
    });
  }

  Task<Result<std::shared_ptr<ports::Vfs>>> open(ports::IoContext io, NtTime taken) override {
    auto self = shared_from_this();
    co_return co_await ports::run_blocking(io.loop,
                                           [self, taken] { return self->open_now(taken); });
  }

 private:
  std::vector<Snapshot> find_now() const {
    std::vector<Snapshot> found;
    auto add = [&](const fs::path& path, std::optional<NtTime> taken) {
      if (taken) found.push_back({*taken, path.string()});
      return taken.has_value();
    };
    for_each_directory(options_.directory, [&](const fs::path& path) {
      if (options_.kind == SnapshotOptions::Kind::kNamed) {
        add(path, time_in_name(path.filename().string(), options_.format));
      } else if (!add(path, time_of_subvolume(path.string()))) {
        for_each_directory(
            path, [&](const fs::path& below) { add(below, time_of_subvolume(below.string())); });
      }
    });
    std::ranges::sort(found, [](auto& a, auto& b) {
      return a.taken != b.taken ? a.taken > b.taken : a.path < b.path;
    });
    auto same = [](auto& a, auto& b) { return a.taken == b.taken; };
    found.erase(std::unique(found.begin(), found.end(), same), found.end());
    if (found.size() > limits::kMaxSnapshots) found.resize(limits::kMaxSnapshots);
    return found;
  }

  Result<std::shared_ptr<ports::Vfs>> open_now(NtTime taken) const {
    constexpr std::uint64_t kSecond = 10'000'000;
    for (const Snapshot& s : find_now()) {
      if (s.taken.ticks / kSecond != taken.ticks / kSecond) continue;
      PosixVfsOptions how;
      how.root = options_.path_within.empty() ? s.path : s.path + "/" + options_.path_within;
      how.acts_as_users = options_.acts_as_users;
      auto vfs = open_posix_vfs(std::move(how));
      if (!vfs) return fail(NtStatus::kObjectNameNotFound);
      return std::move(*vfs);
    }
    return fail(NtStatus::kObjectNameNotFound);
  }

  const SnapshotOptions options_;
};

}  // namespace

std::shared_ptr<ports::SnapshotProvider> make_snapshot_provider(SnapshotOptions options) {
  return std::make_shared<DirectorySnapshots>(std::move(options));
}

}  // namespace holdfast::platform
