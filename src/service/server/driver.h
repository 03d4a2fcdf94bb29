// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <memory>
#include <unordered_map>

#include "core/connection/connection.h"
#include "service/server/request.h"
#include "service/server/server.h"

namespace holdfast::wire::state {
struct HeldConnection;
struct HeldRequest;
}  // namespace holdfast::wire::state

namespace holdfast::service {

/// Drives one connection: cuts octets into frames, runs each frame's requests in a coroutine of its
/// own, sends the answers, and cleans up when the connection is gone. Lives on one loop.
class Driver : public ports::StreamHandler, public std::enable_shared_from_this<Driver> {
 public:
  Driver(Server& server, ports::Executor& loop, std::shared_ptr<ports::Stream> stream,
         core::ConnectionId id, std::shared_ptr<const Settings> settings,
         std::optional<ports::TcpConnection> behind_proxy);
  ~Driver() override;

  void start();
  /// Ends the connection for this reason; answers that are queued still go out.
  void disconnect(std::string_view reason);

  /// The same, when the requests in progress are answered, but for those that wait for something;
  /// no further one is taken.
  void drain(std::string_view reason);
  /// The client uses a share of this volume: it is told when this server is gone.
  void uses(const std::shared_ptr<ports::Volume>& volume);
  /// It writes through handles that it would come back for: should the server be killed, the
  /// connection outlives it for as long as the client goes on writing. Linux 6.1 and 6.12 lose a
  /// WRITE that is being sent when the connection is reset; but 6.12 loses READs, too, when it
  /// waits for them as the connection ends, so that one that only reads is better told at once.
  void writes();

  core::Connection& connection() { return connection_; }
  const Settings& settings() const { return *settings_; }
  ports::Executor& loop() { return loop_; }
  Server& server() { return server_; }
  const ports::Endpoint& peer() const { return peer_; }
  const ports::Endpoint& local() const { return local_; }
  bool closed() const { return closed_; }

  /// Log-ons in progress, by session.
  std::map<core::SessionId, std::unique_ptr<ports::AuthExchange>>& exchanges() {
    return exchanges_;
  }
  void drop_session(core::SessionId id);

  /// CANCEL (MS-SMB2 3.3.5.16).
  void cancel(const wire::smb2::Header& header);
  /// Cancels what waits on behalf of a session (log-off) or one tree of it.
  void cancel_requests_of(core::SessionId session);

  /// Sends a message that answers no request. The value that confirmed() has reached when the
  /// client has it; nothing when the connection has ended or is no channel of that session.
  std::optional<std::uint64_t> notify(const core::Notification& notification);
  /// Octets of all answers that the client's TCP has confirmed.
  std::uint64_t confirmed() const;
  /// The octets up to here were not confirmed in time.
  void doubt(std::uint64_t mark) { doubted_ = std::max(doubted_, mark); }
  /// They are not confirmed yet.
  bool silent() const { return confirmed() < doubted_; }
  /// Runs fn when the connection has ended. On its loop, as everything here.
  std::uint64_t when_closed(UniqueFunction fn);
  /// False: it has run.
  bool forget_when_closed(std::uint64_t id) { return when_closed_.erase(id) != 0; }

  // ---- hand-over to another binary (driver_hand_over.cc); on the loop ----

  /// No further request is begun until let_go().
  void hold();
  void let_go();
  /// Held, and all requests are answered but those that wait; their number is waiting().
  bool only_waits() const;
  std::size_t waiting() const;
  /// Why this connection cannot be handed over, or "".
  std::string_view obstacle() const;
  /// Ends it at once, for that reason.
  void leave(std::string_view reason);
  /// Has the stream stand still. is_still(): it does.
  void stand_still();
  bool is_still() const { return still_; }
  /// For the next binary. The octets that `out` shows are in `image`. False: the stream has ended.
  bool hand_over(wire::state::HeldConnection& out, ports::StreamImage& image) const;
  std::vector<wire::state::HeldRequest> hand_over_requests() const;
  /// Before start(): goes on where an earlier binary was. False: it cannot.
  bool restore(const wire::state::HeldConnection& held);
  /// After start(): what came and was not looked at.
  void receive_rest(const wire::state::HeldConnection& held);
  /// A request that waited is begun again.
  void begin_again(const wire::state::HeldRequest& held);

  bool send_interim(Request& request);
  /// Counts a log-on that stays for the time limit of strangers.
  void logged_on() { logged_on_ = true; }

  // ports::StreamHandler
  MutBytes receive_target() override;
  void on_received(Bytes data) override;
  void on_send_progress() override;
  void on_closed(ports::CloseReason reason) override;

 private:
  /// What an earlier binary has begun of a batch.
  struct Begun {
    Chain chain;
    std::uint64_t async_id = 0;
  };
  Task<void> run(core::Batch batch, Begun begun);
  Task<void> run_one(core::Batch& batch, std::size_t index, Begun& begun,
                     std::vector<core::Outgoing>& answers);
  void answer(Request& request, Reply reply, core::SessionId sealed_by,
              std::vector<core::Outgoing>& answers);
  void flush(std::vector<core::Outgoing>& answers, core::SessionId sealed_by);
  void send(Buffer frame);
  bool begin_frame(std::uint32_t length);
  void frame_complete();
  void watch_partial_frame();
  void watch_writing();
  void apply_back_pressure();
  void stranger_timeout();
  Task<void> clean_up();
  bool outlives_channel(const Request& request);
  void end_service();
  void forget_when_idle();
  void end_when_drained();
  ports::TcpConnection on_the_wire() const;

  Server& server_;
  ports::Executor& loop_;
  std::shared_ptr<ports::Stream> stream_;
  ports::Endpoint peer_, local_;
  std::optional<ports::TcpConnection> behind_proxy_;
  std::vector<std::shared_ptr<ports::Volume>> volumes_;
  bool writing_ = false;
  bool wrote_ = false;
  std::shared_ptr<const Settings> settings_;
  core::Connection connection_;
  std::map<core::SessionId, std::unique_ptr<ports::AuthExchange>> exchanges_;

  // The frame being received. length_octets_ of frame_header_ have arrived; frame_ has room for it
  // all.
  std::array<std::uint8_t, 4> frame_header_{};
  std::size_t header_octets_ = 0;
  Buffer frame_;
  std::size_t frame_length_ = 0;
  bool in_frame_ = false;
  std::uint64_t frame_begun_us_ = 0;
  ports::TimerId partial_timer_ = 0;
  ports::TimerId stranger_timer_ = 0;

  /// Requests being handled, by message id, and those with an interim response.
  std::unordered_map<std::uint64_t, Request*> active_;
  std::map<std::uint64_t, UniqueFunction> when_closed_;
  std::uint64_t next_watch_ = 1;
  std::uint64_t octets_sent_ = 0;
  std::uint64_t doubted_ = 0;
  /// Sessions that requests go on for after the connection has ended.
  std::vector<core::SessionId> stranded_;
  std::size_t async_count_ = 0;
  /// Batches that run.
  std::size_t running_ = 0;
  bool held_ = false;
  bool still_ = false;
  std::size_t in_flight_bytes_ = 0;
  bool paused_ = false;
  /// Nothing is received or answered any more.
  bool closed_ = false;
  bool stream_closed_ = false;
  bool disconnecting_ = false;
  /// Not empty: why the connection ends when it is drained.
  std::string draining_;
  bool logged_on_ = false;
  bool cleaned_up_ = false;
};

}  // namespace holdfast::service
