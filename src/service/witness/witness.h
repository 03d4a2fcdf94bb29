// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "base/event.h"
#include "core/witness/witness_registry.h"
#include "ports/network.h"
#include "ports/random.h"
#include "service/pipes/rpc_interface.h"

namespace holdfast::service {

/// What the witness service knows of the server. All may be called from any loop.
struct WitnessEnvironment {
  ports::Random& random;
  ports::Clock& clock;
  EventSink& events;
  /// What clients may register for, now.
  std::function<core::WitnessServer()> server;
  /// Where a client that has come to `local` may come to, of these addresses of the machine.
  std::function<std::vector<ports::NetworkAddress>(
      const std::vector<ports::NetworkAddress>& machine, const ports::Endpoint& local)>
      reachable;
  /// The machine's addresses; may block for a moment.
  std::function<std::vector<ports::NetworkAddress>()> machine;
};

/// The witness service (MS-SWN 3.1): clients that registered are told when the server, or an
/// address of it, comes or goes, and where to go. Requests for news wait here until there are some.
///
/// Thread-safe. Calls that wait are answered on the loop of start(), so that nobody who makes
/// news waits for a connection.
class Witness : public std::enable_shared_from_this<Witness> {
 public:
  using Handle = core::WitnessRegistry::Handle;

  explicit Witness(WitnessEnvironment environment) : environment_(std::move(environment)) {}

  /// Reads the machine's addresses (may block) and begins to keep time. loop outlives stop().
  void start(ports::Executor& loop);
  /// Nothing is answered any more.
  void stop();

  // ---- For administrators, and for whoever moves or ends the server. From any thread.

  /// Tells every client that the server is about to be unreachable (RESOURCE_CHANGE to
  /// UNAVAILABLE) and, if `elsewhere` is not empty, to go there (CLIENT_MOVE, which such clients
  /// hear first). Clients then connect anew without waiting for a time-out. Returns how many
  /// registrations that concerns; untold() says how many have not heard it yet.
  std::size_t announce_unavailable(const std::vector<ports::Endpoint>& elsewhere = {});
  /// The server is there again for those who registered with another node of its storage, or
  /// before it was announced unavailable.
  std::size_t announce_available();
  /// CLIENT_MOVE, or with a share SHARE_MOVE, to the addresses of `to` (ports do not matter).
  /// client: as it has named itself; nullopt: all. Returns how many registrations that concerns.
  std::size_t move(const std::optional<std::string>& client,
                   const std::optional<std::string>& share, const std::vector<ports::Endpoint>& to);
  /// Registrations that have not been told of something.
  std::size_t untold() const { return registry_.untold(); }
  std::vector<core::WitnessListing> list() const { return registry_.list(); }
  std::uint64_t now_us() const { return environment_.clock.monotonic_us(); }

  // ---- The operations (MS-SWN 3.1.4).

  wire::rpc::witness::InterfaceListResponse interfaces(const ports::Endpoint& local);
  wire::rpc::witness::HandleResponse add(const wire::rpc::witness::RegisterRequest& request,
                                         bool extended, const core::WitnessOwner& owner);
  std::uint32_t remove(const Handle& handle, const std::string& sid);
  /// The answer to a request that cannot wait; nullopt: it was deferred.
  std::optional<wire::rpc::witness::NotifyResponse> notify(const Handle& handle,
                                                           const std::string& sid,
                                                           pipes::CallHost& host);
  /// The last connection of an association group is gone.
  void group_ended(std::uint32_t group) { registry_.remove_group(group); }

 private:
  struct Parked {
    std::uint64_t id = 0;
    std::shared_ptr<pipes::DeferredCall> call;
  };
  std::optional<Parked> unpark(const Handle& handle, std::uint64_t only_id = 0);
  void give_up(const Handle& handle, std::uint64_t id);
  void answer(Parked parked, const wire::rpc::witness::NotifyResponse& response);
  std::size_t wake(const core::WitnessRegistry::Told& told);
  void tick();
  void tick_later(ports::Executor& loop);
  void compare_addresses(ports::Executor& loop);
  void take_addresses(std::vector<ports::NetworkAddress> now);

  const WitnessEnvironment environment_;
  core::WitnessRegistry registry_;
  mutable Mutex mutex_;
  // ---- guarded by mutex ----
  ports::Executor* loop_ = nullptr;
  std::map<Handle, Parked> parked_;
  std::uint64_t next_parked_ = 1;
  std::vector<ports::NetworkAddress> machine_;
  // ---- on the loop ----
  unsigned ticks_ = 0;
};

namespace pipes {

/// MS-SWN 2.1: over TCP, and for clients that sign or encrypt.
extern const Interface kWitness;

}  // namespace pipes
}  // namespace holdfast::service
