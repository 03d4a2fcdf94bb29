// SPDX-License-Identifier: Apache-2.0
#include "service/failover/announce_rounds.h"

namespace holdfast::service {

struct AnnounceRounds::State {
  ports::Executor& loop;
  std::shared_ptr<ports::AddressHolder> holder;
  ports::MovingAddress address;
  First first;
  bool ended = false;
  unsigned announced = 0;
  ports::TimerId timer = 0;
  /// Of the last announcement.
  std::expected<void, std::string> result{};
};

AnnounceRounds::AnnounceRounds(ports::Executor& loop, std::shared_ptr<ports::AddressHolder> holder,
                               ports::MovingAddress address, First first)
    : state_(new State{loop, std::move(holder), std::move(address), std::move(first)}) {
  announce(state_);
}

AnnounceRounds::~AnnounceRounds() {
  state_->ended = true;
  if (state_->timer != 0) state_->loop.cancel_timer(state_->timer);
}

unsigned AnnounceRounds::announced() const { return state_->announced; }

void AnnounceRounds::announce(std::shared_ptr<State> state) {
  State& s = *state;
  s.loop.run_blocking([&s] { s.result = s.holder->announce(s.address); },
                      [state = std::move(state)] { announced_once(state); });
}

void AnnounceRounds::announced_once(const std::shared_ptr<State>& state) {
  State& s = *state;
  if (s.ended) return;
  if (++s.announced == 1) {
    First first = std::move(s.first);
    if (first) first(s.result);
    if (s.ended) return;
  }
  if (s.announced >= limits::kAnnouncements) return;
  std::uint64_t pause_us = limits::kAnnounceInterval_us << (s.announced - 1);
  s.timer = s.loop.start_timer(pause_us, [weak = std::weak_ptr(state)] {
    auto state = weak.lock();
    if (state == nullptr) return;
    state->timer = 0;
    announce(std::move(state));
  });
}

}  // namespace holdfast::service
