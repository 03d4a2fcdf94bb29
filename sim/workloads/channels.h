// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/client/client.h"
#include "sim/workloads/scene.h"

namespace holdfast::sim {

/// One session over several connections that are lost at random, one by one, and replaced; never
/// the last one. For the stories of sessions with several channels.
class Channels {
 public:
  /// Connections of dialect 3.x with one ClientGuid, `number` of the scene's sessions.
  Channels(Scene& scene, const std::string& name, std::uint64_t number, std::uint64_t most);

  Client& first() { return *connections_.front(); }
  Rng& rng() { return rng_; }
  ports::Executor& loop() { return connections_.front()->loop(); }
  const SharedSession& session() const { return session_; }
  const std::vector<Client*>& connections() const { return connections_; }
  bool is_channel(const Client& c) const {
    return &c != joining_ && c.connected() && c.logged_on() &&
           c.session_id() == session_.session_id;
  }
  /// Nullptr: none.
  Client* some();

  /// Logs on with the first connection, to the share "data".
  Task<NtStatus> log_on();
  /// Runs until stop() and the end of what is under way.
  Task<void> lose_and_replace();
  void stop() { working_ = false; }
  /// Ends what is left, one after the other, and waits for the server to have noticed.
  Task<void> end();

 private:
  bool failed() const { return scene_.world().failed(); }
  void wrong(const std::string& what) { scene_.world().fail(name_ + ": " + what); }
  void count(const char* what) { ++scene_.counters().named[what]; }
  void lose(Client& channel);
  Task<void> add();

  Scene& scene_;
  std::string name_;
  std::vector<Client*> connections_;
  Rng rng_;
  SharedSession session_;
  /// The connection that is about to become a channel.
  Client* joining_ = nullptr;
  bool working_ = false;
  /// The server may keep half-open ones for long, and has a limit.
  int may_lose_ = 0;
  int may_stay_half_open_ = 0;
};

/// What a request led to, or that its connection was lost first.
inline NtStatus status_of(const Answer& answer) {
  return answer.lost ? NtStatus::kConnectionDisconnected : answer.status;
}

}  // namespace holdfast::sim
