// SPDX-License-Identifier: Apache-2.0
#include "core/connection/connection.h"

#include "crypto/message_signature.h"
#include "wire/smb2/compression_transform.h"
#include "wire/smb2/transform.h"
#include "wire/smb2/transport.h"

namespace holdfast::core {
namespace {

namespace smb2 = wire::smb2;
using smb2::Command;
namespace Flags = smb2::HeaderFlags;

constexpr std::uint64_t kSameSession = ~0ull;
// Sessions that ended on a connection, whose keys it remembers.
constexpr std::size_t kMaxEnded = 8;
// Cuts a frame's content where a header field says; offsets within compounds are of 8 octets.
constexpr std::size_t kCompoundAlignment = 8;

// MessageId of what answers no request (MS-SMB2 3.3.4.6).
constexpr std::uint64_t kUnsolicited = ~0ull;

/// Over the first octets of the message.
void write_header(const smb2::Header& header, MutBytes message) {
  Buffer octets(smb2::kHeaderSize);
  Writer writer(octets);
  encode(header, writer);
  std::memcpy(message.data(), octets.data(), smb2::kHeaderSize);
}

void add_transport_header(Buffer& frame) {
  auto size = static_cast<std::uint32_t>(frame.size());
  encode(smb2::FrameHeader{0, size}, frame.prepend(smb2::FrameHeader::kSize));
}

}  // namespace

Buffer new_message(std::size_t body_size_hint) {
  Buffer message(smb2::kHeaderSize + body_size_hint + kCompoundAlignment, kMessageHeadroom);
  message.append_zeros(smb2::kHeaderSize);
  return message;
}

Connection::Connection(ConnectionId id, std::shared_ptr<const Policy> policy,
                       const crypto::Provider& crypto, SessionTable& sessions)
    : id_(id),
      policy_(std::move(policy)),
      crypto_(crypto),
      sessions_(sessions),
      window_(policy_->max_credits) {}

std::uint32_t Connection::max_frame() const {
  return any_established() ? limits::kMaxFrameSize : limits::kMaxUnauthenticatedFrameSize;
}

bool Connection::any_established() const {
  for (const auto& [id, channel] : channels_)
    if (channel->established) return true;
  return false;
}

std::variant<Batch, Disconnect> Connection::receive(Buffer frame) {
  Batch batch;
  smb2::ProtocolId protocol = smb2::protocol_of(frame);
  if (protocol == smb2::ProtocolId::kTransform) {
    if (auto end = unseal(frame, batch)) return *end;
    protocol = smb2::protocol_of(frame);
    if (protocol != smb2::ProtocolId::kSmb2 && protocol != smb2::ProtocolId::kCompression)
      return Disconnect{"sealed content is no SMB2 message"};
  }
  if (protocol == smb2::ProtocolId::kCompression) {
    if (auto end = decompress(frame)) return *end;
    protocol = smb2::protocol_of(frame);
    if (protocol != smb2::ProtocolId::kSmb2)
      return Disconnect{"compressed content is no SMB2 message"};
  }
  if (protocol == smb2::ProtocolId::kSmb1) {
    // MS-SMB2 3.3.5.3: only as the very first message.
    if (negotiated_ || awaits_smb2_negotiate_ || !window_.consume(0, 1))
      return Disconnect{"SMB1 message after negotiation"};
    batch.is_smb1_negotiate = true;
    RequestMeta& request = batch.requests.emplace_back();
    request.header.credits = 1;
    request.message = frame.view();
    batch.frame = std::move(frame);
    return batch;
  }
  if (protocol != smb2::ProtocolId::kSmb2) return Disconnect{"not an SMB message"};
  if (auto end = split(frame.view(), batch)) return *end;
  batch.frame = std::move(frame);
  return batch;
}

/// MS-SMB2 3.3.5.2.1.1.
std::optional<Disconnect> Connection::unseal(Buffer& frame, Batch& batch) {
  smb2::TransformHeader header;
  if (!decode(frame.view(), header)) return Disconnect{"malformed transform header"};
  if (!negotiated_ || !negotiated_->can_encrypt())
    return Disconnect{"encrypted message without negotiated encryption"};
  if (header.flags != smb2::TransformHeader::kEncrypted)
    return Disconnect{"unknown flags in a transform header"};
  std::size_t size = frame.size() - smb2::TransformHeader::kSize;
  if (header.original_message_size != size || size < smb2::CompressionTransformHeader::kSize)
    return Disconnect{"wrong size in a transform header"};
  Channel* found = channel(header.session_id);
  if (found == nullptr || found->keys.open == nullptr)
    return Disconnect{"encrypted message of an unknown session"};
  if (constrained_) return Disconnect{"encrypted message before anybody has logged on"};
  MutBytes octets = frame.mut();
  const crypto::Aead& aead = *found->keys.open;
  Bytes nonce =
      Bytes(octets).subspan(smb2::TransformHeader::kNonceOffset, crypto::nonce_size(aead.cipher()));
  Bytes aad = Bytes(octets).subspan(smb2::TransformHeader::kNonceOffset, 32);
  if (!aead.open(nonce, aad, octets.subspan(smb2::TransformHeader::kSize), header.signature))
    return Disconnect{"encrypted message with a wrong authentication tag"};
  frame.remove_prefix(smb2::TransformHeader::kSize);
  batch.sealed_by = header.session_id;
  return std::nullopt;
}

/// MS-SMB2 3.3.5.2.1.2. What comes out is bounded as a frame that came in the clear.
std::optional<Disconnect> Connection::decompress(Buffer& frame) {
  if (!negotiated_) return Disconnect{"compressed message before negotiation"};
  std::size_t max_segment =
      256 + smb2::CompressionTransformHeader::kSize + std::size_t{negotiated_->max_transact};
  auto message = decompress_message(frame, negotiated_->compression, max_segment, max_frame());
  if (!message) return Disconnect{message.error()};
  frame = std::move(*message);
  return std::nullopt;
}

/// Takes a compound apart (MS-SMB2 3.3.5.2.7), uses its message ids (3.3.5.2.3), checks its
/// signatures (3.3.5.2.4).
std::optional<Disconnect> Connection::split(Bytes content, Batch& batch) {
  SessionId previous_session = 0;
  while (true) {
    if (batch.requests.size() == limits::kMaxCompound) return Disconnect{"too long a compound"};
    RequestMeta request;
    if (!decode(content, request.header)) return Disconnect{"malformed SMB2 header"};
    smb2::Header& header = request.header;
    if (header.is_response()) return Disconnect{"a response where a request was due"};
    std::size_t size = header.next_command == 0 ? content.size() : header.next_command;
    if (size > content.size() || size < smb2::kHeaderSize ||
        (header.next_command != 0 && size % kCompoundAlignment != 0))
      return Disconnect{"malformed compound"};
    request.message = content.first(size);
    request.sealed = batch.sealed_by != 0;
    if (header.command != Command::kCancel &&
        !window_.consume(header.message_id, header.credit_charge))
      return Disconnect{"message id outside the window of granted credits"};
    SessionId session = header.session_id;
    if (header.is_related() && (session == kSameSession || !batch.requests.empty()))
      session = previous_session;
    // The key that opened the message vouches for its own session only (MS-SMB2 3.3.5.2.9).
    if (batch.sealed_by != 0 && session != 0 && session != batch.sealed_by)
      return Disconnect{"a request of another session inside an encrypted message"};
    request.channel = channel_of(session);
    request.refused = check_signature(request);
    previous_session = session;
    batch.requests.push_back(request);
    if (header.next_command == 0) return std::nullopt;
    content = content.subspan(size);
  }
}

/// The channel of this connection. Or one that stands for a session without a channel here: one
/// that lives (SESSION_SETUP wants to bind the connection to it, or the client is mistaken), or one
/// that has just ended here. Its keys sign the refusal (MS-SMB2 3.3.4.1.1), because clients that
/// require signatures take none without.
std::shared_ptr<const Channel> Connection::channel_of(SessionId session) {
  if (session == 0) return nullptr;
  if (auto found = channels_.find(session); found != channels_.end()) return found->second;
  for (const std::shared_ptr<const Channel>& ended : ended_)
    if (ended->session->id == session) return ended;
  SessionPtr elsewhere = sessions_.find(session);
  if (elsewhere == nullptr || elsewhere->current_state() == SessionState::kInProgress)
    return nullptr;
  auto channel = std::make_shared<Channel>();
  channel->keys = elsewhere->keys;
  channel->is_bound = true;
  channel->session = std::move(elsewhere);
  return channel;
}

void Connection::drop_channel(SessionId id) {
  auto found = channels_.find(id);
  if (found == channels_.end()) return;
  if (found->second->established) {
    if (ended_.size() == kMaxEnded) ended_.erase(ended_.begin());
    ended_.push_back(std::move(found->second));
  }
  channels_.erase(found);
}

const crypto::Signer* Connection::signer_for(const Outgoing& answer, SessionId id) {
  if (answer.channel != nullptr && answer.channel->session->id == id)
    return answer.channel->keys.signer.get();
  Channel* found = channel(id);
  return found == nullptr ? nullptr : found->keys.signer.get();
}

/// MS-SMB2 3.3.5.2.4.
NtStatus Connection::check_signature(RequestMeta& request) {
  if (request.sealed || !request.header.is_signed()) return NtStatus::kSuccess;
  if (request.header.command == Command::kNegotiate) return NtStatus::kInvalidParameter;
  bool is_setup = request.header.command == Command::kSessionSetup;
  bool is_ours = request.channel != nullptr && channel(request.channel->session->id) != nullptr;
  if (request.channel == nullptr || (!is_ours && !is_setup)) return NtStatus::kUserSessionDeleted;
  // A setup in progress has no key yet.
  const crypto::Signer* signer = request.channel->keys.signer.get();
  if (signer == nullptr) return NtStatus::kSuccess;
  request.signature_ok = crypto::verify_message(*signer, request.message, false);
  // What is to be said first about a binding, SESSION_SETUP knows (MS-SMB2 3.3.5.5).
  if (is_setup && (!is_ours || (request.channel->is_bound && !request.channel->established)))
    return NtStatus::kSuccess;
  return request.signature_ok ? NtStatus::kSuccess : NtStatus::kAccessDenied;
}

Channel* Connection::channel(SessionId id) {
  auto found = channels_.find(id);
  return found == channels_.end() ? nullptr : found->second.get();
}

Channel& Connection::add_channel(SessionPtr session) {
  std::shared_ptr<Channel>& added = channels_[session->id];
  added = std::make_shared<Channel>();
  added->session = std::move(session);
  return *added;
}

std::vector<SessionId> Connection::sessions() const {
  std::vector<SessionId> ids;
  for (const auto& [id, channel] : channels_) ids.push_back(id);
  return ids;
}

bool Connection::charge_suffices(const smb2::Header& header, std::uint64_t payload) const {
  if (!negotiated_ || !negotiated_->multi_credit()) return payload <= limits::kMaxSmallTransactSize;
  if (gave_back_ && header.command == smb2::Command::kWrite) return true;
  std::uint64_t needed = payload == 0 ? 1 : (payload - 1) / 65'536 + 1;
  return std::max<std::uint64_t>(header.credit_charge, 1) >= needed;
}

const Channel* Connection::sealing_channel(const std::vector<Outgoing>& answers,
                                           SessionId sealed_by) {
  for (const Outgoing& answer : answers)
    if (answer.channel != nullptr && answer.channel->session->id == sealed_by)
      return answer.channel.get();
  return channel(sealed_by);
}

Buffer Connection::assemble(std::vector<Outgoing> answers, SessionId sealed_by) {
  Buffer frame;
  bool must_seal = sealed_by != 0;
  for (Outgoing& answer : answers) {
    must_seal = must_seal || answer.must_seal;
    if (answer.must_seal && sealed_by == 0) sealed_by = answer.request.session_id;
  }
  const Channel* sealing = must_seal ? sealing_channel(answers, sealed_by) : nullptr;
  bool sealed = sealing != nullptr && sealing->keys.seal != nullptr;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    bool last = i + 1 == answers.size();
    Buffer& message = answers[i].message;
    // In a compound Windows pads the last message too.
    if (answers.size() > 1)
      message.append_zeros((kCompoundAlignment - message.size() % kCompoundAlignment) %
                           kCompoundAlignment);
    finish_message(answers[i], sealed, last ? 0 : message.size(), message.mut());
    if (i == 0) {
      frame = std::move(message);
    } else {
      frame.append(message);
    }
  }
  // Signed, then compressed, then sealed. In a compound nothing is large enough to be worth it.
  if (answers.size() == 1 && answers.front().compress_from != 0 && negotiated_)
    if (auto small = compress_message(frame, answers.front().compress_from,
                                      negotiated_->compression, kMessageHeadroom))
      frame = std::move(*small);
  if (sealed) seal(frame, *sealing);
  add_transport_header(frame);
  return frame;
}

