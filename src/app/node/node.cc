// SPDX-License-Identifier: Apache-2.0
#include "app/node/node.h"

#include <map>

#include "platform/crypto/make_provider.h"
#include "platform/loop/system_clock.h"
#include "platform/random/system_random.h"
#include "platform/vfs_posix/posix_vfs.h"
#include "service/logon/spnego_authenticator.h"

namespace holdfast::app {

struct Node::Parts {
  platform::SystemClock clock;
  platform::SystemRandom random;
  std::unique_ptr<crypto::Provider> crypto;
  std::unique_ptr<platform::LoopGroup> loops;
  std::shared_ptr<service::NtlmMechanism> ntlm;
  std::unique_ptr<ports::Authenticator> authenticator;
  std::unique_ptr<service::Server> server;
  /// Open file systems by directory and identity mode: a reload keeps those that stay.
  std::map<std::pair<std::string, bool>, std::shared_ptr<ports::Vfs>> volumes;
  bool stopped = false;
};

Node::Node() : parts_(std::make_unique<Parts>()) {}

Node::~Node() { stop(); }

service::Server& Node::server() { return *parts_->server; }
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
  options.loops.max_connections = options.max_connections;
  auto loops = platform::LoopGroup::start(options.loops);
  if (!loops) return std::unexpected(loops.error());
  p.loops = std::move(*loops);
  p.ntlm = std::make_shared<service::NtlmMechanism>(options.ntlm, options.users,
                                                    options.unix_accounts, p.clock, p.random);
  p.authenticator = std::make_unique<service::SpnegoAuthenticator>(
      std::vector<std::shared_ptr<service::Mechanism>>{p.ntlm});
  auto settings = node->make_settings(std::move(options));
  if (!settings) return std::unexpected(settings.error());
  p.server = std::make_unique<service::Server>(
      service::Environment{p.random, p.clock, *p.crypto, *p.authenticator, events},
      std::move(*settings));
  return node;
}

std::expected<service::Settings, std::string> Node::make_settings(NodeOptions options) {
  service::Settings settings;
  settings.policy = std::move(options.policy);
  settings.server_name = std::move(options.server_name);
  settings.comment = std::move(options.comment);
  settings.max_connections = options.max_connections;
  std::map<std::pair<std::string, bool>, std::shared_ptr<ports::Vfs>> volumes;
  for (ShareOptions& s : options.shares) {
    std::pair<std::string, bool> key{s.directory, s.share.act_as_user};
    auto& volume = volumes[key];
    if (volume == nullptr && parts_->volumes.contains(key)) volume = parts_->volumes[key];
    if (volume == nullptr) {
      platform::PosixVfsOptions how;
      how.root = s.directory;
      how.acts_as_users = s.share.act_as_user;
      how.file_io = parts_->loops.get();
      auto opened = platform::open_posix_vfs(std::move(how));
      if (!opened)
        return std::unexpected("share \"" + s.share.name + "\": " + opened.error());
      volume = std::move(*opened);
    }
    s.share.vfs = volume;
    s.share.location = s.directory;
    settings.shares.push_back(std::make_shared<const core::Share>(std::move(s.share)));
  }
  core::Share ipc;
  ipc.name = "IPC$";
  ipc.comment = "Remote IPC";
  ipc.type = core::ShareType::kPipe;
  ipc.hidden = true;
  settings.shares.push_back(std::make_shared<const core::Share>(std::move(ipc)));
  parts_->volumes = std::move(volumes);
  return settings;
}

std::expected<void, std::string> Node::apply(NodeOptions options) {
  service::NtlmConfig ntlm = options.ntlm;
  auto settings = make_settings(std::move(options));
  if (!settings) return std::unexpected(settings.error());
  parts_->ntlm->set_config(std::move(ntlm));
  parts_->server->apply(std::move(*settings));
  return {};
}

std::expected<platform::ListenerInfo, std::string> Node::listen(const ports::Endpoint& at) {
  return parts_->loops->listen(
      at, [this](ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
        parts_->server->accept(loop, std::move(stream));
      });
}

void Node::stop() {
  if (parts_->stopped) return;
  parts_->stopped = true;
  if (parts_->server != nullptr) parts_->server->close_all();
  if (parts_->loops != nullptr) parts_->loops->stop();
  parts_->server.reset();
}

}  // namespace holdfast::app
