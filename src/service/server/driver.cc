// SPDX-License-Identifier: Apache-2.0
#include "service/server/driver.h"

#include <algorithm>
#include <utility>

#include "base/failover_limits.h"
#include "base/limits.h"
#include "service/failover/failover.h"
#include "service/server/closing.h"
#include "service/server/dispatch.h"
#include "wire/smb2/error_response.h"
#include "wire/smb2/transport.h"

namespace holdfast::service {
namespace {

namespace smb2 = wire::smb2;

// Type of a NetBIOS keep-alive (RFC 1002 4.3.1): no message follows, none is answered.
constexpr std::uint8_t kNetbiosKeepAlive = 0x85;

}  // namespace

Driver::Driver(Server& server, ports::Executor& loop, std::shared_ptr<ports::Stream> stream,
               core::ConnectionId id, std::shared_ptr<const Settings> settings,
               std::optional<ports::TcpConnection> behind_proxy)
    : server_(server),
      loop_(loop),
      stream_(std::move(stream)),
      peer_(stream_->peer()),
      local_(stream_->local()),
      behind_proxy_(behind_proxy),
      settings_(std::move(settings)),
      connection_(id, std::shared_ptr<const core::Policy>(settings_, &settings_->policy),
                  server.env().crypto, server.sessions()) {}

Driver::~Driver() = default;

void Driver::start() {
  stranger_timer_ =
      loop_.start_timer(limits::kUnauthenticatedTimeout_us, [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->stranger_timeout();
      });
  stream_->start(shared_from_this());
}

void Driver::stranger_timeout() {
  stranger_timer_ = 0;
  if (!logged_on_) disconnect("no log-on within the time limit");
}

void Driver::disconnect(std::string_view reason) {
  if (closed_ || disconnecting_) return;
  disconnecting_ = true;
  server_.event(Severity::kInfo, "connection.ended",
                "Connection from " + peer_.to_string() + " ended: " + std::string(reason) + ".",
                {{"peer", peer_.to_string()}, {"reason", std::string(reason)}});
  stream_->close();
  // What belongs to it ends now (MS-SMB2 3.3.7.1), and not when the client has noticed: until then
  // the stream sends what is queued, and lingers.
  loop_.post([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->end_service();
  });
}

void Driver::drain(std::string_view reason) {
  if (closed_ || disconnecting_ || !draining_.empty()) return;
  draining_ = reason;
  stream_->pause_receiving();
  loop_.start_timer(limits::kDrainTime_us, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->disconnect(self->draining_);
  });
  end_when_drained();
}

void Driver::end_when_drained() {
  if (draining_.empty()) return;
  bool only_waits =
      std::ranges::all_of(active_, [](const auto& entry) { return entry.second->async_id != 0; });
  if (only_waits) disconnect(draining_);
}

ports::TcpConnection Driver::on_the_wire() const {
  return behind_proxy_.value_or(ports::TcpConnection{local_, peer_});
}

void Driver::uses(const std::shared_ptr<ports::Volume>& volume) {
  // It may have ended while its TREE_CONNECT waited for the volume.
  if (closed_ || std::ranges::count(volumes_, volume) != 0) return;
  volumes_.push_back(volume);
  server_.failover().connected(*volume, on_the_wire(), behind_proxy_.has_value());
}

void Driver::writes() {
  wrote_ = true;
  if (writing_) return;
  writing_ = true;
  stream_->outlive(true);
  watch_writing();
}

void Driver::watch_writing() {
  loop_.start_timer(limits::kWritingRest_us, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self == nullptr || self->closed_) return;
    if (std::exchange(self->wrote_, false)) return self->watch_writing();
    self->writing_ = false;
    self->stream_->outlive(false);
  });
}

// ---- octets to frames ----

MutBytes Driver::receive_target() {
  if (!in_frame_ || disconnecting_) return {};
  return frame_.tail().first(frame_length_ - frame_.size());
}

