// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event.h"
#include "platform/loop_group/loop_group.h"
#include "platform/snapshots/snapshots.h"
#include "ports/address_range.h"
#include "service/apple/apple_vfs.h"
#include "service/failover/failover.h"
#include "service/handover/takeover.h"
#include "service/logon/ntlm_mechanism.h"
#include "service/pipes/share_editor.h"
#include "service/server/server.h"
#include "service/witness/witness.h"

namespace holdfast::app {

/// A share to serve, before its directory is opened.
struct ShareOptions {
  core::Share share;
  std::string directory;
  /// Set: its previous versions.
  std::optional<platform::SnapshotOptions> snapshots{};
  /// Set: it speaks Apple's extensions.
  std::optional<service::AppleOptions> apple{};
  /// Where the state of handles that outlive the server is kept; empty: none do.
  std::string state_path{};
};

/// What is the same for all volumes whose handles outlive the server.
struct VolumeRules {
  std::uint32_t lease_ms = 10'000;
  /// Not set: as the kind of file system says.
  std::optional<bool> exclusive_mount{};
  std::string fence_command{};
  bool tickle = true;
  /// Of tickled connections, in the place of a reset.
  bool end_in_order = true;
  std::optional<ports::MovingAddress> address{};
};

/// What is spoken on an address.
enum class Serves : std::uint8_t { kSmb, kWitness, kEndpointMapper };

/// An address to listen on.
struct ListenAt {
  ports::Endpoint at;
  /// Not empty: only these proxies connect, and say by the PROXY protocol for whom.
  std::vector<ports::AddressRange> proxies;
  Serves serves = Serves::kSmb;

  bool operator==(const ListenAt&) const = default;
};

/// What a server process is made of. Filled from a configuration file or the command line.
struct NodeOptions {
  platform::LoopGroupOptions loops;
  /// "auto" or "openssl" (platform/crypto).
  std::string crypto = "auto";
  service::NtlmConfig ntlm;
  std::shared_ptr<const service::UserDatabase> users;
  /// Null: users have no Unix side.
  std::shared_ptr<service::UnixAccounts> unix_accounts;
  /// Null: clients cannot change shares.
  std::shared_ptr<service::ShareEditor> share_editor;
  core::Policy policy;
  std::string server_name = "HOLDFAST";
  std::string comment;
  std::size_t max_connections = limits::kMaxConnections;
  std::vector<ShareOptions> shares;
  VolumeRules volumes;
  /// service::Settings::channel_addresses.
  std::vector<ports::NetworkAddress> channel_addresses;
  /// The server's names as clients of the witness service may have them, beside its own.
  std::vector<std::string> witness_names;
  /// A share whose directory cannot be opened is left out, and reported, instead of failing all.
  bool leave_out_shares_without_directory = false;
  /// Only in a build for tests. Outlives the node.
  service::Interposer* interposer = nullptr;
  /// Not null: what an earlier binary of this process has handed over. Outlives the start.
  service::handover::Takeover* takeover = nullptr;
};

/// One running server: loops, file systems, log-on, and the SMB server on top of them. Composition
/// only; called by the main thread.
class Node {
 public:
  /// Opens the shares and starts the loops; listens to nothing yet. The error is a sentence for an
  /// administrator.
  static std::expected<std::unique_ptr<Node>, std::string> start(NodeOptions options,
                                                                 EventSink& events);
  ~Node();

  std::expected<platform::ListenerInfo, std::string> listen(const ListenAt& where);
  /// The same on sockets of an earlier binary.
  void listen(const ListenAt& where, std::vector<platform::UniqueFd> sockets);
  /// Closes that listener; its connections stay. False: there is none.
  bool stop_listening(const ports::Endpoint& at);
  /// As bound.
  const std::vector<ListenAt>& listening() const { return listening_; }
  /// Replaces shares and rules; clients stay connected. On an error nothing has changed.
  std::expected<void, std::string> apply(NodeOptions options);
  /// Ends connections in order, then the loops.
  void stop();

  service::Server& server();
  service::Witness& witness();
  platform::LoopGroup& loops();
  ports::Random& random();

 private:
  Node();
  std::expected<service::Settings, std::string> make_settings(NodeOptions options);

  std::expected<std::shared_ptr<ports::Vfs>, std::string> volume_of(const ShareOptions& share);
  std::shared_ptr<service::ServedVolume> failover_of(const ShareOptions& share);
  void restore(service::handover::Takeover& takeover);
  void serve_volumes();
  void give_volumes_back();
  void tell_witnesses();

  ports::AcceptHandler acceptor(const ListenAt& where);
  void tell_listening();

  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::vector<ListenAt> listening_;
};

}  // namespace holdfast::app
