// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/logon/ntlm_mechanism.h"
#include "service/pipes/server_view.h"
#include "service/rpc_tcp/endpoint_mapper.h"
#include "service/rpc_tcp/rpc_listener.h"
#include "service/server/server.h"
#include "service/witness/witness.h"

namespace holdfast::app {

/// RPC of one node beside its named pipes: security for RPC, the witness service and the endpoint
/// mapper. Composition only.
class RpcServices {
 public:
  /// server outlives this, and this outlives the connections of its acceptors.
  RpcServices(service::Server& server, const service::NtlmConfig& ntlm,
              std::shared_ptr<const service::UserDatabase> users);

  /// For clients that want RPC security; answers without waiting.
  ports::Authenticator& authenticator() { return *authenticator_; }
  service::Witness& witness() { return *witness_; }

  /// After a reload. names: the server's, as clients may have them, beside its own.
  void apply(const service::NtlmConfig& ntlm, std::vector<std::string> names);
  ports::AcceptHandler accept_witness() { return acceptor(witness_port_); }
  ports::AcceptHandler accept_endpoint_mapper() { return acceptor(mapper_port_); }
  /// What the endpoint mapper tells.
  void set_endpoints(std::vector<service::EndpointMap::Endpoint> endpoints) {
    endpoints_.set(std::move(endpoints));
  }
  /// Begins to keep the witness service's time, once.
  void start_witness(ports::Executor& loop);
  void stop() { witness_->stop(); }

 private:
  static ports::AcceptHandler acceptor(std::shared_ptr<service::RpcListener> listener);
  core::WitnessServer witness_server();

  service::Server& server_;
  std::shared_ptr<service::NtlmMechanism> ntlm_;
  std::unique_ptr<ports::Authenticator> authenticator_;
  Mutex mutex_;
  /// Guarded by mutex_.
  std::vector<std::string> names_;
  std::shared_ptr<service::Witness> witness_;
  service::pipes::AssociationGroups groups_;
  service::EndpointMap endpoints_;
  std::unique_ptr<service::ServerView> view_;
  std::shared_ptr<service::RpcListener> witness_port_;
  std::shared_ptr<service::RpcListener> mapper_port_;
  bool witness_started_ = false;
};

}  // namespace holdfast::app
