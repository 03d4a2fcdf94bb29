// SPDX-License-Identifier: Apache-2.0
#include "bench/load/program.h"

#include <stdexcept>

#include "platform/crypto/make_provider.h"

namespace holdfast::load {

namespace smb2 = wire::smb2;

void Program::fail(std::string why) {
  if (failures_++ < kFailuresShown) std::fprintf(stderr, "FAIL: %s\n", why.c_str());
}

namespace {

std::unique_ptr<platform::LoopGroup> start_loop() {
  platform::LoopGroupOptions options;
  options.loops = 1;
  options.kind = platform::LoopKind::kEpoll;
  options.max_blocking_threads = 2;
  auto group = platform::LoopGroup::start(options);
  if (!group) throw std::runtime_error(group.error());
  return std::move(*group);
}

platform::EventLoop& first_loop(platform::LoopGroup& group) { return group.loop(0); }

Task<void> run_and_tell(Task<void> task, std::promise<void>& done) {
  co_await task;
  done.set_value();
}

}  // namespace

Surroundings::Surroundings(const Target& target, std::uint64_t seed)
    : target_(target),
      program_(seed),
      group_(start_loop()),
      connector_(first_loop(*group_), target.server),
      crypto_(platform::make_provider("auto")) {}

void Surroundings::start(Task<void> task) {
  post([this, t = std::move(task)]() mutable { spawn(run_and_tell(std::move(t), ended_)); });
}

void Surroundings::wait() {
  ended_.get_future().wait();
  group_->stop();
}

sim::ClientOptions client_options(const Target& target, std::string name, std::uint16_t dialect) {
  sim::ClientOptions options;
  options.name = std::move(name);
  options.user = target.user;
  options.password = target.password;
  options.dialects = {dialect};
  options.more_capabilities = smb2::GlobalCap::kLeasing | smb2::GlobalCap::kDirectoryLeasing |
                              smb2::GlobalCap::kPersistentHandles;
  if (dialect >= smb2::Dialect::kSmb311)
    options.signing = {smb2::SigningAlgorithm::kAesGmac, smb2::SigningAlgorithm::kAesCmac};
  options.credits_wanted = 512;
  return options;
}

}  // namespace holdfast::load
