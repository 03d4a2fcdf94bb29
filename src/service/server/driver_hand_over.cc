// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/limits.h"
#include "service/server/driver.h"
#include "wire/state/handover.h"

/// A connection on its way from one binary to the next (service/handover).
namespace holdfast::service {

namespace state = wire::state;
using state::HeldConnection, state::HeldMessage, state::HeldRequest;

namespace {

state::Address address(const ports::Endpoint& e) { return {e.address, e.port}; }
ports::Endpoint endpoint(const state::Address& a) { return {a.ip, a.port}; }

HeldMessage held(const core::RequestMeta& meta) {
  HeldMessage m;
  if (meta.sealed) m.flags |= HeldMessage::kSealed;
  if (meta.signature_ok) m.flags |= HeldMessage::kSignatureOk;
  m.refused = static_cast<std::uint32_t>(meta.refused);
  if (meta.channel != nullptr) {
    m.flags |= HeldMessage::kHasChannel;
    m.channel = meta.channel->session->id;
  }
  m.message.octets = meta.message;
  return m;
}

}  // namespace

void Driver::hold() {
  held_ = true;
  stream_->pause_receiving();
}

void Driver::let_go() {
  held_ = false;
  if (std::exchange(still_, false)) stream_->resume();
  if (!paused_) stream_->resume_receiving();
  apply_back_pressure();
}

std::size_t Driver::waiting() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(active_, [](const auto& entry) { return entry.second->waits(); }));
}

bool Driver::only_waits() const {
  std::size_t waiting = this->waiting();
  // A request whose channel is lost and that goes on for its session is begun again by its client.
  if (closed_) return cleaned_up_ && waiting == running_;
  return held_ && waiting == active_.size() && waiting == running_;
}

std::string_view Driver::obstacle() const {
  if (disconnecting_) return "it is being ended";
  if (!exchanges_.empty()) return "a log-on is in progress";
  for (core::SessionId id : connection_.sessions())
    if (const core::Channel* c = const_cast<Driver*>(this)->connection_.channel(id);
        !c->established || c->in_setup)
      return "a log-on is in progress";
  return {};
}

void Driver::leave(std::string_view reason) {
  if (closed_) return;
  if (std::exchange(still_, false)) stream_->resume();
  disconnect(reason);
  // What belongs to it ends now; the stream sends what is queued as long as it can.
  on_closed(ports::CloseReason::kLocal);
}

void Driver::stand_still() {
  if (still_ || closed_) return;
  // Answers that a compound has collected would go with its last one.
  for (auto& [id, request] : active_) request->flush_answers();
  stream_->suspend([weak = weak_from_this()] {
    auto self = weak.lock();
    if (self == nullptr || self->closed_ || !self->held_) return;
    self->still_ = true;
    if (!self->stream_->image()) self->leave("it cannot be handed over");
  });
}

bool Driver::hand_over(HeldConnection& out, ports::StreamImage& image) const {
  std::optional<ports::StreamImage> found = stream_->image();
  if (!found) return false;
  image = std::move(*found);
  connection_.hand_over(out);
  out.socket = image.handle;
  out.loop = loop_.index();
  out.peer = address(peer_);
  out.local = address(local_);
  if (behind_proxy_) {
    out.flags |= HeldConnection::kBehindProxy;
    out.wire_peer = address(behind_proxy_->peer);
    out.wire_local = address(behind_proxy_->local);
  }
  if (logged_on_) out.flags |= HeldConnection::kLoggedOn;
  out.octets_sent = octets_sent_;
  out.frame_header.octets = Bytes(frame_header_).first(header_octets_);
  if (in_frame_) {
    out.flags |= HeldConnection::kInFrame;
    out.frame.octets = frame_.view();
    out.frame_length = static_cast<std::uint32_t>(frame_length_);
  }
  out.received.octets = image.received;
  out.unsent.octets = image.unsent;
  return true;
}

