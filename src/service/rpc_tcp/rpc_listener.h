// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "ports/authenticator.h"
#include "ports/stream.h"
#include "service/pipes/association_groups.h"
#include "service/pipes/rpc_interface.h"

namespace holdfast::service {

/// What connections to one port get. What is pointed to outlives the listener's connections.
struct RpcListenerOptions {
  /// Offered on this port beside remote management; the first is what it is for.
  std::vector<const pipes::Interface*> interfaces;
  ServerView* server = nullptr;
  /// Null: no RPC security, and so only what needs none.
  ports::Authenticator* authenticator = nullptr;
  pipes::AssociationGroups* groups = nullptr;
};

/// DCE/RPC over TCP (MS-RPCE 2.1.1.1): each connection is an association, a pipes::RpcPipe behind a
/// stream. Thread-safe: connections stay on their loops.
class RpcListener : public std::enable_shared_from_this<RpcListener> {
 public:
  explicit RpcListener(RpcListenerOptions options) : options_(std::move(options)) {}

  /// For ports::AcceptHandler. Refused beyond limits::kMaxRpcConnections.
  void accept(ports::Executor& loop, std::shared_ptr<ports::Stream> stream);
  std::size_t connections() const { return connections_.load(); }

 private:
  friend class RpcConnection;
  const RpcListenerOptions options_;
  std::atomic<std::size_t> connections_{0};
};

}  // namespace holdfast::service
