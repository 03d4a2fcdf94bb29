// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdio>
#include <future>
#include <memory>
#include <string>

#include "bench/load/tcp_connector.h"
#include "crypto/provider.h"
#include "platform/loop_group/loop_group.h"
#include "sim/client/client.h"

namespace holdfast::load {

/// Where the server is and who logs on.
struct Target {
  ports::Endpoint server;
  std::string share;
  std::string user;
  std::string password;
};

/// The Host of clients on real sockets: what they contradict goes to standard error and decides the
/// exit status. On the loop only, but for failed().
class Program final : public sim::Host {
 public:
  explicit Program(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t seed() const override { return seed_; }
  void trace(const char*, std::uint64_t, std::uint64_t) override {}
  bool verbose() const override { return false; }
  void note(const std::string&) override {}
  void fail(std::string why) override;
  bool failed() const override { return failures_ != 0; }

 private:
  static constexpr unsigned kFailuresShown = 20;

  std::uint64_t seed_;
  std::atomic<unsigned> failures_{0};
};

/// One loop with all that clients need.
class Surroundings {
 public:
  /// Throws std::runtime_error with a sentence for people.
  Surroundings(const Target& target, std::uint64_t seed);

  /// Starts the task on the loop.
  void start(Task<void> task);
  /// Returns when it has ended and all connections are gone.
  void wait();
  /// Runs fn on the loop, soon. From any thread.
  void post(UniqueFunction fn) { group_->loop(0).post(std::move(fn)); }

  sim::ClientWorld world() { return {program_, group_->loop(0), connector_, *crypto_, counters_}; }
  Program& program() { return program_; }
  ports::Executor& loop() { return group_->loop(0); }
  const Target& target() const { return target_; }
  sim::Counters& counters() { return counters_; }

 private:
  Target target_;
  Program program_;
  std::promise<void> ended_;
  std::unique_ptr<platform::LoopGroup> group_;
  TcpConnector connector_;
  std::unique_ptr<crypto::Provider> crypto_;
  sim::Counters counters_;
};

/// What a Windows client of today offers, with SMB2_GLOBAL_CAP_PERSISTENT_HANDLES.
sim::ClientOptions client_options(const Target& target, std::string name, std::uint16_t dialect);

}  // namespace holdfast::load
