// SPDX-License-Identifier: Apache-2.0
#include "platform/interfaces/system_interfaces.h"

#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <fstream>
#include <memory>

#include "platform/loop/socket.h"

namespace holdfast::platform {
namespace {

constexpr std::uint64_t kUnknownSpeed = 1'000'000'000;

}  // namespace

SystemInterfaces::SystemInterfaces(std::string sysfs) : sysfs_(std::move(sysfs)) {}

std::uint64_t SystemInterfaces::speed_of(const std::string& interface) const {
  std::ifstream file(sysfs_ + "/" + interface + "/speed");
  // Mbit/s; -1, or an error, when the driver does not know.
  std::int64_t speed = 0;
  if (!(file >> speed) || speed <= 0) return kUnknownSpeed;
  return static_cast<std::uint64_t>(speed) * 1'000'000;
}

bool SystemInterfaces::has_rss(const std::string& interface) const {
  std::unique_ptr<DIR, int (*)(DIR*)> queues(
      ::opendir((sysfs_ + "/" + interface + "/queues").c_str()), &::closedir);
  if (queues == nullptr) return false;
  int count = 0;
  while (const dirent* entry = ::readdir(queues.get()))
    if (std::strncmp(entry->d_name, "rx-", 3) == 0) ++count;
  return count > 1;
}

std::vector<ports::NetworkAddress> SystemInterfaces::addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(list, &::freeifaddrs);
  std::vector<ports::NetworkAddress> out;
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0 ||
        (at->ifa_flags & IFF_RUNNING) == 0)
      continue;
    int family = at->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, at->ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    // An alias ("eth0:1") belongs to the interface before the colon.
    std::string name(at->ifa_name, std::strcspn(at->ifa_name, ":"));
    ports::NetworkAddress& a = out.emplace_back();
    a.address = to_endpoint(storage);
    a.address.port = 0;
    a.interface_index = ::if_nametoindex(name.c_str());
    a.bits_per_second = speed_of(name);
    a.rss = has_rss(name);
    if (a.interface_index == 0) out.pop_back();
  }
  return out;
}

}  // namespace holdfast::platform
