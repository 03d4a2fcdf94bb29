// SPDX-License-Identifier: Apache-2.0
#include "core/witness/witness_registry.h"

#include <algorithm>

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

/// Whether a client means this server: by one of its names, or by one with a domain behind it.
bool means(const std::vector<std::string>& names, const std::string& net_name) {
  return among(names, net_name) || among(names, net_name.substr(0, net_name.find('.')));
}

/// Of a RegisterRequest whose needed members are there.
std::uint32_t check(const witness::RegisterRequest& q, bool extended, const WitnessServer& server) {
  using namespace witness::error;
  if (q.version != (extended ? witness::kVersion2 : witness::kVersion1)) return kRevisionMismatch;
  if (!q.net_name || !q.ip_address || !q.client_computer_name) return kInvalidParameter;
  if (!means(server.names, *q.net_name)) return kInvalidParameter;
  if (!server.addresses.empty() && !among(server.addresses, *q.ip_address)) return kInvalidState;
  if (extended && q.share_name && !among(server.shares, *q.share_name)) return kInvalidState;
  return kSuccess;
}

}  // namespace

witness::HandleResponse WitnessRegistry::add(const witness::RegisterRequest& request, bool extended,
                                             const WitnessServer& server, const WitnessOwner& owner,
                                             const std::array<std::uint8_t, 16>& key,
                                             std::uint64_t now_us) {
  if (std::uint32_t status = check(request, extended, server); status != witness::error::kSuccess)
    return {{}, status};
  Handle handle{};
  std::ranges::copy(key, handle.begin() + 4);
  Lock lock(mutex_);
  bool is_none = handle == Handle{};
  auto owned = owned_.find(owner.sid);
  if (owned != owned_.end() && owned->second >= kMaxPerOwner)
    return {{}, witness::error::kNoSystemResources};
  if (is_none || registrations_.size() >= kMaxRegistrations || registrations_.contains(handle))
    return {{}, witness::error::kNoSystemResources};
  Registration& r = registrations_[handle];
  r.net_name = *request.net_name;
  r.ip_address = *request.ip_address;
  r.client = *request.client_computer_name;
  r.owner = owner;
  ++owned_[owner.sid];
  r.version = request.version;
  r.since_us = r.last_use_us = now_us;
  if (extended) {
    r.share_name = request.share_name.value_or("");
    r.wants_addresses = (request.flags & witness::kRegisterIpNotification) != 0;
    r.keep_alive_us = std::uint64_t{request.keep_alive_timeout_s} * 1'000'000;
  }
  return {handle, witness::error::kSuccess};
}

std::uint32_t WitnessRegistry::remove(const Handle& handle, const std::string& sid) {
  Lock lock(mutex_);
  auto found = registrations_.find(handle);
  // Windows' value for a handle that is not known (3.1.4.3).
  if (found == registrations_.end() || found->second.owner.sid != sid)
    return witness::error::kInvalidParameter;
  forget_if([&](const auto& entry) { return entry.first == handle; });
  return witness::error::kSuccess;
}

template <class Which>
void WitnessRegistry::forget_if(Which which) {
  std::erase_if(registrations_, [&](const auto& entry) {
    if (!which(entry)) return false;
    auto owned = owned_.find(entry.second.owner.sid);
    if (--owned->second == 0) owned_.erase(owned);
    return true;
  });
}

void WitnessRegistry::remove_group(std::uint32_t group) {
  Lock lock(mutex_);
  forget_if([&](const auto& entry) { return entry.second.owner.group == group; });
}

void WitnessRegistry::stop_waiting(const Handle& handle, std::uint64_t now_us) {
  Lock lock(mutex_);
  auto found = registrations_.find(handle);
  if (found == registrations_.end()) return;
  found->second.waits = false;
  found->second.last_use_us = now_us;
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

std::optional<NotifyResponse> WitnessRegistry::notify(const Handle& handle, const std::string& sid,
                                                      std::uint64_t now_us) {
  Lock lock(mutex_);
  auto found = registrations_.find(handle);
  if (found == registrations_.end() || found->second.owner.sid != sid)
    return NotifyResponse{{}, witness::error::kNotFound};
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
WitnessRegistry::Told WitnessRegistry::tell(Concerns concerns, Store store) {
  Told told;
  Lock lock(mutex_);
  for (auto& [handle, registration] : registrations_) {
    if (!concerns(registration)) continue;
    store(registration);
    ++told.concerned;
    if (registration.waits) told.woken.push_back(handle);
  }
  return told;
}

void WitnessRegistry::add_change(Registration& r, const std::string& resource,
                                 witness::State state) {
  std::erase_if(r.changes, [&](const auto& c) { return same(c.resource_name, resource); });
  if (r.changes.size() >= kMaxPendingChanges) r.changes.erase(r.changes.begin());
  r.changes.push_back({state, resource});
}

WitnessRegistry::Told WitnessRegistry::resource_changed(const std::string& resource,
                                                        witness::State state) {
  return tell(
      [&](const Registration& r) {
        return same(r.net_name, resource) || same(r.ip_address, resource);
      },
      [&](Registration& r) { add_change(r, resource, state); });
}

WitnessRegistry::Told WitnessRegistry::server_changed(witness::State state) {
  return tell([](const Registration&) { return true; },
              [&](Registration& r) { add_change(r, r.net_name, state); });
}

WitnessRegistry::Told WitnessRegistry::client_moves(const std::optional<std::string>& client,
                                                    const Addresses& to) {
  return tell([&](const Registration& r) { return !client || same(r.client, *client); },
              [&](Registration& r) { r.move = to; });
}

WitnessRegistry::Told WitnessRegistry::share_moves(const std::optional<std::string>& client,
                                                   const std::string& share, const Addresses& to) {
  return tell(
      [&](const Registration& r) {
        return !r.share_name.empty() && (!client || same(r.client, *client)) &&
               same(r.share_name, share);
      },
      [&](Registration& r) { r.share_move = to; });
}

WitnessRegistry::Told WitnessRegistry::addresses_changed(const Addresses& now) {
  return tell([](const Registration& r) { return r.wants_addresses; },
              [&](Registration& r) { r.addresses = now; });
}

WitnessRegistry::Handles WitnessRegistry::expire(std::uint64_t now_us) {
  Handles timed_out;
  Lock lock(mutex_);
  for (auto& [handle, r] : registrations_) {
    // MS-SWN 3.1.5.2; 0 is a time like any other: its requests end with the next look at the time.
    if (!r.waits || !r.keep_alive_us || now_us - r.last_use_us < *r.keep_alive_us) continue;
    r.waits = false;
    r.last_use_us = now_us;
    timed_out.push_back(handle);
  }
  forget_if([&](const auto& entry) {
    const Registration& r = entry.second;
    return !r.waits && now_us - r.last_use_us >= kUnusedTimeout_us;
  });
  return timed_out;
}

std::size_t WitnessRegistry::size() const {
  Lock lock(mutex_);
  return registrations_.size();
}

std::size_t WitnessRegistry::untold() const {
  Lock lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      registrations_, [](const auto& entry) { return entry.second.has_news(); }));
}

std::vector<WitnessListing> WitnessRegistry::list() const {
  std::vector<WitnessListing> out;
  Lock lock(mutex_);
  for (const auto& [handle, r] : registrations_)
    out.push_back({r.client, r.owner.user, r.net_name, r.share_name, r.ip_address, r.version,
                   r.waits, r.has_news(), r.since_us});
  return out;
}

}  // namespace holdfast::core
