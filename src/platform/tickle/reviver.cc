// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/reviver.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>

#include "platform/tickle/repaired_socket.h"

namespace holdfast::platform {
namespace {

constexpr std::chrono::microseconds kWait{limits::kRevivalWait_us};
/// Of one family, before others have their turn.
constexpr int kReadsAtOnce = 256;

/// The numbers that the peer's segment tells: it has all before what it acknowledges, and what it
/// has sent shall count as received, since it asks again for what has no answer.
ConnectionState state_from(const HeardSegment& segment, unsigned receive_scale) {
  ConnectionState state;
  state.send = segment.acknowledged;
  state.receive = segment.sequence + segment.payload_octets;
  state.peer_window = segment.window;
  state.receive_scale = receive_scale;
  // Not older than what the peer has seen, else it drops our segments (RFC 7323 5).
  if (segment.timestamps) state.timestamp = (segment.timestamps->echo + 2) & ~1u;
  return state;
}

AckNumbers acknowledgement(const HeardSegment& segment, const ConnectionState& state,
                           std::uint16_t window) {
  AckNumbers ack{state.send, state.receive, window, std::nullopt};
  if (state.timestamp) ack.timestamps = TcpTimestamps{*state.timestamp, segment.timestamps->value};
  return ack;
}

}  // namespace

Reviver::Reviver(Farewell::Done done)
    : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      farewell_(
          [this, done = std::move(done)](const FarewellReport& report) {
            leaving_ -= report.connections;
            if (done) done(report);
          },
          {.quiet = std::chrono::microseconds(limits::kRevivedQuiet_us)}) {}

Reviver::~Reviver() {
  stopped_ = true;
  (void)::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

bool Reviver::open_ear(const ports::TcpConnection& connection) {
  bool v4 = connection.local.is_v4();
  Ear& ear = v4 ? v4_ : v6_;
  if (ear.fd() < 0) {
    // Also the sender, in this thread's namespace.
    if (!ear.open(v4) || sender_.open(v4) != 0) return ear.close(), false;
    receive_scale_ = receive_scale_here();
  }
  return ear.hear_port(connection.local.port);
}

void Reviver::expect(const ports::TcpConnection& connection) {
  const Clock::time_point until = Clock::now() + kWait;
  std::lock_guard lock(mutex_);
  if (auto known = expected_.find(connection); known != expected_.end()) {
    known->second.until = until;
    return;
  }
  if (expected_.size() + leaving_ >= limits::kMaxRevivals) return;
  Expected fresh{bind_repaired(connection), bind_repaired(connection), until};
  if (!fresh.place.valid() || !fresh.spare.valid()) return;
  // Heard before it is held: nothing is missed. What was opened is closed by the thread.
  bool is_heard = open_ear(connection);
  start();
  if (is_heard && hold_place(fresh.place.get(), connection))
    expected_.emplace(connection, std::move(fresh));
}

void Reviver::give_up(const ports::TcpConnection& connection) {
  std::lock_guard lock(mutex_);
  expected_.erase(connection);
}

void Reviver::start() {
  (void)::eventfd_write(wake_.get(), 1);
  if (std::exchange(running_, true)) return;
  if (thread_.joinable()) thread_.join();  // it has ended, or does without this lock
  thread_ = std::thread([this] { run(); });
}

void Reviver::run() {
  while (forget_late()) wait();
}

bool Reviver::forget_late() {
  std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  std::erase_if(expected_, [&](const auto& expected) { return expected.second.until <= now; });
  if (!expected_.empty() && !stopped_) return true;
  expected_.clear();
  v4_.close();
  v6_.close();
  sender_ = {};
  return running_ = false;
}

void Reviver::wait() {
  std::array<pollfd, 3> polled;
  Clock::time_point next = Clock::time_point::max();
  {
    // Only this thread closes the ears.
    std::lock_guard lock(mutex_);
    polled = {{{wake_.get(), POLLIN, 0}, {v4_.fd(), POLLIN, 0}, {v6_.fd(), POLLIN, 0}}};
    for (const auto& [connection, expected] : expected_) next = std::min(next, expected.until);
  }
  auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  if (::poll(polled.data(), polled.size(), static_cast<int>(std::max<long>(left, 0))) <= 0) return;
  eventfd_t ignored = 0;
  if (polled[0].revents != 0) (void)::eventfd_read(wake_.get(), &ignored);
  std::lock_guard lock(mutex_);
  for (Ear* ear : {&v4_, &v6_})
    for (int i = 0; i < kReadsAtOnce; ++i) {
      auto heard = ear->read();
      if (!heard) break;
      hear(*heard);
    }
}

void Reviver::hear(const Heard& heard) {
  auto found = expected_.find(heard.connection);
  if (found == expected_.end()) return;
  Expected expected = std::move(found->second);
  expected_.erase(found);
  // The peer has given it up, or begins another one: the place is to be free.
  if (heard.segment.syn || heard.segment.rst || !heard.segment.ack) return;
  revive(heard, std::move(expected));
}

void Reviver::revive(const Heard& heard, Expected expected) {
  const ConnectionState state = state_from(heard.segment, receive_scale_);
  // There is a moment with both, so that there is none without: it would end with a reset.
  if (heard.interface == 0 || !step_aside(expected.place.get(), heard.interface))
    expected.place.reset();
  auto window = wake(expected.spare.get(), heard.connection, state);
  expected.place.reset();
  if (!window) return;
  ++leaving_;
  // What the kernel sends by itself waits for the peer, which may wait for seconds for its turn to
  // send again.
  (void)sender_.send(heard.connection.peer,
                     ack_segment(heard.connection, acknowledgement(heard.segment, state, *window)));
  farewell_.add(std::move(expected.spare));
}

}  // namespace holdfast::platform
