// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/mutex.h"
#include "ports/address_holder.h"
#include "ports/tickler.h"
#include "service/failover/announce_rounds.h"
#include "service/failover/served_volume.h"
#include "service/failover/tickle_rounds.h"

namespace holdfast::service {

struct FailoverOptions {
  /// Null: clients of an earlier instance notice by themselves.
  std::shared_ptr<ports::Tickler> tickler{};
  /// Whether the tickler may do its work.
  bool tells_clients = false;
  /// With `address`: this instance takes it when it serves every volume that can be served.
  std::shared_ptr<ports::AddressHolder> holder{};
  std::optional<ports::MovingAddress> address{};
};

/// What all volumes of the server have in common: carries changes of opens to their volumes'
/// stores, knows whose clients to tell of a takeover, and moves the address. Thread-safe where not
/// said otherwise.
class Failover {
 public:
  explicit Failover(Server& server) : server_(server) {}
  ~Failover();

  /// Begins to serve these volumes, beside those that are; others are given back. All volumes run
  /// on this loop. Called on it.
  void serve(ports::Executor& loop, std::vector<std::shared_ptr<ServedVolume>> volumes,
             FailoverOptions options);
  /// Gives all volumes back in order. On the loop of serve(), when all connections have ended.
  Task<void> stop_and_tell(std::function<void()> done);
  /// The server is about to end: nobody waits for a volume any more. From any thread.
  void end_waits();
  /// Whether clients are told of a takeover, and so come back at once. Of the loop of serve().
  bool tells_clients() const { return options_.tells_clients; }
  std::vector<std::shared_ptr<ServedVolume>> volumes() const;

  /// Returns when whatever has changed of opens of this volume is durable. `open`: also that this
  /// one is on record, if it outlives the server. An error says that it is not.
  Task<NtStatus> settle(ports::Executor& loop, ports::Volume& volume,
                        std::uint64_t persistent_id = 0);
  /// Gives what has changed to the stores, or drops what is of a volume that is not served.
  void enter_all();
  /// The same for all volumes; nobody is told of an error but the log.
  Task<void> settle_all(ports::Executor& loop);

  /// A client that uses this volume has this connection: it is told when the server is gone.
  void connected(ports::Volume& volume, const ports::TcpConnection& connection, bool behind_proxy);
  /// An earlier binary had this connection, and it goes on: nobody is to be told of anything.
  void carried_over(const ports::TcpConnection& connection);
  bool is_carried_over(Bytes connection_key) const;
  /// The connection has ended.
  void disconnected(ports::Volume& volume, const ports::TcpConnection& connection);

  /// Is it known that the object has its name on the disk, and not only in the file system's
  /// memory? It becomes known by flushing it, and is not any more when it is renamed. By its time
  /// of creation it is told from another one that has its number later.
  bool is_on_disk(const ports::FileInfo& object);
  void now_on_disk(const ports::FileInfo& object);
  void renamed(const ports::FileKey& object);

  /// For the log of the takeover: an open of a volume has been reclaimed, or its time was over.
  /// Many at once become one event. From any loop.
  void reclaimed(const core::OpenView& open, const std::string& path, const std::string& client);
  void expired(const core::OpenView& open, const std::string& path);

 private:
  /// What has happened to opens and is not told yet.
  struct Untold {
    std::size_t count = 0;
    std::string first;
    bool timer = false;
  };
  void tell_soon(Untold& untold, std::string what, void (Failover::*tell)());
  void tell_reclaimed();
  void tell_expired();
  void enter_changes();
  void enter(ports::Volume& volume, const std::vector<core::OpenChange>& changes,
             const std::vector<std::size_t>& which);
  void volume_up(ServedVolume& volume, Inheritance found);
  void volume_lost(ServedVolume& volume);
  void take_address();
  void release_address();
  void announce();
  void tickle();
  bool all_decided() const;
  void forget_connections();

  Server& server_;
  ports::Executor* loop_ = nullptr;
  FailoverOptions options_;
  mutable Mutex volumes_mutex_;
  std::vector<std::shared_ptr<ServedVolume>> volumes_;

  /// Held while changes are taken from the open table and entered: two that are of one open stay in
  /// their order. With it the locks of a stripe and of a volume are taken, one at a time.
  Mutex entering_;
  /// FileId.Persistent of opens whose records a store would not take. Guarded by entering_.
  std::set<std::uint64_t> missing_;
  /// Keys of connections. Before serve() only.
  std::set<ByteVec> carried_over_;

  Mutex on_disk_mutex_;
  std::map<ports::FileKey, NtTime> on_disk_;
  Mutex untold_mutex_;
  Untold untold_reclaimed_, untold_expired_;

  // Of the loop.
  struct Inherited {
    std::weak_ptr<ServedVolume> volume;
    std::vector<ByteVec> keys;
  };
  std::vector<Inherited> inherited_;
  std::vector<ports::TcpConnection> to_tickle_;
  std::unique_ptr<AnnounceRounds> announcing_;
  std::unique_ptr<TickleRounds> tickling_;
  bool has_address_ = false;
};

}  // namespace holdfast::service
