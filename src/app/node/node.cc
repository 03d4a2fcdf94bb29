// SPDX-License-Identifier: Apache-2.0
#include "app/node/node.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <thread>
#include <tuple>

#include "app/node/fence.h"
#include "app/node/rpc_services.h"
#include "base/failover_limits.h"
#include "platform/address/netlink_addresses.h"
#include "platform/credentials/act_as.h"
#include "platform/crypto/make_provider.h"
#include "platform/interfaces/system_interfaces.h"
#include "platform/loop/system_clock.h"
#include "platform/quota/kernel_quota.h"
#include "platform/random/system_random.h"
#include "platform/store_journal/journal_volume.h"
#include "platform/store_journal/machine.h"
#include "platform/tickle/raw_tickler.h"
#include "platform/vfs_posix/posix_vfs.h"
#include "service/logon/spnego_authenticator.h"
#include "service/pipes/pipe_service.h"
#include "service/proxy/proxy_gate.h"

namespace holdfast::app {

namespace {

/// Path, device and inode of the directory, whether operations are the users' own, and whether
/// other programs are asked. A directory
/// that was replaced, or has something mounted on it now, is another volume.
using VolumeKey = std::tuple<std::string, dev_t, ino_t, bool, bool>;
/// A volume, and how Macs see it.
using AppleKey = std::tuple<const ports::Vfs*, bool, std::uint64_t, bool>;

VolumeKey key_of(const ShareOptions& share) {
  struct stat info{};
  (void)::stat(share.directory.c_str(), &info);
  return {share.directory, info.st_dev, info.st_ino, share.share.act_as_user,
          share.share.local_coherence};
}

/// So that listings of a DFS namespace show its links.
void make_link_directories(const ShareOptions& share, EventSink& events) {
  for (const core::DfsLink& link : share.share.dfs_links) {
    std::error_code error;
    std::filesystem::create_directories(share.directory + "/" + link.path, error);
    if (error)
      events.emit(Event{Severity::kWarning,
                        "share.dfs_link",
                        "The directory for the DFS link " + link.path + " of share \"" +
                            share.share.name + "\" cannot be made: " + error.message() + ".",
                        {}});
  }
}

}  // namespace

struct Node::Parts {
  platform::SystemClock clock;
  platform::SystemRandom random;
  std::unique_ptr<crypto::Provider> crypto;
  std::unique_ptr<platform::LoopGroup> loops;
  std::shared_ptr<service::NtlmMechanism> ntlm;
  std::unique_ptr<ports::Authenticator> authenticator;
  std::shared_ptr<ports::LocalCoherence> coherence = platform::make_local_coherence();
  std::unique_ptr<service::Server> server;
  std::unique_ptr<RpcServices> rpc;
  EventSink* events = nullptr;
  /// Open file systems: a reload keeps those that stay.
  std::map<VolumeKey, std::shared_ptr<ports::Vfs>> volumes;
  std::map<AppleKey, std::shared_ptr<service::AppleShare>> apple_volumes;
  /// By the folder of their state.
  std::map<std::string, std::shared_ptr<service::ServedVolume>> failover_volumes;
  VolumeRules volume_rules;
  std::shared_ptr<platform::RawTickler> tickler;
  Guid instance;
  bool stopped = false;
};

Node::Node() : parts_(std::make_unique<Parts>()) {}

Node::~Node() { stop(); }

service::Server& Node::server() { return *parts_->server; }
service::Witness& Node::witness() { return parts_->rpc->witness(); }
platform::LoopGroup& Node::loops() { return *parts_->loops; }
ports::Random& Node::random() { return parts_->random; }

std::expected<std::unique_ptr<Node>, std::string> Node::start(NodeOptions options,
                                                              EventSink& events) {
  std::unique_ptr<Node> node(new Node());
  Parts& p = *node->parts_;
  p.crypto = platform::make_provider(options.crypto);
  if (p.crypto == nullptr)
    return std::unexpected("unknown crypto provider \"" + options.crypto +
                           "\"; known are \"auto\" and \"openssl\"");
  options.loops.events = &events;
  // The server enforces the configured limit, which a reload may raise.
  options.loops.max_connections = limits::kMaxConnections;
  p.events = &events;
  platform::obey_quotas();
  auto loops = platform::LoopGroup::start(options.loops);
  if (!loops) return std::unexpected(loops.error());
  p.loops = std::move(*loops);
  p.volume_rules = options.volumes;
  p.instance = p.random.guid();
  std::shared_ptr<const service::UserDatabase> users = options.users;
  std::shared_ptr<service::ShareEditor> share_editor = options.share_editor;
  p.ntlm = std::make_shared<service::NtlmMechanism>(options.ntlm, options.users,
                                                    options.unix_accounts, p.clock, p.random);
  p.authenticator = std::make_unique<service::SpnegoAuthenticator>(
      std::vector<std::shared_ptr<service::Mechanism>>{p.ntlm});
  service::Interposer* interposer = options.interposer;
  service::handover::Takeover* takeover = options.takeover;
  const service::NtlmConfig ntlm = options.ntlm;
  std::vector<std::string> names = options.witness_names;
  auto settings = node->make_settings(std::move(options));
  if (!settings) return std::unexpected(settings.error());
  p.server = std::make_unique<service::Server>(
      service::Environment{p.random, p.clock, *p.crypto, *p.authenticator, events, interposer,
                           p.coherence.get()},
      std::move(*settings));
  if (takeover != nullptr) node->restore(*takeover);
  node->serve_volumes();
  p.server->set_network(std::make_shared<platform::SystemInterfaces>());
  p.rpc = std::make_unique<RpcServices>(*p.server, ntlm, users);
  p.rpc->apply(ntlm, std::move(names));
  p.server->set_pipes(std::make_shared<service::PipeService>(
      *p.server, std::move(users), std::move(share_editor), &p.rpc->authenticator()));
  return node;
}

std::expected<std::shared_ptr<ports::Vfs>, std::string> Node::volume_of(const ShareOptions& share) {
  if (auto open = parts_->volumes.find(key_of(share)); open != parts_->volumes.end())
    return open->second;
  platform::PosixVfsOptions how;
  how.root = share.directory;
  how.label = share.share.name;
  how.acts_as_users = share.share.act_as_user;
  how.file_io = parts_->loops.get();
  if (share.share.local_coherence) how.coherence = parts_->coherence;
  if (share.state_path == share.directory + "/" + platform::store::kStateFolder)
    how.reserved_name = platform::store::kStateFolder;
  auto opened = platform::open_posix_vfs(std::move(how));
  if (opened) parts_->volumes[key_of(share)] = *opened;
  return opened;
}

std::shared_ptr<service::ServedVolume> Node::failover_of(const ShareOptions& share) {
  if (share.state_path.empty()) return nullptr;
  auto& volume = parts_->failover_volumes[share.state_path];
  if (volume != nullptr) return volume;
  const VolumeRules& rules = parts_->volume_rules;
  service::EpochRules epoch;
  epoch.instance = parts_->instance;
  epoch.boot = platform::boot_id();
  epoch.host = platform::host_name();
  epoch.lease_ms = rules.lease_ms;
  epoch.exclusive_mount =
      rules.exclusive_mount.value_or(platform::is_mounted_here_only(share.directory));
  epoch.fence = fence_command(rules.fence_command, share.state_path, *parts_->events);
  volume = std::make_shared<service::ServedVolume>(
      platform::store::make_journal_volume(share.state_path, parts_->random, *parts_->events),
      std::move(epoch));
  return volume;
}

void Node::restore(service::handover::Takeover& takeover) {
  std::promise<void> done;
  ports::Executor& loop = parts_->loops->loop(0);
  auto run = [](service::handover::Takeover& t, service::Server& server, ports::Executor& on,
                std::promise<void>& told) -> Task<void> {
    co_await t.restore_state(server, on);
    told.set_value();
  };
  loop.post([&] { spawn(run(takeover, *parts_->server, loop, done)); });
  done.get_future().wait();
}

void Node::serve_volumes() {
  std::vector<std::shared_ptr<service::ServedVolume>> volumes;
  for (const auto& [path, volume] : parts_->failover_volumes) volumes.push_back(volume);
  service::FailoverOptions options;
  if (parts_->volume_rules.tickle) {
    // One for good: it may be at work when the shares change.
    if (parts_->tickler == nullptr)
      parts_->tickler = std::make_shared<platform::RawTickler>(
          parts_->volume_rules.end_in_order,
          [events = parts_->events](const platform::FarewellReport& report) {
            events->emit(platform::farewell_event(report));
          });
    options.tells_clients = platform::RawTickler::is_permitted();
    options.tickler = parts_->tickler;
  }
  options.address = parts_->volume_rules.address;
  if (options.address) options.holder = std::make_shared<platform::NetlinkAddresses>();
  // Volumes run on one loop; it has them before the listeners have their first client.
  ports::Executor& loop = parts_->loops->loop(0);
  std::promise<void> begun;
  loop.post([&] {
    parts_->server->failover().serve(loop, std::move(volumes), std::move(options));
    begun.set_value();
  });
  begun.get_future().wait();
}

/// Clients that registered with the witness service hear that the server goes before it does.
void Node::tell_witnesses() {
  if (parts_->rpc == nullptr || parts_->rpc->witness().list().empty()) return;
  parts_->rpc->witness().announce_unavailable();
  auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (parts_->rpc->witness().untold() != 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

/// Ends the connections in order, then makes the state of every volume clean: whoever serves it
/// next begins at once.
void Node::give_volumes_back() {
  tell_witnesses();
  parts_->loops->stop_listening();
  parts_->server->close_all();
  constexpr auto kLongest = std::chrono::microseconds(limits::kDrainTime_us + 2'000'000);
  auto until = std::chrono::steady_clock::now() + kLongest;
  while (parts_->server->counters().connections.load() != 0 &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  if (parts_->failover_volumes.empty()) return;
  auto done = std::make_shared<std::promise<void>>();
  ports::Executor& loop = parts_->loops->loop(0);
  loop.post([failover = &parts_->server->failover(), done] {
    spawn(failover->stop_and_tell([done] { done->set_value(); }));
  });
  done->get_future().wait_for(kLongest);
}

std::expected<service::Settings, std::string> Node::make_settings(NodeOptions options) {
  service::Settings settings;
  settings.policy = std::move(options.policy);
  settings.server_name = std::move(options.server_name);
  settings.comment = std::move(options.comment);
  settings.max_connections = options.max_connections;
  settings.channel_addresses = std::move(options.channel_addresses);
  std::map<VolumeKey, std::shared_ptr<ports::Vfs>> in_use;
  std::map<AppleKey, std::shared_ptr<service::AppleShare>> apple_in_use;
  for (ShareOptions& s : options.shares) {
    auto volume = volume_of(s);
    if (!volume) {
      std::string why = "Share \"" + s.share.name + "\" is not served: " + volume.error();
      if (!options.leave_out_shares_without_directory) return std::unexpected(why);
      parts_->events->emit(Event{Severity::kError, "share.left_out", why, {}});
      continue;
    }
    s.share.vfs = *volume;
    if (s.apple) {
      // One for all shares of the folder that have it so: they hear of each other's changes.
      AppleKey key{volume->get(), s.apple->netatalk_metadata, s.apple->time_machine_size,
                   s.apple->read_only};
      std::shared_ptr<service::AppleShare>& mac = apple_in_use[key];
      if (auto open = parts_->apple_volumes.find(key); open != parts_->apple_volumes.end())
        mac = open->second;
      if (mac == nullptr) mac = service::apple_vfs(*volume, *s.apple);
      s.share.vfs = mac;
      s.share.apple = mac;
    }
    s.share.failover = failover_of(s);
    s.share.exact_vfs = (*volume)->with_exact_names();
    s.share.location = s.directory;
    make_link_directories(s, *parts_->events);
    s.share.quotas = platform::make_kernel_quotas(s.directory);
    if (s.snapshots) s.share.snapshots = platform::make_snapshot_provider(*s.snapshots);
    in_use[key_of(s)] = std::move(*volume);
    settings.shares.push_back(std::make_shared<const core::Share>(std::move(s.share)));
  }
  core::Share ipc;
  ipc.name = "IPC$";
  ipc.comment = "Remote IPC";
  ipc.type = core::ShareType::kPipe;
  ipc.hidden = true;
  settings.shares.push_back(std::make_shared<const core::Share>(std::move(ipc)));
  std::erase_if(parts_->failover_volumes, [&](const auto& volume) {
    return std::ranges::none_of(
        settings.shares, [&](const auto& share) { return share->failover == volume.second; });
  });
  parts_->volumes = std::move(in_use);
  parts_->apple_volumes = std::move(apple_in_use);
  return settings;
}

std::expected<void, std::string> Node::apply(NodeOptions options) {
  service::NtlmConfig ntlm = options.ntlm;
  std::vector<std::string> names = options.witness_names;
  auto settings = make_settings(std::move(options));
  if (!settings) return std::unexpected(settings.error());
  parts_->rpc->apply(ntlm, std::move(names));
  parts_->ntlm->set_config(std::move(ntlm));
  parts_->server->apply(std::move(*settings));
  serve_volumes();
  return {};
}

ports::AcceptHandler Node::acceptor(const ListenAt& where) {
  if (where.serves == Serves::kWitness) return parts_->rpc->accept_witness();
  if (where.serves == Serves::kEndpointMapper) return parts_->rpc->accept_endpoint_mapper();
  if (where.proxies.empty())
    return [this](ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
      parts_->server->accept(loop, std::move(stream));
    };
  auto gate = std::make_shared<service::ProxyGate>(
      where.proxies, *parts_->events,
      [this](ports::Executor& loop, std::shared_ptr<ports::Stream> stream,
             const ports::TcpConnection& on_the_wire) {
        parts_->server->accept(loop, std::move(stream), on_the_wire);
      });
  return [gate](ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
    gate->accept(loop, std::move(stream));
  };
}

std::expected<platform::ListenerInfo, std::string> Node::listen(const ListenAt& where) {
  auto listening = parts_->loops->listen(where.at, acceptor(where));
  if (listening) listening_.push_back({listening->bound, where.proxies, where.serves});
  if (listening && where.serves == Serves::kWitness)
    parts_->rpc->start_witness(parts_->loops->loop(0));
  tell_listening();
  return listening;
}

void Node::listen(const ListenAt& where, std::vector<platform::UniqueFd> sockets) {
  parts_->loops->adopt_listener(where.at, std::move(sockets), acceptor(where));
  listening_.push_back(where);
  if (where.serves == Serves::kWitness) parts_->rpc->start_witness(parts_->loops->loop(0));
  tell_listening();
}

/// Clients may open further channels to these: not to those that only proxies may connect to. RPC
/// clients ask the endpoint mapper.
void Node::tell_listening() {
  std::vector<ports::Endpoint> direct;
  std::vector<service::EndpointMap::Endpoint> rpc;
  for (const ListenAt& l : listening_) {
    if (l.serves == Serves::kSmb && l.proxies.empty()) direct.push_back(l.at);
    if (l.serves == Serves::kWitness)
      rpc.push_back({service::pipes::kWitness.syntax, l.at.port, "Service Witness"});
    if (l.serves == Serves::kEndpointMapper)
      rpc.push_back({service::pipes::kEndpointMapper.syntax, l.at.port, "Endpoint Mapper"});
  }
  parts_->rpc->set_endpoints(std::move(rpc));
  parts_->server->set_listening(std::move(direct));
}

bool Node::stop_listening(const ports::Endpoint& at) {
  bool ours = std::erase_if(listening_, [&](const ListenAt& l) { return l.at == at; }) != 0;
  tell_listening();
  return ours && parts_->loops->stop_listening(at);
}

void Node::stop() {
  if (parts_->stopped) return;
  parts_->stopped = true;
  if (parts_->server != nullptr) give_volumes_back();
  if (parts_->rpc != nullptr) parts_->rpc->stop();
  if (parts_->loops != nullptr) parts_->loops->stop();
  // The pipes use the RPC services' authenticator.
  parts_->server.reset();
  parts_->rpc.reset();
}

}  // namespace holdfast::app
