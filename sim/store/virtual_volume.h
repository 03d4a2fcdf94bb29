// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/failover/epoch.h"
#include "service/failover/volume_storage.h"
#include "sim/store/memory_store.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

namespace holdfast::sim {

/// What goes wrong with a volume's record and store, of 1000 operations that could.
struct VolumeFaults {
  /// Reading and writing the epoch's record fails; a write may be on the disk all the same.
  std::uint64_t epoch_error_per_mille = 0;
  /// A commit of the store fails; or there is no room for it.
  std::uint64_t commit_error_per_mille = 0;
  std::uint64_t disk_full_per_mille = 0;
  std::uint64_t longest_write_us = 5'000;

  bool any() const {
    return (epoch_error_per_mille | commit_error_per_mille | disk_full_per_mille) != 0;
  }
};

/// Bugs of a server, to see that the oracles find them.
struct VolumePlants {
  /// Whoever takes the volume is told that nobody has it.
  bool ignore_epoch = false;
  /// Commits say that they are done when they begin.
  bool answer_before_commit = false;
  /// Records are found without their locks.
  bool forget_locks = false;
  /// Erased records come back.
  bool keep_records = false;
};

/// The folder of a volume that holds its epoch's record and its store, on a disk that machines
/// share; and who may touch the volume.
class VirtualVolume {
 public:
  explicit VirtualVolume(World& world) : world_(world), rng_(world.seed(), 40) {}

  VolumeFaults& faults() { return faults_; }
  VolumePlants& plants() { return plants_; }
  /// For one process of that machine.
  std::unique_ptr<service::VolumeStorage> storage(Process& process, std::size_t machine);
  /// That process is gone: what was on its way to the disk is there in part.
  void process_ended(Process& process);

  /// Whether that machine reaches the disk; and the one whose code runs now.
  void reach(std::size_t machine, bool reaches);
  bool is_reached() const;

  /// A change of the volume by whose code runs now: fails the world when another has begun to serve
  /// the volume.
  void changed(const char* what);
  const StoreContent& content() const { return content_; }
  const std::optional<core::failover::Epoch>& epoch() const { return epoch_; }
  const Process* server() const { return server_; }

 private:
  class Storage;
  struct Lock {
    std::size_t machine;
    const Process* process;
  };
  bool fails(std::uint64_t per_mille) { return per_mille != 0 && rng_.per_mille(per_mille); }

  World& world_;
  Rng rng_;
  VolumeFaults faults_;
  VolumePlants plants_;
  std::optional<core::failover::Epoch> epoch_;
  StoreContent content_;
  std::vector<Lock> locks_;
  std::vector<std::size_t> cut_off_;
  /// Who has read the store last: nobody else may change anything.
  Process* server_ = nullptr;
  std::weak_ptr<MemoryStore> store_;
  std::uint64_t stores_ = 0;
};

}  // namespace holdfast::sim