void Driver::on_received(Bytes data) {
  auto self = shared_from_this();
  if (!draining_.empty()) return;
  // Octets that the loop put into receive_target() are in place already.
  if (in_frame_ && !data.empty() && data.data() == frame_.tail().data()) {
    (void)frame_.extend(data.size());
    if (frame_.size() == frame_length_) frame_complete();
    apply_back_pressure();
    return;
  }
  while (!data.empty() && !disconnecting_ && !closed_) {
    if (!in_frame_) {
      while (header_octets_ < 4 && !data.empty()) {
        frame_header_[header_octets_++] = data.front();
        data = data.subspan(1);
      }
      if (header_octets_ < 4) {
        watch_partial_frame();
        break;
      }
      header_octets_ = 0;
      smb2::FrameHeader header;
      if (!decode(frame_header_, header)) return disconnect("malformed transport header");
      if (header.type == kNetbiosKeepAlive && header.length == 0) continue;
      if (header.type != 0) return disconnect("unknown type in a transport header");
      if (!begin_frame(header.length)) return;
    }
    std::size_t take = std::min(data.size(), frame_length_ - frame_.size());
    frame_.append(data.first(take));
    data = data.subspan(take);
    if (frame_.size() == frame_length_) frame_complete();
  }
  if (in_frame_) watch_partial_frame();
  apply_back_pressure();
}

bool Driver::begin_frame(std::uint32_t length) {
  if (length > connection_.max_frame()) {
    disconnect("a frame larger than allowed");
    return false;
  }
  if (length < 4) {
    disconnect("a frame too short for a message");
    return false;
  }
  frame_ = Buffer(length);
  frame_length_ = length;
  in_frame_ = true;
  frame_begun_us_ = loop_.clock().monotonic_us();
  return true;
}

void Driver::watch_partial_frame() {
  if (partial_timer_ != 0) return;
  if (!in_frame_) frame_begun_us_ = loop_.clock().monotonic_us();
  partial_timer_ = loop_.start_timer(limits::kPartialFrameTimeout_us, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self == nullptr) return;
    self->partial_timer_ = 0;
    if (!self->in_frame_ && self->header_octets_ == 0) return;
    std::uint64_t age = self->loop_.clock().monotonic_us() - self->frame_begun_us_;
    if (!self->paused_ && age >= limits::kPartialFrameTimeout_us)
      return self->disconnect("an unfinished frame within the time limit");
    self->watch_partial_frame();
  });
}

void Driver::frame_complete() {
  in_frame_ = false;
  auto received = connection_.receive(std::exchange(frame_, Buffer()));
  if (auto* end = std::get_if<core::Disconnect>(&received)) return disconnect(end->reason);
  spawn(run(std::move(std::get<core::Batch>(received)), {}));
}

void Driver::apply_back_pressure() {
  if (!draining_.empty() || held_) return;
  bool full = stream_->queued() > limits::kSendQueueHighWater ||
              in_flight_bytes_ > limits::kMaxInFlightBytes;
  if (full == paused_ || closed_) return;
  paused_ = full;
  if (full) {
    stream_->pause_receiving();
  } else {
    stream_->resume_receiving();
  }
}

void Driver::on_send_progress() { apply_back_pressure(); }

// ---- requests ----

Task<void> Driver::run(core::Batch batch, Begun begun) {
  auto self = shared_from_this();
  ++running_;
  std::vector<core::Outgoing> answers;
  answers.reserve(batch.requests.size());
  std::size_t cost = batch.frame.size() + batch_cost(batch);
  in_flight_bytes_ += cost;
  for (std::size_t i = 0; i < batch.requests.size() && !closed_; ++i)
    co_await run_one(batch, i, begun, answers);
  flush(answers, batch.sealed_by);
  for (core::SessionId id : begun.chain.logged_off) drop_session(id);
  --running_;
  in_flight_bytes_ -= cost;
  apply_back_pressure();
  end_when_drained();
}

