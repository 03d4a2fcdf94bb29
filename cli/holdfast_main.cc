// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "app/node/node.h"
#include "platform/random/system_random.h"
#include "service/logon/ntlm_crypto.h"

namespace {

using namespace holdfast;

class PlainSink final : public EventSink {
 public:
  void emit(const Event& e) override { std::fprintf(stderr, "%s\n", e.message.c_str()); }
};

core::Requirement requirement(const std::string& text) {
  if (text == "off") return core::Requirement::kOff;
  return text == "required" ? core::Requirement::kRequired : core::Requirement::kDesired;
}

}  // namespace

int main(int argc, char** argv) {
  PlainSink sink;
  app::NodeOptions options;
  std::string directory, user = "user", name = "share";
  std::uint16_t port = 4450;
  const char* password = std::getenv("HOLDFAST_PASSWORD");
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    auto value = [&] { return std::string(i + 1 < argc ? argv[++i] : ""); };
    if (arg == "serve") continue;
    if (arg == "--port") port = static_cast<std::uint16_t>(std::stoi(value()));
    else if (arg == "--user") user = value();
    else if (arg == "--name") name = value();
    else if (arg == "--signing") options.policy.signing = requirement(value());
    else if (arg == "--encrypt") options.policy.encryption = requirement(value());
    else if (arg == "--loop") options.loops.kind = value() == "epoll" ? platform::LoopKind::kEpoll : platform::LoopKind::kUring;
    else if (arg == "--threads") options.loops.loops = static_cast<unsigned>(std::stoi(value()));
    else directory = arg;
  }
  if (password == nullptr || directory.empty()) {
    std::fprintf(stderr, "usage: HOLDFAST_PASSWORD=... holdfast serve DIR\n");
    return 2;
  }
  platform::SystemRandom random;
  std::uint8_t octets[12];
  random.fill(octets);
  service::UserRecord record;
  record.name = user;
  record.nt_hash = service::nt_hash(password);
  record.rid = service::kFirstUserRid;
  options.users = std::make_shared<service::StaticUserDatabase>(
      service::make_machine_sid(octets), std::vector<service::UserRecord>{record});
  options.policy.server_guid = random.guid();
  core::Share share;
  share.name = name;
  options.shares.push_back({share, directory});
  auto node = app::Node::start(std::move(options), sink);
  if (!node) {
    std::fprintf(stderr, "holdfast: %s\n", node.error().c_str());
    return 1;
  }
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  auto info = (*node)->listen(ports::Endpoint::v4(0, 0, 0, 0, port));
  if (!info) {
    std::fprintf(stderr, "holdfast: %s\n", info.error().c_str());
    return 1;
  }
  std::fprintf(stderr, "listening on %s\n", info->bound.to_string().c_str());
  int signal;
  sigwait(&set, &signal);
  (*node)->stop();
  return 0;
}
