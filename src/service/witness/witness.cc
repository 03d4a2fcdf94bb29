// SPDX-License-Identifier: Apache-2.0
#include "service/witness/witness.h"

#include <algorithm>
#include <utility>

namespace holdfast::service {

namespace witness = wire::rpc::witness;
using witness::NotifyResponse;

namespace {

/// Keep-alive times are in seconds.
constexpr std::uint64_t kTick_us = 1'000'000;
/// How often the machine's addresses are compared with what they were, in ticks.
constexpr unsigned kCompareAddressesEvery = 5;

core::WitnessRegistry::Addresses addresses_of(const std::vector<ports::Endpoint>& endpoints) {
  core::WitnessRegistry::Addresses out;
  for (const ports::Endpoint& endpoint : endpoints) {
    witness::AddressInfo& info = out.emplace_back();
    info.flags = witness::address_flag::kOnline;
    if (endpoint.is_v4()) {
      info.flags |= witness::address_flag::kIpv4;
      std::copy_n(endpoint.address.begin() + 12, 4, info.ipv4.begin());
    } else {
      info.flags |= witness::address_flag::kIpv6;
      info.ipv6 = endpoint.address;
    }
  }
  return out;
}

std::string joined(const std::vector<ports::Endpoint>& endpoints) {
  std::string text;
  for (const ports::Endpoint& endpoint : endpoints)
    text += (text.empty() ? "" : ", ") + endpoint.address_string();
  return text;
}

std::vector<ports::Endpoint> endpoints_of(const std::vector<ports::NetworkAddress>& addresses) {
  std::vector<ports::Endpoint> out;
  for (const ports::NetworkAddress& address : addresses) out.push_back(address.address);
  std::ranges::sort(out);
  return out;
}

}  // namespace

void Witness::start(ports::Executor& loop) {
  std::vector<ports::NetworkAddress> machine = environment_.machine();
  {
    Lock lock(mutex_);
    loop_ = &loop;
    machine_ = std::move(machine);
  }
  loop.post([weak = weak_from_this(), &loop] {
    if (auto self = weak.lock()) self->tick_later(loop);
  });
}

void Witness::stop() {
  Lock lock(mutex_);
  loop_ = nullptr;
  parked_.clear();
}

void Witness::tick_later(ports::Executor& loop) {
  loop.start_timer(kTick_us, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->tick();
  });
}

void Witness::tick() {
  ports::Executor* loop = nullptr;
  {
    Lock lock(mutex_);
    loop = loop_;
  }
  if (loop == nullptr) return;
  for (const Handle& handle : registry_.expire(now_us()))
    if (auto parked = unpark(handle))
      answer(std::move(*parked), NotifyResponse{{}, witness::error::kTimeout});
  if (++ticks_ % kCompareAddressesEvery == 0) compare_addresses(*loop);
  tick_later(*loop);
}

/// MS-SWN 3.1.6.4. The kernel's word would come sooner; that of a few seconds is soon enough for a
/// list of addresses to try.
void Witness::compare_addresses(ports::Executor& loop) {
  auto found = std::make_shared<std::vector<ports::NetworkAddress>>();
  loop.run_blocking([found, machine = environment_.machine] { *found = machine(); },
                    [found, weak = weak_from_this()] {
                      if (auto self = weak.lock()) self->take_addresses(std::move(*found));
                    });
}

void Witness::take_addresses(std::vector<ports::NetworkAddress> now) {
  std::vector<ports::NetworkAddress> before;
  {
    Lock lock(mutex_);
    before = std::exchange(machine_, now);
  }
  // Those that mean something to any client: none of the loopback or of one link.
  const std::vector<ports::Endpoint> endpoints = endpoints_of(environment_.reachable(now, {}));
  if (endpoints == endpoints_of(environment_.reachable(before, {}))) return;
  wake(registry_.addresses_changed(addresses_of(endpoints)));
}

std::optional<Witness::Parked> Witness::unpark(const Handle& handle, std::uint64_t only_id) {
  Lock lock(mutex_);
  auto found = parked_.find(handle);
  if (found == parked_.end() || (only_id != 0 && found->second.id != only_id)) return std::nullopt;
  Parked parked = std::move(found->second);
  parked_.erase(found);
  return parked;
}

void Witness::give_up(const Handle& handle, std::uint64_t id) {
  if (unpark(handle, id)) registry_.stop_waiting(handle, now_us());
}

/// On the loop: whoever has the answer may hold the very association that it goes to.
void Witness::answer(Parked parked, const NotifyResponse& response) {
  Buffer stub(256);
  witness::encode_notify_response(response, stub);
  Lock lock(mutex_);
  if (loop_ == nullptr) return;
  loop_->post(
      [call = std::move(parked.call), octets = to_vec(stub.view())] { call->answer(octets); });
}

std::size_t Witness::wake(const core::WitnessRegistry::Told& told) {
  for (const Handle& handle : told.woken) {
    // Whoever gets hold of the call takes the news; it is given up, or another does.
    auto parked = unpark(handle);
    if (!parked) continue;
    if (auto response = registry_.take(handle)) {
      answer(std::move(*parked), *response);
    } else {
      Lock lock(mutex_);
      parked_.try_emplace(handle, std::move(*parked));
    }
  }
  return told.concerned;
}

