// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <map>
#include <set>
#include <string>

#include "base/mutex.h"
#include "service/server/driver.h"
#include "wire/state/handover.h"

namespace holdfast::service::handover {

/// A hand-over that can be read, not yet looked at by anybody.
struct Contents {
  wire::state::HandoverHead head;
  std::vector<wire::state::HeldListener> listeners;
  std::vector<wire::state::HeldSession> sessions;
  std::vector<wire::state::HeldOpen> opens;
  std::vector<wire::state::HeldConnection> connections;
  std::vector<wire::state::HeldRequest> requests;
  wire::state::HeldAdmin admin;
};

/// Takes the octets apart, which the contents then show. The error is a sentence: they are not
/// whole, damaged, or of a newer server. Nothing of it is used then.
std::expected<Contents, std::string> read_contents(Bytes octets);

/// Puts back what an earlier binary has handed over, in the order of the functions.
class Takeover {
 public:
  /// contents: shows octets that live longer than this.
  explicit Takeover(Contents contents) : contents_(std::move(contents)) {}

  const Contents& contents() const { return contents_; }

  /// Sessions and opens, before any volume is served. On this loop; nothing else runs yet.
  Task<void> restore_state(Server& server, ports::Executor& loop);
  /// Those connections that fall to this loop of `loops`, on it; nothing is received yet. adopt()
  /// makes a stream of what the platform knows one by; null: it is gone.
  using Adopt = std::function<std::shared_ptr<ports::Stream>(const wire::state::HeldConnection&)>;
  void restore_connections(Server& server, ports::Executor& loop, unsigned loops,
                           const Adopt& adopt);
  /// When all loops have theirs: goes on with those of this loop, and with what waited there.
  void begin_connections(ports::Executor& loop);

  struct Report {
    std::size_t connections = 0, sessions = 0, opens = 0, requests = 0;
    std::size_t opens_lost = 0, pipes = 0, closed = 0;
    std::vector<std::string> reasons;
  };
  const Report& report() const { return report_; }

 private:
  core::SessionPtr restore_session(Server& server, const wire::state::HeldSession& held);
  Task<std::string_view> restore_open(Server& server, ports::Executor& loop,
                                      const wire::state::HeldOpen& held);
  struct Restored {
    ports::Executor* loop;
    std::shared_ptr<Driver> driver;
    const wire::state::HeldConnection* held;
    std::string_view obstacle;
  };
  void close(std::string_view why);

  Contents contents_;
  Mutex mutex_;
  // Guarded by mutex_ where loops work at once.
  Report report_;
  std::vector<Restored> restored_;
  /// Sessions with an open that is lost.
  std::map<core::SessionId, std::string_view> lost_;
};

}  // namespace holdfast::service::handover
