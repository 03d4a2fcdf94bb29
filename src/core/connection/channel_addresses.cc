// SPDX-License-Identifier: Apache-2.0
#include "core/connection/channel_addresses.h"

#include <algorithm>

namespace holdfast::core {
namespace {

/// How far an address is valid (RFC 4007).
enum class Scope : std::uint8_t { kMachine, kLink, kGlobal };

Scope scope_of(const ports::Endpoint& e) {
  const auto& a = e.address;
  if (e.is_v4()) {
    if (a[12] == 127) return Scope::kMachine;
    return a[12] == 169 && a[13] == 254 ? Scope::kLink : Scope::kGlobal;
  }
  static constexpr std::array<std::uint8_t, 16> kLoopback{0, 0, 0, 0, 0, 0, 0, 0,
                                                          0, 0, 0, 0, 0, 0, 0, 1};
  if (a == kLoopback) return Scope::kMachine;
  return a[0] == 0xFE && (a[1] & 0xC0) == 0x80 ? Scope::kLink : Scope::kGlobal;
}

bool covers(const ports::Endpoint& listener, const ports::Endpoint& address) {
  static constexpr std::array<std::uint8_t, 16> kAny{};
  if (listener.address == kAny || listener.address == address.address) return true;
  return listener.address == ports::Endpoint::v4(0, 0, 0, 0, 0).address && address.is_v4();
}

}  // namespace

std::vector<ports::NetworkAddress> channel_addresses(
    const std::vector<ports::NetworkAddress>& machine,
    const std::vector<ports::Endpoint>& listening, const ports::Endpoint& local) {
  std::vector<ports::NetworkAddress> told;
  for (const ports::NetworkAddress& candidate : machine) {
    Scope scope = scope_of(candidate.address);
    if (scope != Scope::kGlobal && scope != scope_of(local)) continue;
    bool reachable = std::ranges::any_of(listening, [&](const ports::Endpoint& listener) {
      return listener.port == local.port && covers(listener, candidate.address);
    });
    bool known = std::ranges::any_of(
        told, [&](const ports::NetworkAddress& t) { return t.address == candidate.address; });
    if (reachable && !known) told.push_back(candidate);
  }
  return told;
}

}  // namespace holdfast::core