std::size_t Witness::announce_unavailable(const std::vector<ports::Endpoint>& elsewhere) {
  std::size_t concerned = 0;
  if (!elsewhere.empty()) concerned = move(std::nullopt, std::nullopt, elsewhere);
  const std::size_t told = wake(registry_.server_changed(witness::State::kUnavailable));
  environment_.events.emit({Severity::kNotice,
                            "witness.unavailable",
                            "Told " + std::to_string(std::max(told, concerned)) +
                                " registered client(s) that this server goes.",
                            {}});
  return std::max(told, concerned);
}

std::size_t Witness::announce_available() {
  const std::size_t told = wake(registry_.server_changed(witness::State::kAvailable));
  environment_.events.emit(
      {Severity::kNotice,
       "witness.available",
       "Told " + std::to_string(told) + " registered client(s) that this server is there.",
       {}});
  return told;
}

std::size_t Witness::move(const std::optional<std::string>& client,
                          const std::optional<std::string>& share,
                          const std::vector<ports::Endpoint>& to) {
  const core::WitnessRegistry::Addresses addresses = addresses_of(to);
  const std::size_t told = wake(share ? registry_.share_moves(client, *share, addresses)
                                      : registry_.client_moves(client, addresses));
  environment_.events.emit({Severity::kNotice,
                            "witness.moved",
                            "Told " + std::to_string(told) + " registration(s) of " +
                                (client ? "client " + *client : "all clients") +
                                (share ? " for share \"" + *share + "\"" : "") + " to move to " +
                                joined(to) + ".",
                            {}});
  return told;
}

witness::InterfaceListResponse Witness::interfaces(const ports::Endpoint& local) {
  std::vector<ports::NetworkAddress> machine;
  {
    Lock lock(mutex_);
    machine = machine_;
  }
  witness::InterfaceListResponse response;
  const core::WitnessServer server = environment_.server();
  for (const ports::NetworkAddress& address : environment_.reachable(machine, local)) {
    if (response.interfaces.size() == witness::kMaxInterfaces) break;
    witness::InterfaceInfo& info = response.interfaces.emplace_back();
    info.group_name = server.names.empty() ? "" : server.names.front();
    info.flags = witness::interface_flag::kWitness;
    if (address.address.is_v4()) {
      info.flags |= witness::interface_flag::kIpv4;
      std::copy_n(address.address.address.begin() + 12, 4, info.ipv4.begin());
    } else {
      info.flags |= witness::interface_flag::kIpv6;
      info.ipv6 = address.address.address;
    }
  }
  // MS-SWN 3.1.4.1.
  if (response.interfaces.empty()) response.status = witness::error::kNoMoreItems;
  return response;
}

witness::HandleResponse Witness::add(const witness::RegisterRequest& request, bool extended,
                                     const core::WitnessOwner& owner) {
  std::array<std::uint8_t, 16> key;
  environment_.random.fill(key);
  witness::HandleResponse response =
      registry_.add(request, extended, environment_.server(), owner, key, now_us());
  if (response.status == witness::error::kSuccess)
    environment_.events.emit({Severity::kInfo,
                              "witness.registered",
                              "Client " + *request.client_computer_name + " (" + owner.user +
                                  ") registered for news of " + *request.net_name + ".",
                              {}});
  return response;
}

std::uint32_t Witness::remove(const Handle& handle, const std::string& sid) {
  const std::uint32_t status = registry_.remove(handle, sid);
  // A request that still waits for this registration's news has none to wait for.
  if (status == witness::error::kSuccess)
    if (auto parked = unpark(handle))
      answer(std::move(*parked), NotifyResponse{{}, witness::error::kNotFound});
  return status;
}

std::optional<NotifyResponse> Witness::notify(const Handle& handle, const std::string& sid,
                                              pipes::CallHost& host) {
  std::uint64_t id = 0;
  {
    Lock lock(mutex_);
    // One request waits for a registration.
    if (parked_.contains(handle)) return NotifyResponse{{}, witness::error::kInvalidState};
    id = next_parked_++;
  }
  auto call = host.defer([weak = weak_from_this(), handle, id] {
    if (auto self = weak.lock()) self->give_up(handle, id);
  });
  if (call == nullptr) return NotifyResponse{{}, witness::error::kNoSystemResources};
  // It waits here before the registry knows, so that news in between finds it.
  bool waits = false;
  {
    Lock lock(mutex_);
    waits = parked_.try_emplace(handle, Parked{id, call}).second;
  }
  if (!waits) {
    answer({id, std::move(call)}, NotifyResponse{{}, witness::error::kInvalidState});
    return std::nullopt;
  }
  if (auto response = registry_.notify(handle, sid, now_us()))
    if (auto parked = unpark(handle, id)) answer(std::move(*parked), *response);
  return std::nullopt;
}

}  // namespace holdfast::service
