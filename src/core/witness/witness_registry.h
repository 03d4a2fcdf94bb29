// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "wire/rpc/witness.h"

namespace holdfast::core {

/// What registrations are checked against.
struct WitnessServer {
  /// As clients may name the server.
  std::vector<std::string> names;
  std::vector<std::string> shares;
  /// The addresses that SMB is served on, as text; empty: any.
  std::vector<std::string> addresses;
};

/// Who registers (C706 5.1.6): handles mean something to their owner alone.
struct WitnessOwner {
  /// The account, as SID text.
  std::string sid;
  /// For lists.
  std::string user;
  /// The association group, with whose last connection the registrations end; 0: none.
  std::uint32_t group = 0;
};

/// One registration, for lists.
struct WitnessListing {
  std::string client;
  std::string user;
  std::string net_name;
  /// Empty: all of the server.
  std::string share_name;
  std::string ip_address;
  std::uint32_t version = 0;
  /// A request of the client waits: it is told at once.
  bool waits = false;
  /// Something it has not been told yet.
  bool has_news = false;
  std::uint64_t since_us = 0;
};

/// Registrations for notifications (MS-SWN 3.1.1.2), and what is to be told to each. Thread-safe.
class WitnessRegistry {
 public:
  using Handle = wire::rpc::witness::ContextHandle;
  using Handles = std::vector<Handle>;
  using Addresses = std::vector<wire::rpc::witness::AddressInfo>;

  static constexpr std::size_t kMaxRegistrations = 16'384;
  /// Of one account.
  static constexpr std::size_t kMaxPerOwner = 4'096;
  /// Changes that one registration keeps; beyond it the oldest goes.
  static constexpr std::size_t kMaxPendingChanges = 16;
  /// A registration without a waiting request is forgotten after this (3.1.5.1; the time is the
  /// server's choice).
  static constexpr std::uint64_t kUnusedTimeout_us = 20ull * 60 * 1'000'000;

  /// MS-SWN 3.1.4.2 and, extended, 3.1.4.5. key: random. The handle is zeros unless it succeeded.
  wire::rpc::witness::HandleResponse add(const wire::rpc::witness::RegisterRequest& request,
                                         bool extended, const WitnessServer& server,
                                         const WitnessOwner& owner,
                                         const std::array<std::uint8_t, 16>& key,
                                         std::uint64_t now_us);
  /// 3.1.4.3, 3.1.4.6: a status. A request that waits is the caller's to end. sid: who asks.
  std::uint32_t remove(const Handle& handle, const std::string& sid);
  /// The handles of a group have run down.
  void remove_group(std::uint32_t group);

  /// 3.1.4.4: the answer, or nullopt: the request waits until its handle is woken or expired.
  std::optional<wire::rpc::witness::NotifyResponse> notify(const Handle& handle,
                                                           const std::string& sid,
                                                           std::uint64_t now_us);
  /// The client has given its waiting request up.
  void stop_waiting(const Handle& handle, std::uint64_t now_us);
  /// For a waiting request that was woken.
  std::optional<wire::rpc::witness::NotifyResponse> take(const Handle& handle);

  /// Whom a change concerns.
  struct Told {
    /// Waiting requests that can be answered.
    Handles woken;
    /// Registrations, those among them.
    std::size_t concerned = 0;
  };

  /// Each of these tells whose waiting requests can be answered.
  /// 3.1.6.1: a name or an address of the server is there, or is not.
  Told resource_changed(const std::string& resource, wire::rpc::witness::State state);
  /// The same for all that the server is: each registration hears it of the name it has given.
  Told server_changed(wire::rpc::witness::State state);
  /// 3.1.6.2: the client shall connect to these addresses. No client: all of them.
  Told client_moves(const std::optional<std::string>& client, const Addresses& to);
  /// 3.1.6.3: the same for one share; registrations by RegisterEx only.
  Told share_moves(const std::optional<std::string>& client, const std::string& share,
                   const Addresses& to);
  /// 3.1.6.4: addresses came and went; for those that asked.
  Told addresses_changed(const Addresses& now);

  /// Forgets registrations that nobody uses (3.1.5.1). Returns those whose waiting request has
  /// reached its keep-alive time and fails with ERROR_TIMEOUT (3.1.5.2); they wait no more.
  Handles expire(std::uint64_t now_us);

  std::size_t size() const;
  /// Registrations with something that they have not been told.
  std::size_t untold() const;
  std::vector<WitnessListing> list() const;

 private:
  struct Registration {
    std::string net_name;
    std::string share_name;
    std::string ip_address;
    std::string client;
    WitnessOwner owner;
    std::uint32_t version = 0;
    std::uint64_t since_us = 0;
    bool wants_addresses = false;
    /// KeepAliveTime; version 1 has none.
    std::optional<std::uint64_t> keep_alive_us;
    std::uint64_t last_use_us = 0;
    bool waits = false;
    std::vector<wire::rpc::witness::ResourceChange> changes;
    std::optional<Addresses> move;
    std::optional<Addresses> share_move;
    std::optional<Addresses> addresses;

    bool has_news() const { return !changes.empty() || move || share_move || addresses; }
  };
  template <class Which>
  void forget_if(Which which);
  static std::optional<wire::rpc::witness::Notification> next(Registration& registration);
  static std::optional<wire::rpc::witness::NotifyResponse> answer(Registration& registration);
  template <class Concerns, class Store>
  Told tell(Concerns concerns, Store store);
  static void add_change(Registration& r, const std::string& resource,
                         wire::rpc::witness::State state);

  mutable Mutex mutex_;
  // Guarded by mutex_.
  std::map<Handle, Registration> registrations_;
  /// How many of them each account has.
  std::map<std::string, std::size_t> owned_;
};

}  // namespace holdfast::core
