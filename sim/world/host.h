// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ports/executor.h"
#include "ports/stream.h"

namespace holdfast::sim {

/// Whoever runs a model client and hears what it finds out: the simulated world, or a program on a
/// real network (bench/load). Used on one thread.
class Host {
 public:
  virtual ~Host() = default;

  /// Decides all chance of the client, beside its name.
  virtual std::uint64_t seed() const = 0;
  /// Something happened. what: a literal.
  virtual void trace(const char* what, std::uint64_t a = 0, std::uint64_t b = 0) = 0;
  /// Whether somebody reads note()s: their text is made only then.
  virtual bool verbose() const = 0;
  virtual void note(const std::string& text) = 0;
  /// The server contradicted the protocol, or itself. The first one counts.
  virtual void fail(std::string why) = 0;
  virtual bool failed() const = 0;
};

/// Makes connections to the server under test.
class Connector {
 public:
  virtual ~Connector() = default;
  /// At once, whether anybody will answer or not; what is sent before goes out when it stands.
  /// from: the client's own address, where that can be chosen.
  virtual std::shared_ptr<ports::Stream> connect(ports::Executor& loop, ports::Endpoint from) = 0;
};

}  // namespace holdfast::sim
