// SPDX-License-Identifier: Apache-2.0
#include "service/failover/served_volume.h"

#include "base/count_of.h"
#include "base/failover_limits.h"
#include "core/failover/records.h"
#include "service/failover/failover.h"
#include "service/failover/restore.h"

namespace holdfast::service {

using core::failover::RecordProblem;
using wire::state::Table;

namespace {

ports::Endpoint endpoint(const std::array<std::uint8_t, 16>& address, std::uint16_t port) {
  return {address, port};
}

}  // namespace

void ServedVolume::event(Severity severity, std::string_view name, std::string text,
                         std::vector<Event::Field> fields) {
  fields.push_back({"volume", storage_->path()});
  server_->event(severity, name, std::move(text), std::move(fields));
}

ServedVolume::State ServedVolume::state() const {
  Lock lock(mutex_);
  return state_;
}

std::string ServedVolume::problem() const {
  Lock lock(mutex_);
  return problem_;
}

void ServedVolume::set_state(State state, std::string problem) {
  std::vector<core::WaitToken> waiting;
  {
    Lock lock(mutex_);
    state_ = state;
    problem_ = std::move(problem);
    if (state == State::kTaking || state == State::kRestoring) return;
    waiting.swap(waiting_);
  }
  for (core::WaitToken token : waiting) server_->waits().wake(token, NtStatus::kSuccess);
}

void ServedVolume::end_waits() {
  std::vector<core::WaitToken> waiting;
  {
    Lock lock(mutex_);
    nobody_waits_ = true;
    waiting.swap(waiting_);
  }
  for (core::WaitToken token : waiting) server_->waits().wake(token, NtStatus::kCancelled);
}

void ServedVolume::start(Server& server, ports::Executor& loop, Hooks hooks) {
  server_ = &server;
  loop_ = &loop;
  hooks_ = std::move(hooks);
  keeper_ = std::make_unique<EpochKeeper>(loop, *storage_, rules_, server.env().events);
  pause_ = std::make_unique<Pause>(loop);
  ended_ = std::make_shared<OneShot<bool>>();
  loop.post([self = shared_from_this()] { spawn(self->run()); });
}

Task<void> ServedVolume::stop() {
  auto self = shared_from_this();
  pause_->stop();
  keeper_->stop();
  co_await *ended_;
}

Task<bool> ServedVolume::open_storage() {
  for (;;) {
    auto opened = co_await ports::run_blocking(*loop_, [this] { return storage_->open(); });
    if (opened) co_return true;
    if (opened.error().message != reported_)
      event(Severity::kError, "failover.volume.unavailable", opened.error().message);
    reported_ = opened.error().message;
    if (!co_await pause_->wait(limits::kVolumeRetry_us)) co_return false;
  }
}

Task<void> ServedVolume::run() {
  auto self = shared_from_this();
  while (!pause_->stopped()) {
    if (!co_await open_storage()) break;
    reported_.clear();
    if (!co_await keeper_->take()) break;
    epoch_.store(keeper_->number());
    tell_taken();
    serve_until_us_.store(keeper_->serve_until_us(), std::memory_order_release);
    renewing_ = std::make_shared<OneShot<bool>>();
    spawn(keep_renewing());
    Outcome outcome = co_await serve();
    bool served = outcome == Outcome::kServed;
    bool failed = outcome == Outcome::kFailed;
    if (!served) keeper_->stop();
    bool lost = co_await *renewing_;
    // What cannot be served here is given back too: another node may be able to.
    if (!lost &&
        ((served && state() == State::kUp) || (failed && may_serve(loop_->clock().monotonic_us()))))
      co_await keeper_->release();
    if (!failed) lose();
    serve_until_us_.store(0, std::memory_order_release);
    co_await ports::run_blocking(*loop_, [this] { return storage_->close(), true; });
    if (!failed) set_state(State::kTaking);
    if (!served && !pause_->stopped()) make_keeper();
    if (failed && !co_await pause_->wait(limits::kFailedVolumeRetry_us)) break;
  }
  set_state(State::kStopped);
  ended_->set(true);
}

void ServedVolume::make_keeper() {
  keeper_ = std::make_unique<EpochKeeper>(*loop_, *storage_, rules_, server_->env().events);
}

void ServedVolume::tell_taken() {
  // Of a volume that fails it is told once.
  if (state() == State::kFailed) return;
  event(Severity::kNotice, "failover.epoch.taken",
        "Serving " + name() + " as number " + std::to_string(keeper_->number()) +
            (keeper_->taken_from().empty()
                 ? "."
                 : "; the one before, on " + keeper_->taken_from() + ", did not give it back."),
        {{"epoch", std::to_string(keeper_->number())}});
}

Task<void> ServedVolume::keep_renewing() {
  auto self = shared_from_this();
  auto ended = renewing_;
  bool lost = co_await keeper_->renew([this](std::uint64_t until_us) {
    serve_until_us_.store(until_us, std::memory_order_release);
  });
  if (lost) {
    serve_until_us_.store(0, std::memory_order_release);
    event(Severity::kError, "failover.epoch.lost",
          "Stopped serving " + name() +
              ": another server has taken it over, or its storage cannot be reached. Nothing of it "
              "is written any more.",
          {{"epoch", std::to_string(epoch_.load())}});
  }
  ended->set(lost);
}

/// Nobody waits for it, and it is tried again now and then: whoever mends it need not know that.
ServedVolume::Outcome ServedVolume::fail(const ports::StoreError& error) {
  if (state() == State::kFailed && problem() == error.message) return Outcome::kFailed;
  event(Severity::kError, "failover.store.failed",
        error.message + " Its shares are not served until this is mended; the others are.");
  set_state(State::kFailed, error.message);
  return Outcome::kFailed;
}

/// Opens the store and restores what it has.
Task<ServedVolume::Outcome> ServedVolume::serve() {
  if (state() != State::kFailed) set_state(State::kRestoring);
  std::uint64_t begun_us = loop_->clock().monotonic_us();
  auto may_write = [this, clock = &loop_->clock()] { return may_serve(clock->monotonic_us()); };
  auto store =
      co_await ports::run_blocking(*loop_, [&] { return storage_->open_store(may_write); });
  if (!store) co_return fail(store.error());
  auto records = co_await (*store)->load(*loop_);
  if (!records) co_return fail(records.error());
  {
    Lock lock(mutex_);
    store_ = *store;
    entered_ = durable_ = 0;
  }
  Inheritance found;
  co_await restore(std::move(*records), found);
  // What could not be restored, and who this is.
  (void)co_await settle(*loop_);
  if (!may_serve(loop_->clock().monotonic_us())) co_return Outcome::kLost;
  set_state(State::kUp);
  std::uint64_t took_ms = (loop_->clock().monotonic_us() - begun_us) / 1'000;
  std::string text = name() + " is served again, with " +
                     count_of(found.restored, "open", "opens") + " of the earlier server (" +
                     std::to_string(took_ms) + " ms)";
  if (found.not_restored != 0) text += "; " + std::to_string(found.not_restored) + " are lost";
  event(found.not_restored == 0 ? Severity::kNotice : Severity::kError, "failover.volume.up",
        text + ".",
        {{"restored", std::to_string(found.restored)},
         {"lost", std::to_string(found.not_restored)},
         {"took_ms", std::to_string(took_ms)}});
  if (hooks_.up) hooks_.up(*this, std::move(found));
  co_return Outcome::kServed;
}

Task<void> ServedVolume::restore(std::vector<ports::StoreRecord> records, Inheritance& found) {
  bool knows_server = false;
  const std::unordered_set<std::uint64_t> here = server_->opens().recorded();
  for (const ports::StoreRecord& record : records) {
    switch (static_cast<Table>(record.table)) {
      case Table::kServer: knows_server = true; break;
      case Table::kConnections:
        if (server_->failover().is_carried_over(record.key)) break;
        if (auto c = core::failover::decode_connection(record.value))
          found.connections.push_back(
              {endpoint(c->local, c->local_port), endpoint(c->peer, c->peer_port)});
        found.connection_keys.push_back(record.key);
        break;
      case Table::kOpens: {
        auto open = core::failover::decode_open(record.value);
        if (open && here.contains(open->persistent_id)) {
          // An upgrade has handed it over, with its session.
          ++found.restored;
          break;
        }
        std::string what = "An open of the earlier server";
        std::expected<core::OpenId, std::string> restored =
            std::unexpected(std::string("its record cannot be read"));
        if (open) {
          what = "The open of " + open->share + ":/" + open->path + " by " + open->owner_name;
          restored = co_await restore_open(*server_, *loop_, *this, *open);
        } else if (open.error() == RecordProblem::kNewer) {
          restored = std::unexpected(std::string("it was written by a newer server"));
        }
        if (restored) {
          ++found.restored;
          break;
        }
        if (!restored.error().empty()) {
          ++found.not_restored;
          event(Severity::kError, "failover.open.lost",
                what + " is lost: " + restored.error() + ".");
        }
        ports::StoreChange gone{record.table, record.key, std::nullopt};
        (void)enter({&gone, 1});
        break;
      }
    }
  }
  if (knows_server) co_return;
  wire::state::ServerState state;
  state.server_guid = server_->settings()->policy.server_guid;
  ByteVec value = core::failover::encode_server(state);
  ports::StoreChange change{static_cast<std::uint16_t>(Table::kServer), {}, Bytes(value)};
  (void)enter({&change, 1});
}

/// Nothing is closed as a client would: what the opens wanted to do, their next server does.
void ServedVolume::lose() {
  serve_until_us_.store(0, std::memory_order_release);
  {
    Lock lock(mutex_);
    store_ = nullptr;
  }
  std::vector<core::Wake> wakes;
  for (core::OpenId id : server_->opens().of_volume(*this)) {
    core::CloseOutcome out = server_->opens().close(id);
    wakes.insert(wakes.end(), out.wakes.begin(), out.wakes.end());
    if (!out.create_key.create_guid.is_zero()) server_->create_replays().forget(out.create_key, id);
    server_->notifications().remove(id, wakes);
    if (out.remove) server_->opens().removal_finished(out, wakes, true);
  }
  // Nobody is told that they were closed: not even this instance, if it serves the volume again.
  server_->failover().enter_all();
  server_->waits().wake(wakes);
  if (hooks_.lost) hooks_.lost(*this);
}

Task<NtStatus> ServedVolume::wait_until_up(ports::Executor& loop) {
  OneShot<NtStatus> outcome;
  core::WaitToken token = server_->waits().add(loop, outcome);
  bool waits;
  {
    Lock lock(mutex_);
    waits = !nobody_waits_ && (state_ == State::kTaking || state_ == State::kRestoring);
    if (waits) waiting_.push_back(token);
  }
  if (waits) {
    ports::TimerId timer = loop.start_timer(
        limits::kVolumeWait_us, [weak = std::weak_ptr(server_->alive()), server = server_, token] {
          if (auto alive = weak.lock()) server->waits().wake(token, NtStatus::kIoTimeout);
        });
    (void)co_await outcome;
    loop.cancel_timer(timer);
  } else {
    server_->waits().forget(token);
  }
  co_return state() == State::kUp ? NtStatus::kSuccess : NtStatus::kBadNetworkName;
}

Result<void> ServedVolume::enter(std::span<const ports::StoreChange> changes) {
  Lock lock(mutex_);
  if (store_ == nullptr) return holdfast::fail(NtStatus::kFileForcedClosed);
  // Counted in the same step: a commit that does not cover them must not call them durable.
  Result<void> applied = store_->apply(changes);
  if (applied) entered_ += changes.size();
  return applied;
}

Task<NtStatus> ServedVolume::settle(ports::Executor& loop) {
  std::shared_ptr<ports::StateStore> store;
  std::uint64_t entered;
  {
    Lock lock(mutex_);
    if (store_ == nullptr) co_return NtStatus::kFileForcedClosed;
    if (entered_ == durable_) co_return NtStatus::kSuccess;
    store = store_;
    entered = entered_;
  }
  ports::StoreResult<void> done = co_await store->commit(loop);
  if (!done) co_return done.error().status;
  Lock lock(mutex_);
  // Of another time that the volume was served the numbers mean other changes.
  if (store_ == store) durable_ = std::max(durable_, entered);
  co_return NtStatus::kSuccess;
}

}  // namespace holdfast::service
