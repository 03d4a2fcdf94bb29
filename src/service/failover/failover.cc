// SPDX-License-Identifier: Apache-2.0
#include "service/failover/failover.h"

#include <algorithm>

#include "base/failover_limits.h"
#include "core/failover/records.h"
#include "service/server/driver.h"

namespace holdfast::service {
namespace {

using wire::state::Table;

constexpr auto kOpens = static_cast<std::uint16_t>(Table::kOpens);
constexpr auto kConnections = static_cast<std::uint16_t>(Table::kConnections);

wire::state::ConnectionState state_of(const ports::TcpConnection& connection) {
  wire::state::ConnectionState s;
  s.peer = connection.peer.address;
  s.peer_port = connection.peer.port;
  s.local = connection.local.address;
  s.local_port = connection.local.port;
  return s;
}

/// What a volume's change is in the store; keeps the octets that the change shows.
struct Octets {
  std::array<std::uint8_t, 8> key;
  ByteVec value;
};

}  // namespace

Failover::~Failover() = default;

std::vector<std::shared_ptr<ServedVolume>> Failover::volumes() const {
  Lock lock(volumes_mutex_);
  return volumes_;
}

void Failover::serve(ports::Executor& loop, std::vector<std::shared_ptr<ServedVolume>> volumes,
                     FailoverOptions options) {
  loop_ = &loop;
  options_ = std::move(options);
  std::vector<std::shared_ptr<ServedVolume>> before = this->volumes();
  {
    Lock lock(volumes_mutex_);
    volumes_ = volumes;
  }
  for (const auto& old : before)
    if (std::ranges::count(volumes, old) == 0) spawn(old->stop());
  for (const auto& volume : volumes)
    if (std::ranges::count(before, volume) == 0)
      volume->start(server_, loop,
                    {[this](ServedVolume& v, Inheritance found) { volume_up(v, std::move(found)); },
                     [this](ServedVolume& v) { volume_lost(v); }});
}

void Failover::end_waits() {
  for (const auto& volume : volumes()) volume->end_waits();
}

Task<void> Failover::stop_and_tell(std::function<void()> done) {
  co_await settle_all(*loop_);
  announcing_.reset();
  tickling_.reset();
  release_address();
  for (const auto& volume : volumes()) co_await volume->stop();
  {
    Lock lock(volumes_mutex_);
    volumes_.clear();
  }
  done();
}

// ---- opens ----

void Failover::enter(ports::Volume& volume, const std::vector<core::OpenChange>& changes,
                     const std::vector<std::size_t>& which) {
  std::vector<Octets> octets;
  octets.reserve(which.size());
  std::vector<ports::StoreChange> entering;
  for (std::size_t i : which) {
    const core::OpenChange& change = changes[i];
    Octets& o = octets.emplace_back();
    o.key = core::failover::open_key(change.persistent_id);
    if (change.record) o.value = core::failover::encode_open(*change.record);
    entering.push_back(
        {kOpens, o.key, change.record ? std::optional<Bytes>(o.value) : std::nullopt});
  }
  // All or nothing first: the records of one lease belong together. What does not fit as a whole is
  // entered as far as it goes.
  bool whole = volume.enter(entering).has_value();
  for (std::size_t i = 0; i < which.size(); ++i) {
    bool entered = whole || volume.enter({&entering[i], 1}).has_value();
    const core::OpenChange& change = changes[which[i]];
    if (entered || !change.record)
      missing_.erase(change.persistent_id);
    else
      missing_.insert(change.persistent_id);
  }
}

void Failover::enter_changes() {
  if (!server_.opens().any_changes()) return;
  std::vector<core::OpenChange> changes = server_.opens().take_changes();
  std::map<ports::Volume*, std::vector<std::size_t>> by_volume;
  for (std::size_t i = 0; i < changes.size(); ++i) by_volume[changes[i].volume.get()].push_back(i);
  for (const auto& [volume, which] : by_volume) enter(*volume, changes, which);
}

Task<NtStatus> Failover::settle(ports::Executor& loop, ports::Volume& volume,
                                std::uint64_t persistent_id) {
  {
    Lock lock(entering_);
    enter_changes();
    if (persistent_id != 0 && missing_.contains(persistent_id))
      co_return NtStatus::kInsufficientResources;
  }
  co_return co_await volume.settle(loop);
}

void Failover::enter_all() {
  Lock lock(entering_);
  enter_changes();
}

Task<void> Failover::settle_all(ports::Executor& loop) {
  enter_all();
  for (const auto& volume : volumes()) (void)co_await volume->settle(loop);
}

void Failover::reclaimed(const core::OpenView& open, const std::string& path,
                         const std::string& client) {
  if (open.share == nullptr || open.share->failover == nullptr) return;
  tell_soon(
      untold_reclaimed_,
      "user " + open.identity->user + " from " + client + ", " + open.share->name + ":/" + path,
      &Failover::tell_reclaimed);
}

void Failover::expired(const core::OpenView& open, const std::string& path) {
  tell_soon(untold_expired_, open.share->name + ":/" + path + " of user " + open.identity->user,
            &Failover::tell_expired);
}

void Failover::tell_soon(Untold& untold, std::string what, void (Failover::*tell)()) {
  {
    Lock lock(untold_mutex_);
    if (untold.count++ == 0) untold.first = std::move(what);
    if (untold.timer || loop_ == nullptr) return;
    untold.timer = true;
  }
  loop_->post([this, tell, weak = std::weak_ptr(server_.alive())] {
    if (weak.expired()) return;
    loop_->start_timer(limits::kFailoverTellEvery_us, [this, tell, weak] {
      if (!weak.expired()) (this->*tell)();
    });
  });
}

void Failover::tell_reclaimed() {
  Untold told;
  {
    Lock lock(untold_mutex_);
    told = std::exchange(untold_reclaimed_, {});
  }
  server_.event(Severity::kInfo, "failover.open.reclaimed",
                told.count == 1 ? "Given back: " + told.first + "."
                                : "Given back: " + std::to_string(told.count) +
                                      " opens (first: " + told.first + ").",
                {{"opens", std::to_string(told.count)}});
}

void Failover::tell_expired() {
  Untold told;
  {
    Lock lock(untold_mutex_);
    told = std::exchange(untold_expired_, {});
  }
  server_.event(Severity::kNotice, "failover.open.expired",
                told.count == 1 ? "Nobody came back for " + told.first + "; it is closed."
                                : "Nobody came back for " + std::to_string(told.count) +
                                      " opens (first: " + told.first + "); they are closed.",
                {{"opens", std::to_string(told.count)}});
}

bool Failover::is_on_disk(const ports::FileInfo& object) {
  Lock lock(on_disk_mutex_);
  auto found = on_disk_.find(object.key);
  return found != on_disk_.end() && found->second == object.creation_time;
}

void Failover::now_on_disk(const ports::FileInfo& object) {
  Lock lock(on_disk_mutex_);
  // Known or not: it costs a flush at most.
  if (on_disk_.size() >= limits::kMaxKnownOnDisk) on_disk_.clear();
  on_disk_[object.key] = object.creation_time;
}

void Failover::renamed(const ports::FileKey& object) {
  Lock lock(on_disk_mutex_);
  on_disk_.erase(object);
}

// ---- connections ----

void Failover::connected(ports::Volume& volume, const ports::TcpConnection& connection,
                         bool behind_proxy) {
  wire::state::ConnectionState state = state_of(connection);
  state.accepted = server_.env().clock.now();
  if (behind_proxy) state.flags |= wire::state::ConnectionState::kBehindProxy;
  ByteVec key = core::failover::connection_key(state);
  ByteVec value = core::failover::encode_connection(state);
  ports::StoreChange change{kConnections, key, Bytes(value)};
  // Without it, this client notices later, and loses nothing.
  (void)volume.enter({&change, 1});
}

void Failover::carried_over(const ports::TcpConnection& connection) {
  carried_over_.insert(core::failover::connection_key(state_of(connection)));
}

bool Failover::is_carried_over(Bytes connection_key) const {
  return carried_over_.contains(to_vec(connection_key));
}

void Failover::disconnected(ports::Volume& volume, const ports::TcpConnection& connection) {
  ByteVec key = core::failover::connection_key(state_of(connection));
  ports::StoreChange change{kConnections, key, std::nullopt};
  (void)volume.enter({&change, 1});
}

// ---- the takeover: of the loop ----

bool Failover::all_decided() const {
  return std::ranges::all_of(volumes(), [](const auto& volume) {
    ServedVolume::State state = volume->state();
    return state == ServedVolume::State::kUp || state == ServedVolume::State::kFailed;
  });
}

void Failover::volume_up(ServedVolume& volume, Inheritance found) {
  to_tickle_.insert(to_tickle_.end(), found.connections.begin(), found.connections.end());
  inherited_.push_back({volume.weak_from_this(), std::move(found.connection_keys)});
  if (options_.address && options_.holder != nullptr) {
    // Clients that come by the address want all volumes.
    if (all_decided() && !has_address_)
      take_address();
    else if (has_address_)
      tickle();
    return;
  }
  tickle();
}

void Failover::take_address() {
  has_address_ = true;
  auto held = std::make_shared<std::expected<ports::AddressHolder::Held, std::string>>();
  loop_->run_blocking(
      [holder = options_.holder, address = *options_.address, held, tickler = options_.tickler,
       connections = to_tickle_] {
        // First: what their clients send is reset from the moment that the address is here.
        for (const ports::TcpConnection& c : connections)
          if (tickler != nullptr) tickler->expect(c);
        *held = holder->take(address);
      },
      [this, held, weak = std::weak_ptr(server_.alive())] {
        auto alive = weak.lock();
        if (alive == nullptr || !has_address_) return;
        std::string address = options_.address->address.address_string();
        if (!*held) {
          has_address_ = false;
          server_.event(Severity::kError, "failover.address.failed",
                        "Cannot take the address " + address + ": " + held->error() + ".");
          return tickle();
        }
        options_.address->interface = (*held)->interface;
        server_.event(Severity::kNotice, "failover.address.taken",
                      "Took the address " + address + " on " + (*held)->interface + ".",
                      {{"address", address}});
        announce();
      });
}

void Failover::announce() {
  announcing_ = std::make_unique<AnnounceRounds>(
      *loop_, options_.holder, *options_.address, [this](const auto& announced) {
        if (!announced)
          server_.event(Severity::kWarning, "failover.address.unannounced",
                        "Cannot announce the address: " + announced.error() +
                            ". Clients find it when their neighbours forget the old place.");
        tickle();
      });
}

void Failover::release_address() {
  if (!has_address_) return;
  has_address_ = false;
  announcing_.reset();
  // At once: whoever takes over announces it, and two must not have it.
  auto released = options_.holder->release(*options_.address);
  std::string address = options_.address->address.address_string();
  if (!released)
    server_.event(Severity::kError, "failover.address.failed",
                  "Cannot give the address " + address + " back: " + released.error() + ".");
  else
    server_.event(Severity::kNotice, "failover.address.released",
                  "Gave the address " + address + " back.", {{"address", address}});
}

void Failover::tickle() {
  if (options_.tickler == nullptr || to_tickle_.empty()) return forget_connections();
  tickling_ = std::make_unique<TickleRounds>(
      *loop_, *options_.tickler, std::exchange(to_tickle_, {}), [this](const TickleReport& report) {
        Event event = tickle_event(report);
        server_.event(event.severity, event.name, std::move(event.message),
                      std::move(event.fields));
        forget_connections();
        tickling_.reset();
      });
}

/// They have been told, or cannot be.
void Failover::forget_connections() {
  for (Inherited& inherited : std::exchange(inherited_, {})) {
    auto volume = inherited.volume.lock();
    if (volume == nullptr) continue;
    for (const ByteVec& key : inherited.keys) {
      ports::StoreChange change{kConnections, key, std::nullopt};
      (void)volume->enter({&change, 1});
    }
  }
  spawn(settle_all(*loop_));
}

void Failover::volume_lost(ServedVolume& volume) {
  release_address();
  tickling_.reset();
  server_.end_connections_of(volume);
}

}  // namespace holdfast::service