Task<void> Driver::run_one(core::Batch& batch, std::size_t index, Begun& begun,
                           std::vector<core::Outgoing>& answers) {
  const core::RequestMeta& meta = batch.requests[index];
  Chain& chain = begun.chain;
  server_.counters().requests.fetch_add(1, std::memory_order_relaxed);
  Request request{.server = server_,
                  .driver = *this,
                  .connection = connection_,
                  .loop = loop_,
                  .meta = meta,
                  .header = meta.header,
                  .message = meta.message,
                  .chain = chain,
                  .is_last = index + 1 == batch.requests.size(),
                  .batch = batch,
                  .index = index,
                  .session = {},
                  .identity = {},
                  .tree = {},
                  .counted_at = {},
                  .async_id = std::exchange(begun.async_id, 0),
                  .flush_answers = {},
                  .on_cancel = {}};
  if (!batch.is_smb1_negotiate && meta.header.command == smb2::Command::kCancel) {
    if (meta.refused == NtStatus::kSuccess) cancel(meta.header);
    co_return;  // CANCEL has no answer (MS-SMB2 3.3.5.16)
  }
  active_[meta.header.message_id] = &request;
  // An interim response goes out before the answers of the requests in front of it otherwise.
  Reply reply =
      co_await dispatch(request, batch.is_smb1_negotiate, [&] { flush(answers, batch.sealed_by); });
  if (auto entry = active_.find(meta.header.message_id);
      entry != active_.end() && entry->second == &request)
    active_.erase(entry);
  if (request.async_id != 0) --async_count_;
  if (closed_) {
    forget_when_idle();
    co_return;
  }
  chain.status = reply.status;
  chain.session = request.header.session_id;
  chain.tree = request.header.tree_id;
  if (!reply.disconnect.empty()) {
    flush(answers, batch.sealed_by);
    disconnect(reply.disconnect);
    co_return;
  }
  answer(request, std::move(reply), batch.sealed_by, answers);
}

void Driver::answer(Request& request, Reply reply, core::SessionId sealed_by,
                    std::vector<core::Outgoing>& answers) {
  if (reply.message.empty()) reply.message = body_reply(smb2::ErrorResponse{}).message;
  core::Outgoing out;
  out.request = request.meta.header;
  out.channel = request.meta.channel;
  // Related requests are answered with the ids they were resolved to.
  out.request.session_id = request.header.session_id;
  out.request.tree_id = request.header.tree_id;
  out.status = reply.status;
  out.message = std::move(reply.message);
  out.async_id = request.async_id;
  out.must_sign = reply.must_sign;
  out.must_seal = reply.must_seal;
  out.compress_from = reply.compress_from;
  if (out.async_id != 0) {
    std::vector<core::Outgoing> alone;
    alone.push_back(std::move(out));
    flush(alone, sealed_by);
  } else {
    answers.push_back(std::move(out));
  }
}

void Driver::flush(std::vector<core::Outgoing>& answers, core::SessionId sealed_by) {
  if (answers.empty() || closed_ || disconnecting_) return answers.clear();
  send(connection_.assemble(std::exchange(answers, {}), sealed_by));
}

void Driver::send(Buffer frame) {
  octets_sent_ += frame.size();
  stream_->send(std::move(frame));
}

std::optional<std::uint64_t> Driver::notify(const core::Notification& notification) {
  const core::Channel* channel = connection_.channel(notification.session);
  if (closed_ || disconnecting_ || channel == nullptr || !channel->established) return std::nullopt;
  send(connection_.assemble(notification));
  return octets_sent_;
}

std::uint64_t Driver::confirmed() const {
  return octets_sent_ - std::min<std::uint64_t>(octets_sent_, stream_->unconfirmed());
}

std::uint64_t Driver::when_closed(UniqueFunction fn) {
  when_closed_.emplace(next_watch_, std::move(fn));
  return next_watch_++;
}

