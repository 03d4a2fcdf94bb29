// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "ports/tickler.h"
#include "ports/volume.h"
#include "service/failover/epoch_keeper.h"
#include "service/server/server.h"

namespace holdfast::service {

/// What an instance found when it began to serve a volume.
struct Inheritance {
  /// Of clients that an earlier instance had and that may not know yet that it is gone.
  std::vector<ports::TcpConnection> connections;
  /// Keys of their records.
  std::vector<ByteVec> connection_keys;
  std::size_t restored = 0;
  std::size_t not_restored = 0;
};

/// One volume, from taking its epoch to giving it back: takes the epoch, restores the opens of the
/// earlier instance, and then keeps what changes. When another instance takes the epoch, or ours
/// cannot be proven any more, nothing of the volume is touched from that moment, its clients'
/// connections are ended, and it begins anew with waiting for the epoch.
///
/// Runs on one loop; what ports::Volume has is thread-safe. Held by shared_ptr; stop() ends it.
class ServedVolume final : public ports::Volume, public std::enable_shared_from_this<ServedVolume> {
 public:
  enum class State : std::uint8_t { kTaking, kRestoring, kUp, kFailed, kStopped };
  struct Hooks {
    /// It is served from now on.
    std::function<void(ServedVolume&, Inheritance)> up;
    /// It is not, any more: another instance has it, or may.
    std::function<void(ServedVolume&)> lost;
  };

  ServedVolume(std::unique_ptr<VolumeStorage> storage, EpochRules rules)
      : storage_(std::move(storage)), rules_(std::move(rules)) {}

  /// Begins, on this loop. All outlive the volume's work.
  void start(Server& server, ports::Executor& loop, Hooks hooks);
  /// Gives the volume back in order: what was entered is durable, the epoch is clean. From the
  /// loop; all connections have ended before.
  Task<void> stop();

  Task<NtStatus> wait_until_up(ports::Executor& loop) override;
  Result<void> enter(std::span<const ports::StoreChange> changes) override;
  Task<NtStatus> settle(ports::Executor& loop) override;
  const std::string& name() const override { return storage_->path(); }

  /// Whoever waits in wait_until_up() is told that it is not served. From any thread.
  void end_waits();
  State state() const;
  std::uint64_t epoch() const { return epoch_.load(); }
  /// Why it is not served, when its state is kFailed.
  std::string problem() const;

 private:
  Task<void> run();
  Task<bool> open_storage();
  /// kFailed: the store cannot be read, nothing was restored. kLost: the epoch was over meanwhile.
  enum class Outcome : std::uint8_t { kServed, kFailed, kLost };
  Task<Outcome> serve();
  Task<void> keep_renewing();
  void make_keeper();
  void tell_taken();
  Task<void> restore(std::vector<ports::StoreRecord> records, Inheritance& found);
  void lose();
  void set_state(State state, std::string problem = {});
  Outcome fail(const ports::StoreError& error);
  void event(Severity severity, std::string_view name, std::string text,
             std::vector<Event::Field> fields = {});

  const std::unique_ptr<VolumeStorage> storage_;
  const EpochRules rules_;
  Server* server_ = nullptr;
  ports::Executor* loop_ = nullptr;
  Hooks hooks_;
  std::unique_ptr<EpochKeeper> keeper_;
  std::unique_ptr<Pause> pause_;
  /// Set when keep_renewing() has ended: whether the epoch was lost.
  std::shared_ptr<OneShot<bool>> renewing_;
  std::shared_ptr<OneShot<bool>> ended_;
  std::atomic<std::uint64_t> epoch_{0};
  std::string reported_;

  mutable Mutex mutex_;
  // Guarded by mutex_.
  State state_ = State::kTaking;
  std::string problem_;
  std::shared_ptr<ports::StateStore> store_;
  std::uint64_t entered_ = 0;
  std::uint64_t durable_ = 0;
  std::vector<core::WaitToken> waiting_;
  bool nobody_waits_ = false;
};

}  // namespace holdfast::service
