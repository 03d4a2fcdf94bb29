// SPDX-License-Identifier: Apache-2.0
#include "platform/users/nss_accounts.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace holdfast::platform {
namespace {

constexpr std::uint64_t kKeep_s = 60;
constexpr std::size_t kMaxEntries = 10'000;
constexpr std::size_t kMaxRecord = 1u << 20;
constexpr int kMaxGroups = 65'536;

std::uint64_t monotonic_s() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

std::optional<service::UnixAccount> look_up(const std::string& name) {
  std::vector<char> buffer(4096);
  struct passwd record;
  struct passwd* found = nullptr;
  int error;
  while ((error = ::getpwnam_r(name.c_str(), &record, buffer.data(), buffer.size(), &found)) ==
         ERANGE) {
    if (buffer.size() >= kMaxRecord) return std::nullopt;
    buffer.resize(buffer.size() * 2);
  }
  if (error != 0 || found == nullptr) return std::nullopt;
  std::vector<gid_t> groups(64);
  for (;;) {
    int count = static_cast<int>(groups.size());
    if (::getgrouplist(found->pw_name, found->pw_gid, groups.data(), &count) >= 0) {
      groups.resize(static_cast<std::size_t>(count));
      break;
    }
    if (groups.size() >= kMaxGroups) return std::nullopt;
    // count is how many there are, but not from every C library.
    groups.resize(std::max<std::size_t>(groups.size() * 2, static_cast<std::size_t>(count)));
  }
  return service::UnixAccount{found->pw_uid, found->pw_gid, {groups.begin(), groups.end()}};
}

}  // namespace

std::optional<service::UnixAccount> NssAccounts::find(const std::string& name) {
  const std::uint64_t now_s = monotonic_s();
  {
    Lock lock(mutex_);
    const auto at = cache_.find(name);
    if (at != cache_.end() && now_s < at->second.expires_s) return at->second.account;
  }
  // Outside the lock: others shall not wait for a slow directory.
  std::optional<service::UnixAccount> account = look_up(name);
  Lock lock(mutex_);
  if (cache_.size() >= kMaxEntries) cache_.clear();
  cache_[name] = {account, now_s + kKeep_s};
  return account;
}

void NssAccounts::clear() {
  Lock lock(mutex_);
  cache_.clear();
}

}  // namespace holdfast::platform