bool Driver::send_interim(Request& request) {
  // Of its limit of 512 Windows lets 511 wait (smbtorture credits.*max_async_credits).
  if (async_count_ + 1 >= limits::kMaxAsyncRequests || closed_) return false;
  ++async_count_;
  request.async_id = connection_.next_async_id();
  core::Outgoing out;
  out.request = request.meta.header;
  out.channel = request.meta.channel;
  out.request.session_id = request.header.session_id;
  out.request.tree_id = request.header.tree_id;
  out.status = NtStatus::kPending;
  out.message = body_reply(smb2::ErrorResponse{}).message;
  out.async_id = request.async_id;
  out.is_interim = true;
  std::vector<core::Outgoing> alone;
  alone.push_back(std::move(out));
  flush(alone, request.meta.sealed ? request.header.session_id : 0);
  return true;
}

void Driver::cancel(const smb2::Header& header) {
  if (!header.is_async()) {
    if (auto found = active_.find(header.message_id); found != active_.end())
      found->second->cancel();
    return;
  }
  for (auto& [id, request] : active_)
    if (request->async_id == header.async_id) return request->cancel();
}

void Driver::cancel_requests_of(core::SessionId session) {
  std::vector<Request*> waiting;
  for (auto& [id, request] : active_)
    if (session == 0 || request->header.session_id == session) waiting.push_back(request);
  // on_cancel never resumes a request at once (WaitRegistry posts), so the list stays valid.
  for (Request* request : waiting) request->cancel();
}

// ---- the end ----

void Driver::drop_session(core::SessionId id) {
  exchanges_.erase(id);
  connection_.drop_channel(id);
}

void Driver::on_closed(ports::CloseReason) {
  stream_closed_ = true;
  frame_ = Buffer();
  end_service();
  forget_when_idle();
}

void Driver::end_service() {
  if (std::exchange(closed_, true)) return;
  for (ports::TimerId timer : {partial_timer_, stranger_timer_})
    if (timer != 0) loop_.cancel_timer(timer);
  std::vector<Request*> ending;
  for (auto& [id, request] : active_)
    if (!outlives_channel(*request)) ending.push_back(request);
  for (Request* request : ending) request->cancel();
  for (auto& [id, fn] : std::exchange(when_closed_, {})) fn();
  spawn(clean_up());
}

bool Driver::outlives_channel(const Request& request) {
  if (!request.outlives_channel || request.session == nullptr) return false;
  core::SessionId id = request.session->id;
  // Entered first: whoever ends the session marks it before he looks here.
  if (std::ranges::count(stranded_, id) == 0) {
    stranded_.push_back(id);
    server_.stranded().add(id, connection_.id());
  }
  Lock lock(request.session->mutex);
  return !request.session->ended && request.session->channels.size() > 1;
}

void Driver::forget_when_idle() {
  if (!stream_closed_ || !cleaned_up_ || (!stranded_.empty() && !active_.empty())) return;
  for (core::SessionId id : std::exchange(stranded_, {}))
    server_.stranded().remove(id, connection_.id());
  server_.forget(connection_.id());
}

Task<void> Driver::clean_up() {
  auto self = shared_from_this();
  core::ConnectionId id = connection_.id();
  for (core::SessionId session_id : connection_.sessions()) {
    core::Channel* channel = connection_.channel(session_id);
    core::SessionPtr session = channel->session;
    drop_session(session_id);
    bool last;
    {
      Lock lock(session->mutex);
      std::erase(session->channels, id);
      last = session->channels.empty();
    }
    if (last) co_await end_session(server_, loop_, session_id);
  }
  for (const auto& volume : volumes_) server_.failover().disconnected(*volume, on_the_wire());
  co_await server_.failover().settle_all(loop_);
  cleaned_up_ = true;
  forget_when_idle();
}

}  // namespace holdfast::service
