// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "app/node/node.h"
#include "service/handover/takeover.h"

namespace holdfast::app {

/// What this binary finds of the one before it in this process.
class Arrival {
 public:
  /// Reads the hand-over and closes it. Descriptors that it names are close-on-exec again. On an
  /// error every descriptor but the standard ones is closed: call it before anything is opened.
  static std::expected<std::unique_ptr<Arrival>, std::string> read(int handover_fd);
  ~Arrival();
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  service::handover::Takeover& takeover() { return *takeover_; }
  /// The sockets of this address, once; none: nobody listened there.
  std::vector<platform::UniqueFd> take_listener(const ports::Endpoint& at);
  /// The admin socket's descriptor, when it is at this path; -1: there is none. It is the caller's.
  int take_admin(const std::string& path);
  /// Who waits for the outcome; -1: nobody. It is the caller's.
  int take_asker();

  /// Goes on with all connections; the node serves its volumes and listens.
  void connect(Node& node);
  /// Milliseconds from when the earlier binary held its connections until connect() let them go on.
  std::uint64_t pause_ms() const { return pause_ms_; }

 private:
  explicit Arrival(Buffer octets) : octets_(std::move(octets)) {}

  /// Secret; what takeover_ shows.
  Buffer octets_;
  std::unique_ptr<service::handover::Takeover> takeover_;
  std::vector<wire::state::HeldListener> listeners_;
  int admin_ = -1;
  int asker_ = -1;
  std::uint64_t pause_ms_ = 0;
};

}  // namespace holdfast::app
