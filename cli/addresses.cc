// SPDX-License-Identifier: Apache-2.0
#include "cli/addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "platform/loop/socket.h"

namespace holdfast::cli {
namespace {

std::string percent_encoded(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto octet = static_cast<unsigned char>(c);
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 std::string_view("-._~$").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += {'%', kHex[octet >> 4], kHex[octet & 15]};
  }
  return out;
}

/// For a shell, quoted only when needed.
std::string shell_word(const std::string& text) {
  bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._/:=,@%+").find(c) != std::string_view::npos;
  });
  if (plain && !text.empty()) return text;
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// 0: any interface's, 1: IPv6, 2: loopback.
int rank(const ports::Endpoint& at) {
  bool loopback = at.is_v4() ? at.address[12] == 127 : at.address_string() == "::1";
  return loopback ? 2 : at.is_v4() ? 0 : 1;
}

}  // namespace

std::string smb_url(const ShareAddress& at) {
  std::string host = at.is_v6 ? "[" + at.host + "]" : at.host;
  return "smb://" + (at.user.empty() ? "" : percent_encoded(at.user) + "@") + host +
         (at.port == 445 ? "" : ":" + std::to_string(at.port)) + "/" + percent_encoded(at.share);
}

std::string windows_path(const ShareAddress& at) {
  if (at.port != 445) return "";
  std::string host = at.host;
  if (at.is_v6) {
    std::ranges::replace(host, ':', '-');
    host += ".ipv6-literal.net";
  }
  return "\\\\" + host + "\\" + at.share;
}

std::string mount_command(const ShareAddress& at) {
  std::string options = at.user.empty() ? "guest" : "username=" + at.user;
  if (at.port != 445) options = "port=" + std::to_string(at.port) + "," + options;
  return "mount -t cifs " + shell_word("//" + at.host + "/" + at.share) + " /mnt -o " +
         shell_word(options);
}

std::string smbclient_command(const ShareAddress& at) {
  return "smbclient " + shell_word("//" + at.host + "/" + at.share) +
         (at.port == 445 ? "" : " -p " + std::to_string(at.port)) +
         (at.user.empty() ? " -N" : " -U " + shell_word(at.user));
}

std::vector<ports::Endpoint> reachable(const ports::Endpoint& listener) {
  bool all_v6 =
      std::ranges::all_of(listener.address, [](std::uint8_t octet) { return octet == 0; });
  bool all_v4 = listener.is_v4() && listener.address_string() == "0.0.0.0";
  if (!all_v6 && !all_v4) return {listener};
  std::vector<ports::Endpoint> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {ports::Endpoint::v4(127, 0, 0, 1, listener.port)};
  for (ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || (i->ifa_flags & IFF_UP) == 0) continue;
    int family = i->ifa_addr->sa_family;
    if (family != AF_INET && (family != AF_INET6 || all_v4)) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, i->ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    ports::Endpoint at = platform::to_endpoint(storage);
    at.port = listener.port;
    // fe80::/10 needs the name of the interface, which differs on the client.
    if (!at.is_v4() && at.address[0] == 0xFE && (at.address[1] & 0xC0) == 0x80) continue;
    found.push_back(at);
  }
  ::freeifaddrs(list);
  std::ranges::sort(found, {}, [](const auto& at) { return std::pair(rank(at), at); });
  return found;
}

}  // namespace holdfast::cli
