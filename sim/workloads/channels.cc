// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/channels.h"

#include <algorithm>

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;

constexpr int kMostLosses = 20;
// Of these; each may hold up a break for limits::kNotificationRetry_us.
constexpr int kMostHalfOpen = 8;

}  // namespace

Channels::Channels(Scene& scene, const std::string& name, std::uint64_t number, std::uint64_t most)
    : scene_(scene), name_(name), rng_(scene.world().seed(), 5000 + number) {
  ClientOptions options = scene.some_options(name);
  // Channels are of 3.x, and of one dialect.
  std::erase_if(options.dialects, [](std::uint16_t d) { return d < smb2::Dialect::kSmb300; });
  if (options.dialects.empty()) options.dialects = {smb2::Dialect::kSmb302};
  options.guid.octets[0] = static_cast<std::uint8_t>(number + 1);
  for (std::uint64_t c = rng_.between(2, most); c != 0; --c) {
    options.name = name + " channel " + std::to_string(connections_.size());
    connections_.push_back(&scene.add_client(options));
  }
}

Client* Channels::some() {
  std::vector<Client*> live;
  for (Client* c : connections_)
    if (is_channel(*c)) live.push_back(c);
  return live.empty() ? nullptr : live[rng_.below(live.size())];
}

Task<NtStatus> Channels::log_on() {
  NtStatus status = co_await first().connect();
  if (status == NtStatus::kSuccess) status = co_await first().logon();
  if (status == NtStatus::kSuccess) status = co_await first().tree_connect("data");
  session_ = first().shared_session();
  working_ = true;
  may_lose_ = kMostLosses;
  may_stay_half_open_ = kMostHalfOpen;
  co_return status;
}

void Channels::lose(Client& channel) {
  std::uint64_t how = rng_.below(4);
  if (how == 0 && may_stay_half_open_ > 0) {
    --may_stay_half_open_;
    scene_.network().half_open(*channel.stream(), rng_.between(1'000, 20'000'000));
  } else if (how <= 1) {
    scene_.network().reset(*channel.stream());
  } else if (how == 2) {
    channel.abort();
  } else {
    channel.disconnect();
  }
  --may_lose_;
  count("channel lost");
}

Task<void> Channels::add() {
  for (Client* c : connections_) {
    if (c->connected()) continue;
    joining_ = c;
    NtStatus status = co_await c->connect();
    if (status == NtStatus::kSuccess) status = co_await c->bind(session_);
    joining_ = nullptr;
    if (status == NtStatus::kSuccess) co_return count("channel added");
    // It may be the last channel that was lost meanwhile, and the session with it.
    if (status != NtStatus::kUserSessionDeleted || some() != nullptr)
      wrong("a binding got " + to_string(status));
    co_return;
  }
}

Task<void> Channels::lose_and_replace() {
  while (working_ && !failed()) {
    co_await ports::sleep_for(loop(), rng_.below(15'000));
    std::vector<Client*> live;
    for (Client* c : connections_)
      if (is_channel(*c)) live.push_back(c);
    if (live.size() > 1 && may_lose_ > 0 && rng_.one_in(2)) {
      Client& victim = *live[rng_.below(live.size())];
      lose(victim);
      co_await victim.closed();
    } else {
      co_await add();
    }
  }
}

Task<void> Channels::end() {
  for (Client* c : connections_)
    if (c->connected()) {
      if (rng_.one_in(2))
        c->disconnect();
      else
        c->abort();
      co_await c->closed();
    }
  // Half-open connections are noticed later.
  for (int i = 0; i < 100 && scene_.server().sessions().find(session_.session_id) != nullptr; ++i)
    co_await ports::sleep_for(loop(), 1'000'000);
  if (scene_.server().sessions().find(session_.session_id) != nullptr)
    wrong("the session outlives its channels");
}

}  // namespace holdfast::sim
