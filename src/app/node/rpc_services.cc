// SPDX-License-Identifier: Apache-2.0
#include "app/node/rpc_services.h"

#include <unistd.h>

#include <set>

#include "core/connection/channel_addresses.h"
#include "service/logon/spnego_authenticator.h"
#include "service/pipes/pipe_service.h"

namespace holdfast::app {
namespace {

/// For RPC nobody acts as a Unix user, so that no account is looked up, which could wait. Guests
/// and anonymous users have no key to sign with.
service::NtlmConfig for_rpc(service::NtlmConfig config) {
  config.policy.allow_guest = false;
  config.policy.map_unknown_user_to_guest = false;
  config.policy.allow_anonymous = false;
  config.policy.act_as_unix_user = false;
  return config;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

/// Where SMB clients may come to, whose other end is this machine's `local`, on any port.
std::vector<ports::NetworkAddress> reachable(service::Server& server,
                                             const std::vector<ports::NetworkAddress>& machine,
                                             ports::Endpoint local) {
  const std::vector<ports::NetworkAddress> said = server.settings()->channel_addresses;
  const std::vector<ports::Endpoint> listening = server.listening();
  std::vector<ports::NetworkAddress> out;
  std::set<ports::Endpoint> seen;
  for (const ports::Endpoint& listener : listening) {
    local.port = listener.port;
    for (const ports::NetworkAddress& address :
         core::channel_addresses(said.empty() ? machine : said, listening, local))
      if (seen.insert(address.address).second) out.push_back(address);
  }
  return out;
}

service::WitnessEnvironment environment(service::Server& server,
                                        std::function<core::WitnessServer()> known) {
  return {server.env().random,
          server.env().clock,
          server.env().events,
          std::move(known),
          [&server](const std::vector<ports::NetworkAddress>& machine,
                    const ports::Endpoint& local) { return reachable(server, machine, local); },
          [network = server.network()] {
            return network == nullptr ? std::vector<ports::NetworkAddress>() : network->addresses();
          }};
}

}  // namespace

RpcServices::RpcServices(service::Server& server, const service::NtlmConfig& ntlm,
                         std::shared_ptr<const service::UserDatabase> users)
    : server_(server),
      ntlm_(std::make_shared<service::NtlmMechanism>(for_rpc(ntlm), users, nullptr,
                                                     server.env().clock, server.env().random)),
      authenticator_(std::make_unique<service::SpnegoAuthenticator>(
          std::vector<std::shared_ptr<service::Mechanism>>{ntlm_})),
      witness_(std::make_shared<service::Witness>(
          environment(server, [this] { return witness_server(); }))),
      groups_([this](std::uint32_t group) { witness_->group_ended(group); },
              static_cast<std::uint32_t>(server.env().random.u64())),
      view_(service::make_server_view(server, users, nullptr, {witness_.get(), &endpoints_})) {
  service::RpcListenerOptions options;
  options.server = view_.get();
  options.authenticator = authenticator_.get();
  options.groups = &groups_;
  options.interfaces = {&service::pipes::kWitness};
  witness_port_ = std::make_shared<service::RpcListener>(options);
  options.interfaces = {&service::pipes::kEndpointMapper};
  mapper_port_ = std::make_shared<service::RpcListener>(options);
}

core::WitnessServer RpcServices::witness_server() {
  auto settings = server_.settings();
  core::WitnessServer known;
  known.names = {settings->server_name, host_name()};
  {
    Lock lock(mutex_);
    known.names.insert(known.names.end(), names_.begin(), names_.end());
  }
  for (const auto& share : settings->shares)
    if (share->type == core::ShareType::kDisk) known.shares.push_back(share->name);
  // Clients name the address that they have dialled, which behind a proxy or NAT is none of ours.
  return known;
}

void RpcServices::apply(const service::NtlmConfig& ntlm, std::vector<std::string> names) {
  ntlm_->set_config(for_rpc(ntlm));
  Lock lock(mutex_);
  names_ = std::move(names);
}

ports::AcceptHandler RpcServices::acceptor(std::shared_ptr<service::RpcListener> listener) {
  return [listener](ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
    listener->accept(loop, std::move(stream));
  };
}

void RpcServices::start_witness(ports::Executor& loop) {
  if (!std::exchange(witness_started_, true)) witness_->start(loop);
}

}  // namespace holdfast::app
