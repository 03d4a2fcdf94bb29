// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/load/acknowledged_log.h"
#include "bench/load/program.h"

namespace holdfast::load {

struct RunOptions {
  Layout layout;
  /// Clients that try to get at the others' files.
  std::uint32_t rivals = 1;
  /// Files that each client has come and go at once.
  std::uint32_t passing = 1;
  std::uint32_t largest_write = 8'192;
  /// Between two requests of one writer, on average.
  std::uint64_t think_us = 400'000;
  /// Between two attempts to connect.
  std::uint64_t retry_us = 50'000;
  /// A client that gets no answer for longer has failed.
  std::uint64_t longest_pause_us = 60'000'000;
};

/// From the last answer before a loss of the connection to the first one after it, in microseconds
/// of CLOCK_MONOTONIC.
struct Pause {
  std::uint32_t client = 0;
  std::uint64_t begin_us = 0;
  std::uint64_t end_us = 0;
};

/// An open of which others know that they must not get at it.
struct Guarded {
  std::string path;
  enum class Kind : std::uint8_t { kLocked, kExclusive } kind = Kind::kLocked;
  std::uint64_t lock_offset = 0;
  /// It is certainly held.
  bool held = false;
};

/// What all clients of a run share. On the loop only.
class Run {
 public:
  Run(Surroundings& surroundings, RunOptions options, const std::string& log_path);

  const RunOptions& options() const { return options_; }
  Surroundings& surroundings() { return surroundings_; }
  ports::Executor& loop() { return surroundings_.loop(); }
  AcknowledgedLog& log() { return log_; }
  std::uint64_t now_us() { return loop().clock().monotonic_us(); }

  void fail(std::string why) { surroundings_.program().fail(std::move(why)); }
  void count(const std::string& what, std::uint64_t n = 1) { counts_[what] += n; }
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }

  bool stopping() const { return stopping_; }
  void stop() { stopping_ = true; }

  /// A client that lost its connection has its answers again.
  void paused(const Pause& pause);
  const std::vector<Pause>& pauses() const { return pauses_; }

  /// From now on recovered() counts who has lost its connection and got an answer since.
  void mark();
  std::size_t recovered() const { return recovered_; }

  std::vector<Guarded*>& guarded() { return guarded_; }

 private:
  Surroundings& surroundings_;
  RunOptions options_;
  AcknowledgedLog log_;
  std::map<std::string, std::uint64_t> counts_;
  std::vector<Pause> pauses_;
  std::vector<bool> has_recovered_;
  std::size_t recovered_ = 0;
  bool stopping_ = false;
  std::vector<Guarded*> guarded_;
};

/// Runs the commands that come on standard input (README.md) until "stop". The exit status.
int run_load(const Target& target, RunOptions options, const std::string& log_path,
             const std::string& pauses_path);

}  // namespace holdfast::load
