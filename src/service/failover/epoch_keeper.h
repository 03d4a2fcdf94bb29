// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/event.h"
#include "service/failover/pause.h"
#include "service/failover/volume_storage.h"

namespace holdfast::service {

struct EpochRules {
  /// Of this process; of this machine's boot.
  Guid instance, boot;
  std::string host;
  /// The same for all servers of a volume.
  std::uint32_t lease_ms = 10'000;
  /// No other machine can have the volume's file system mounted at the same time. Then nobody is
  /// waited for, and only another's epoch ends ours, not the time.
  bool exclusive_mount = false;
  /// Keeps the holder of this epoch from writing to the storage (SCSI reservation, power switch)
  /// and says whether it did; then it is not waited for. May block: on a pool thread. May be empty.
  std::function<bool(const core::failover::Epoch& holder)> fence{};
};

/// Takes a volume's epoch, keeps it, gives it back: core/failover/epoch.h decides, this reads,
/// writes and waits. Of one loop.
class EpochKeeper {
 public:
  /// Everything outlives the keeper.
  EpochKeeper(ports::Executor& loop, VolumeStorage& storage, const EpochRules& rules,
              EventSink& events)
      : loop_(loop), storage_(storage), rules_(rules), events_(events), pause_(loop) {}

  /// Returns when this instance has the epoch. False: stop() came first. The storage is open.
  Task<bool> take();
  /// Until when files may be touched, by Clock::monotonic_us().
  std::uint64_t serve_until_us() const;
  /// Renews until the epoch is lost (true) or stop() was called (false); tells each new
  /// serve_until_us().
  Task<bool> renew(std::function<void(std::uint64_t)> prolonged);
  /// The last write, when nothing of the volume is touched any more.
  Task<void> release();
  /// Whoever waits in here comes back.
  void stop() { pause_.stop(); }
  std::uint64_t number() const { return holder_ ? holder_->epoch().number : 0; }
  /// Who had the volume before, when it had not given it back; empty: nobody.
  const std::string& taken_from() const { return taken_from_; }

 private:
  using Step = core::failover::EpochTaker::Step;
  Task<std::optional<Step>> try_to_take();
  Task<Step> write(core::failover::EpochTaker& taker, Step step);
  Task<bool> fenced(const core::failover::Epoch& holder);
  void report(std::string message);
  void say_waiting(const core::failover::Epoch& holder);

  ports::Executor& loop_;
  VolumeStorage& storage_;
  const EpochRules& rules_;
  EventSink& events_;
  Pause pause_;
  std::optional<core::failover::EpochHolder> holder_;
  std::string taken_from_;
  /// Told already.
  std::string reported_;
  std::uint64_t waited_for_ = 0;
  std::uint64_t fenced_ = 0;
};

}  // namespace holdfast::service