Buffer Connection::assemble(const Notification& notification) {
  smb2::Header header;
  header.command = Command::kOplockBreak;
  header.flags = Flags::kServerToRedir;
  header.message_id = kUnsolicited;
  header.session_id = notification.names_session ? notification.session : 0;
  Buffer frame = Buffer::copy_of(notification.message, kMessageHeadroom);
  write_header(header, frame.mut());
  const Channel* sealing = channel(notification.session);
  if (sealing != nullptr && sealing->keys.seal != nullptr &&
      (notification.must_seal || sealing->session->encrypt))
    seal(frame, *sealing);
  add_transport_header(frame);
  return frame;
}

/// Fills in the header and signs (MS-SMB2 3.3.4.1.1 to 3.3.4.1.4).
void Connection::finish_message(Outgoing& answer, bool sealed, std::size_t next, MutBytes message) {
  smb2::Header header;
  const smb2::Header& request = answer.request;
  header.credit_charge = request.credit_charge;
  header.status = static_cast<std::uint32_t>(answer.status);
  header.command = request.command;
  // Credits of an async request are granted with its interim response (MS-SMB2 3.3.4.2).
  bool final_of_async = answer.async_id != 0 && !answer.is_interim;
  header.credits = final_of_async ? 0 : window_.grant(request.credits);
  header.flags = Flags::kServerToRedir |
                 (request.flags &
                  (Flags::kRelatedOperations | Flags::kPriorityMask | Flags::kReplayOperation));
  header.next_command = static_cast<std::uint32_t>(next);
  header.message_id = request.message_id;
  if (answer.async_id != 0) {
    header.flags |= Flags::kAsyncCommand;
    header.async_id = answer.async_id;
  } else {
    header.reserved = request.reserved;
    header.tree_id = request.tree_id;
  }
  header.session_id = request.session_id;
  const crypto::Signer* signer = nullptr;
  if (!sealed && (request.is_signed() || answer.must_sign))
    signer = signer_for(answer, header.session_id);
  // An interim response is not signed by Windows, but may be; clients that check want the final
  // one.
  if (signer != nullptr) header.flags |= Flags::kSigned;
  write_header(header, message);
  if (signer != nullptr) crypto::sign_message(*signer, message, true);

  // Pre-authentication integrity covers the octets as sent (MS-SMB2 3.3.5.4, 3.3.5.5).
  if (negotiated_ && negotiated_->dialect == smb2::Dialect::kSmb311) {
    if (header.command == Command::kNegotiate) preauth_.update(crypto_, message);
    if (header.command == Command::kSessionSetup &&
        answer.status == NtStatus::kMoreProcessingRequired)
      if (Channel* found = channel(header.session_id); found != nullptr && found->in_setup)
        found->preauth.update(crypto_, message);
  }
}

/// MS-SMB2 3.3.4.1.4.
void Connection::seal(Buffer& frame, const Channel& sealing) {
  const crypto::Aead& aead = *sealing.keys.seal;
  smb2::TransformHeader header;
  store_u64(header.nonce.data(), sealing.session->next_nonce.fetch_add(1));
  header.original_message_size = static_cast<std::uint32_t>(frame.size());
  header.session_id = sealing.session->id;
  MutBytes message = frame.mut();
  Buffer octets(smb2::TransformHeader::kSize);
  Writer writer(octets);
  encode(header, writer);
  MutBytes place = frame.prepend(smb2::TransformHeader::kSize);
  std::memcpy(place.data(), octets.data(), smb2::TransformHeader::kSize);
  Bytes nonce = Bytes(header.nonce).first(crypto::nonce_size(aead.cipher()));
  // The tag is the Signature field, behind the four octets of the protocol id.
  aead.seal(nonce, Bytes(place).subspan(smb2::TransformHeader::kNonceOffset, 32), message,
            place.subspan(4, crypto::kSignatureSize));
}

}  // namespace holdfast::core
