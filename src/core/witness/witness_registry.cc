// SPDX-License-Identifier: Apache-2.0
#include "core/witness/witness_registry.h"

#include <algorithm>
#include <set>

namespace holdfast::core {

namespace witness = wire::rpc::witness;
using witness::Notification;
using witness::NotificationType;
using witness::NotifyResponse;

namespace {

/// Names of servers, shares and clients are compared as Windows compares them; ASCII is what DNS
/// and NetBIOS allow, and share names go through the same fold.
bool same(const std::string& a, const std::string& b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool among(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::any_of(names, [&](const std::string& n) { return same(n, name); });
}

/// Of a RegisterRequest whose needed members are there.
std::uint32_t check(const witness::RegisterRequest& q, bool extended, const WitnessServer& server) {
  using namespace witness::error;
  if (q.version != (extended ? witness::kVersion2 : witness::kVersion1)) return kRevisionMismatch;
  if (!q.net_name || !q.ip_address || !q.client_computer_name) return kInvalidParameter;
  if (!among(server.names, *q.net_name)) return kInvalidParameter;
  if (!server.addresses.empty() && !among(server.addresses, *q.ip_address)) return kInvalidState;
  if (extended && q.share_name && !among(server.shares, *q.share_name)) return kInvalidState;
  return kSuccess;
}

}  // namespace

witness::HandleResponse WitnessRegistry::add(const witness::RegisterRequest& request, bool extended,
                                             const WitnessServer& server,
                                             const std::array<std::uint8_t, 16>& key,
                                             std::uint64_t now_us) {
  if (std::uint32_t status = check(request, extended, server); status != witness::error::kSuccess)
    return {{}, status};
  Handle handle{};
  std::ranges::copy(key, handle.begin() + 4);
  Lock lock(mutex_);
  bool is_none = handle == Handle{};
  if (is_none || registrations_.size() >= kMaxRegistrations || registrations_.contains(handle))
    return {{}, witness::error::kNoSystemResources};
  Registration& r = registrations_[handle];
  r.net_name = *request.net_name;
  r.ip_address = *request.ip_address;
  r.client = *request.client_computer_name;
  r.last_use_us = now_us;
  if (extended) {
    r.share_name = request.share_name.value_or("");
    r.wants_addresses = (request.flags & witness::kRegisterIpNotification) != 0;
    r.keep_alive_us = std::uint64_t{request.keep_alive_timeout_s} * 1'000'000;
  }
  return {handle, witness::error::kSuccess};
}

std::uint32_t WitnessRegistry::remove(const Handle& handle) {
  Lock lock(mutex_);
  // Windows' value for a handle that is not known (3.1.4.3).
  return registrations_.erase(handle) != 0 ? witness::error::kSuccess
                                           : witness::error::kInvalidParameter;
}

std::optional<Notification> WitnessRegistry::next(Registration& r) {
  Notification n;
  auto move = [&](NotificationType type, std::optional<Addresses>& addresses) {
    n.type = type;
    n.address_lists.push_back(std::move(*addresses));
    addresses.reset();
    return n;
  };
  if (!r.changes.empty()) {
    n.type = NotificationType::kResourceChange;
    n.changes = std::exchange(r.changes, {});
    return n;
  }
  if (r.move) return move(NotificationType::kClientMove, r.move);
  if (r.share_move) return move(NotificationType::kShareMove, r.share_move);
  if (r.addresses) return move(NotificationType::kIpChange, r.addresses);
  return std::nullopt;
}

std::optional<NotifyResponse> WitnessRegistry::notify(const Handle& handle, std::uint64_t now_us) {
  Lock lock(mutex_);
  auto found = registrations_.find(handle);
  if (found == registrations_.end()) return NotifyResponse{{}, witness::error::kNotFound};
  Registration& r = found->second;
  // One request waits for a registration; another one would not know which of them is answered.
  if (r.waits) return NotifyResponse{{}, witness::error::kInvalidState};
  r.last_use_us = now_us;
  r.waits = true;
  return answer(r);
}

std::optional<NotifyResponse> WitnessRegistry::take(const Handle& handle) {
  Lock lock(mutex_);
  auto found = registrations_.find(handle);
  if (found == registrations_.end()) return NotifyResponse{{}, witness::error::kNotFound};
  return answer(found->second);
}

std::optional<NotifyResponse> WitnessRegistry::answer(Registration& r) {
  auto notification = next(r);
  if (!notification) return std::nullopt;
  r.waits = false;
  return NotifyResponse{std::move(notification), witness::error::kSuccess};
}

template <class Concerns, class Store>
WitnessRegistry::Handles WitnessRegistry::tell(Concerns concerns, Store store) {
  Handles woken;
  Lock lock(mutex_);
  for (auto& [handle, registration] : registrations_) {
    if (!concerns(registration)) continue;
    store(registration);
    if (registration.waits) woken.push_back(handle);
  }
  return woken;
}

WitnessRegistry::Handles WitnessRegistry::resource_changed(const std::string& resource,
                                                           witness::State state) {
  return tell(
      [&](const Registration& r) {
        return same(r.net_name, resource) || same(r.ip_address, resource);
      },
      [&](Registration& r) {
        std::erase_if(r.changes, [&](const auto& c) { return same(c.resource_name, resource); });
        if (r.changes.size() >= kMaxPendingChanges) r.changes.erase(r.changes.begin());
        r.changes.push_back({state, resource});
      });
}

WitnessRegistry::Handles WitnessRegistry::client_moves(const std::string& client,
                                                       const Addresses& to) {
  return tell([&](const Registration& r) { return same(r.client, client); },
              [&](Registration& r) { r.move = to; });
}

WitnessRegistry::Handles WitnessRegistry::share_moves(const std::string& client,
                                                      const std::string& share,
                                                      const Addresses& to) {
  return tell(
      [&](const Registration& r) {
        return !r.share_name.empty() && same(r.client, client) && same(r.share_name, share);
      },
      [&](Registration& r) { r.share_move = to; });
}

WitnessRegistry::Handles WitnessRegistry::addresses_changed(const Addresses& now) {
  return tell([](const Registration& r) { return r.wants_addresses; },
              [&](Registration& r) { r.addresses = now; });
}

WitnessRegistry::Handles WitnessRegistry::expire(std::uint64_t now_us) {
  Handles timed_out;
  Lock lock(mutex_);
  for (auto& [handle, r] : registrations_) {
    // Without a keep-alive time (version 1) a request waits for ever.
    if (!r.waits || r.keep_alive_us == 0 || now_us - r.last_use_us < r.keep_alive_us) continue;
    r.waits = false;
    r.last_use_us = now_us;
    timed_out.push_back(handle);
  }
  std::erase_if(registrations_, [&](const auto& entry) {
    const Registration& r = entry.second;
    return !r.waits && now_us - r.last_use_us >= kUnusedTimeout_us;
  });
  return timed_out;
}

std::size_t WitnessRegistry::size() const {
  Lock lock(mutex_);
  return registrations_.size();
}

std::vector<std::string> WitnessRegistry::clients() const {
  std::set<std::string> names;
  Lock lock(mutex_);
  for (const auto& [handle, r] : registrations_) names.insert(r.client);
  return {names.begin(), names.end()};
}

}  // namespace holdfast::core
