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

/// Registrations for notifications (MS-SWN 3.1.1.2), and what is to be told to each. Thread-safe.
class WitnessRegistry {
 public:
  using Handle = wire::rpc::witness::ContextHandle;
  using Handles = std::vector<Handle>;
  using Addresses = std::vector<wire::rpc::witness::AddressInfo>;

  static constexpr std::size_t kMaxRegistrations = 16'384;
  /// Changes that one registration keeps; beyond it the oldest goes.
  static constexpr std::size_t kMaxPendingChanges = 16;
  /// A registration without a waiting request is forgotten after this (3.1.5.1; the time is the
  /// server's choice).
  static constexpr std::uint64_t kUnusedTimeout_us = 20ull * 60 * 1'000'000;

  /// MS-SWN 3.1.4.2 and, extended, 3.1.4.5. key: random. The handle is zeros unless it succeeded.
  wire::rpc::witness::HandleResponse add(const wire::rpc::witness::RegisterRequest& request,
                                         bool extended, const WitnessServer& server,
                                         const std::array<std::uint8_t, 16>& key,
                                         std::uint64_t now_us);
  /// 3.1.4.3, 3.1.4.6: a status. A request that waits is the caller's to end.
  std::uint32_t remove(const Handle& handle);

  /// 3.1.4.4: the answer, or nullopt: the request waits until its handle is woken or expired.
  std::optional<wire::rpc::witness::NotifyResponse> notify(const Handle& handle,
                                                           std::uint64_t now_us);
  /// For a waiting request that was woken.
  std::optional<wire::rpc::witness::NotifyResponse> take(const Handle& handle);

  /// Each of these returns the handles whose waiting requests can be answered.
  /// 3.1.6.1: a name or an address of the server is there, or is not.
  Handles resource_changed(const std::string& resource, wire::rpc::witness::State state);
  /// 3.1.6.2: the client shall connect to these addresses.
  Handles client_moves(const std::string& client, const Addresses& to);
  /// 3.1.6.3: the same for one share; registrations by RegisterEx only.
  Handles share_moves(const std::string& client, const std::string& share, const Addresses& to);
  /// 3.1.6.4: addresses came and went; for those that asked.
  Handles addresses_changed(const Addresses& now);

  /// Forgets registrations that nobody uses (3.1.5.1). Returns those whose waiting request has
  /// reached its keep-alive time and fails with ERROR_TIMEOUT (3.1.5.2); they wait no more.
  Handles expire(std::uint64_t now_us);

  std::size_t size() const;
  /// The names of clients with a registration, each once.
  std::vector<std::string> clients() const;

 private:
  struct Registration {
    std::string net_name;
    std::string share_name;
    std::string ip_address;
    std::string client;
    bool wants_addresses = false;
    std::uint64_t keep_alive_us = 0;
    std::uint64_t last_use_us = 0;
    bool waits = false;
    std::vector<wire::rpc::witness::ResourceChange> changes;
    std::optional<Addresses> move;
    std::optional<Addresses> share_move;
    std::optional<Addresses> addresses;
  };
  static std::optional<wire::rpc::witness::Notification> next(Registration& registration);
  static std::optional<wire::rpc::witness::NotifyResponse> answer(Registration& registration);
  template <class Concerns, class Store>
  Handles tell(Concerns concerns, Store store);

  mutable Mutex mutex_;
  // Guarded by mutex_.
  std::map<Handle, Registration> registrations_;
};

}  // namespace holdfast::core