std::vector<HeldRequest> Driver::hand_over_requests() const {
  std::vector<const Request*> waiting;
  for (const auto& [id, request] : active_) waiting.push_back(request);
  // In the order in which they came: who came first waits in front.
  std::ranges::sort(waiting, {}, [](const Request* r) { return r->header.message_id; });
  std::vector<HeldRequest> out;
  for (const Request* r : waiting) {
    HeldRequest& h = out.emplace_back();
    h.connection = connection_.id();
    h.async_id = r->async_id;
    h.sealed_by = r->batch.sealed_by;
    // `valid` is for the requests behind; this one is resolved again from what was in front.
    if (r->meta.header.is_related()) h.flags |= HeldRequest::kChained;
    h.chain_session = r->header.session_id;
    h.chain_tree = r->header.tree_id;
    h.chain_status = static_cast<std::uint32_t>(r->chain.status);
    if (r->chain.file_id) {
      h.flags |= HeldRequest::kHasFileId;
      h.persistent_id = r->chain.file_id->persistent;
      h.volatile_id = r->chain.file_id->volatile_id;
    }
    for (std::size_t i = r->index; i < r->batch.requests.size(); ++i)
      h.messages.push_back(held(r->batch.requests[i]));
  }
  return out;
}

bool Driver::restore(const HeldConnection& held) {
  if (held.frame_length > limits::kMaxFrameSize || !connection_.restore(held)) return false;
  peer_ = endpoint(held.peer);
  local_ = endpoint(held.local);
  if ((held.flags & HeldConnection::kBehindProxy) != 0)
    behind_proxy_ = ports::TcpConnection{endpoint(held.wire_local), endpoint(held.wire_peer)};
  logged_on_ = (held.flags & HeldConnection::kLoggedOn) != 0;
  octets_sent_ = held.octets_sent;
  header_octets_ = held.frame_header.octets.size();
  std::ranges::copy(held.frame_header.octets, frame_header_.begin());
  in_frame_ = (held.flags & HeldConnection::kInFrame) != 0;
  if (in_frame_) {
    frame_ = Buffer(held.frame_length);
    frame_.append(held.frame.octets);
    frame_length_ = held.frame_length;
    frame_begun_us_ = loop_.clock().monotonic_us();
  }
  for (core::SessionId id : connection_.sessions()) {
    core::Session& session = *connection_.channel(id)->session;
    Lock lock(session.mutex);
    for (const auto& [tree_id, tree] : session.trees)
      if (tree.share->failover != nullptr &&
          std::ranges::count(volumes_, tree.share->failover) == 0)
        volumes_.push_back(tree.share->failover);
  }
  stream_->send(Buffer::copy_of(held.unsent.octets));
  return true;
}

void Driver::receive_rest(const HeldConnection& held) {
  if (in_frame_ || header_octets_ != 0) watch_partial_frame();
  if (!held.received.octets.empty()) on_received(held.received.octets);
}

void Driver::begin_again(const HeldRequest& held) {
  core::Batch batch;
  std::size_t size = 0;
  for (const HeldMessage& m : held.messages) size += m.message.octets.size();
  batch.frame = Buffer(size);
  for (const HeldMessage& m : held.messages) batch.frame.append(m.message.octets);
  batch.sealed_by = held.sealed_by;
  std::size_t at = 0;
  for (const HeldMessage& m : held.messages) {
    core::RequestMeta& meta = batch.requests.emplace_back();
    meta.message = batch.frame.view().subspan(at, m.message.octets.size());
    at += m.message.octets.size();
    if (!decode(meta.message, meta.header)) return leave("a request of it was lost");
    meta.sealed = (m.flags & HeldMessage::kSealed) != 0;
    meta.signature_ok = (m.flags & HeldMessage::kSignatureOk) != 0;
    meta.refused = static_cast<NtStatus>(m.refused);
    if ((m.flags & HeldMessage::kHasChannel) != 0) meta.channel = connection_.channel_of(m.channel);
  }
  Begun begun;
  begun.async_id = held.async_id;
  if (held.async_id != 0) ++async_count_;
  begun.chain.valid = (held.flags & HeldRequest::kChained) != 0;
  begun.chain.session = held.chain_session;
  begun.chain.tree = held.chain_tree;
  begun.chain.status = static_cast<NtStatus>(held.chain_status);
  if ((held.flags & HeldRequest::kHasFileId) != 0)
    begun.chain.file_id = wire::smb2::FileId{held.persistent_id, held.volatile_id};
  spawn(run(std::move(batch), std::move(begun)));
}

}  // namespace holdfast::service
