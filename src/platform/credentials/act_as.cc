// SPDX-License-Identifier: Apache-2.0
#include "platform/credentials/act_as.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/assert.h"

namespace holdfast::platform {
namespace {

constexpr auto kUnchanged = static_cast<std::uint32_t>(-1);

/// Who the process is when nobody acts through it; it never changes after start.
struct ServiceAccount {
  std::uint32_t uid = ::geteuid();
  std::uint32_t gid = ::getegid();
  std::vector<gid_t> groups;

  ServiceAccount() {
    int count = ::getgroups(0, nullptr);
    groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    count = ::getgroups(count, groups.data());
    groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  }
};

const ServiceAccount& service_account() {
  static const ServiceAccount account;
  return account;
}

// The raw calls change the calling thread only; those of the C library signal all threads.
bool set_groups(const std::vector<gid_t>& groups) {
  return ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}
bool set_effective_gid(std::uint32_t gid) {
  return ::syscall(SYS_setresgid, kUnchanged, gid, kUnchanged) == 0;
}
bool set_effective_uid(std::uint32_t uid) {
  return ::syscall(SYS_setresuid, kUnchanged, uid, kUnchanged) == 0;
}

bool is_service_account(const ports::Credentials& c) {
  const ServiceAccount& self = service_account();
  return c.uid == self.uid && c.gid == self.gid && (c.uid == 0 || c.groups == self.groups);
}

void restore() {
  const ServiceAccount& self = service_account();
  // The user id first: the others need the capabilities that come back with it.
  bool restored =
      set_effective_uid(self.uid) && set_effective_gid(self.gid) && set_groups(self.groups);
  HF_ASSERT(restored);
}

}  // namespace

ActAs::ActAs(const ports::Credentials& c) {
  if (!c.act_as_user || is_service_account(c)) return;
  // -1 would mean "unchanged" to the kernel, that is: stay root.
  if (c.uid == kUnchanged || c.gid == kUnchanged) {
    ok_ = false;
    return;
  }
  switched_ = set_groups(c.groups) && set_effective_gid(c.gid) && set_effective_uid(c.uid);
  if (switched_) return;
  ok_ = false;
  restore();
}

ActAs::~ActAs() {
  if (switched_) restore();
}

void obey_quotas() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  static_assert(CAP_SYS_RESOURCE < 32);
  constexpr std::uint32_t kBit = 1u << CAP_SYS_RESOURCE;
  if (::syscall(SYS_capget, &header, data) != 0) return;
  // Also of what is permitted: coming back to user 0 makes all of that effective.
  data[0].effective &= ~kBit;
  data[0].permitted &= ~kBit;
  data[0].inheritable &= ~kBit;
  bool done = ::syscall(SYS_capset, &header, data) == 0;
  HF_ASSERT(done);  // giving up is always allowed
}

std::expected<void, std::string> check_can_act_as_users() {
  if (service_account().uid != 0)
    return std::unexpected(
        "acting as the authenticated Unix user needs root; run the server as root, or serve "
        "everything as the service account");
  // A root that lacks the capability (a container) is found out by trying.
  ports::Credentials nobody{.act_as_user = true, .uid = 65534, .gid = 65534, .groups = {}};
  if (!ActAs(nobody).ok())
    return std::unexpected(
        "the server is root but may not change user (CAP_SETUID and CAP_SETGID are missing, or the "
        "user namespace does not map other users); serve everything as the service account");
  return {};
}

}  // namespace holdfast::platform
