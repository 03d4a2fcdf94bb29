// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/limits.h"
#include "crypto/message_signature.h"
#include "sim/client/pending.h"
#include "wire/smb2/transform.h"
#include "wire/smb2/transport.h"

namespace holdfast::sim {

namespace smb2 = wire::smb2;
using smb2::Command, smb2::Header;

namespace {
/// Then the rest of a frame is received where it shall be, and not copied.
constexpr std::size_t kMuchMissing = 64u << 10;

std::string describe(const Header& header) {
  return std::string(smb2::name_of(header.command)) + " " + std::to_string(header.message_id) +
         " " + to_string(header.nt_status());
}
}  // namespace

MutBytes Client::rest_of_long_frame() { return MutBytes(long_frame_).subspan(long_frame_filled_); }

/// Puts its share of the octets into the long frame; what is behind it is left.
Bytes Client::take_long_frame(Bytes data) {
  MutBytes missing = rest_of_long_frame();
  std::size_t taken = std::min(missing.size(), data.size());
  if (missing.data() != data.data()) std::copy_n(data.data(), taken, missing.data());
  long_frame_filled_ += taken;
  if (taken == missing.size()) {
    long_frame_filled_ = 0;
    frame_received(std::exchange(long_frame_, {}));
  }
  return data.subspan(taken);
}

void Client::received(Bytes data) {
  if (!long_frame_.empty()) data = take_long_frame(data);
  if (data.empty()) return;
  in_.insert(in_.end(), data.begin(), data.end());
  std::size_t done = 0;
  while (in_.size() - done >= smb2::FrameHeader::kSize) {
    smb2::FrameHeader header;
    (void)smb2::decode(Bytes(in_).subspan(done), header);
    if (header.type != 0 || header.length < 4) {
      contradiction("a malformed transport header");
      return;
    }
    auto begin = in_.begin() + static_cast<std::ptrdiff_t>(done + smb2::FrameHeader::kSize);
    std::size_t have = in_.size() - done - smb2::FrameHeader::kSize;
    if (have + kMuchMissing < header.length) {
      long_frame_.assign(begin, in_.end());
      long_frame_filled_ = have;
      long_frame_.resize(header.length);
      in_.clear();
      return;
    }
    if (have < header.length) break;
    frame_received(ByteVec(begin, begin + header.length));
    done += smb2::FrameHeader::kSize + header.length;
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(done));
}

bool Client::unseal(ByteVec& frame) {
  smb2::TransformHeader header;
  std::shared_ptr<const crypto::Aead> open = open_;
  bool decoded = decode(frame, header);
  if (decoded && header.session_id != session_id_) {
    auto before = open_before_.find(header.session_id);
    open = before == open_before_.end() ? nullptr : before->second;
  }
  if (open == nullptr || !decoded || header.flags != smb2::TransformHeader::kEncrypted ||
      header.original_message_size != frame.size() - smb2::TransformHeader::kSize)
    return contradiction("a sealed frame with a wrong transform header");
  MutBytes octets = frame;
  Bytes nonce = Bytes(header.nonce).first(crypto::nonce_size(open->cipher()));
  if (!open->open(nonce, Bytes(octets).subspan(smb2::TransformHeader::kNonceOffset, 32),
                  octets.subspan(smb2::TransformHeader::kSize), header.signature))
    return contradiction("a sealed frame whose tag is wrong");
  frame.erase(frame.begin(), frame.begin() + smb2::TransformHeader::kSize);
  return true;
}

bool Client::decompress(ByteVec& frame) {
  auto message = core::decompress_message(frame, compression_, max_transact_ + 256 + 16,
                                          limits::kMaxFrameSize);
  if (!message) return contradiction(std::string(message.error()));
  frame = to_vec(*message);
  ++world_.counters.named["compressed answers"];
  return true;
}

void Client::frame_received(ByteVec frame) {
  smb2::ProtocolId protocol = smb2::protocol_of(frame);
  bool sealed = protocol == smb2::ProtocolId::kTransform;
  if (sealed && !unseal(frame)) return;
  if (smb2::protocol_of(frame) == smb2::ProtocolId::kCompression && !decompress(frame)) return;
  if (smb2::protocol_of(frame) != smb2::ProtocolId::kSmb2) {
    contradiction("a frame that is no SMB2 message");
    return;
  }
  Bytes rest = frame;
  std::uint64_t last_id = 0;
  while (true) {
    if (rest.size() < smb2::kHeaderSize) {
      contradiction("a message shorter than a header");
      return;
    }
    std::uint32_t next = load_u32(rest.data() + 20);
    if (next % 8 != 0 || next > rest.size()) {
      contradiction("a wrong NextCommand");
      return;
    }
    bool whole = next == 0 && rest.size() == frame.size();
    if (!message_received(next == 0 ? rest : rest.first(next), sealed, last_id,
                          whole ? &frame : nullptr))
      return;
    if (next == 0) return;
    rest = rest.subspan(next);
  }
}

bool Client::take_credits(const Header& header) {
  credits_ += header.credits;
  if (credits_ > limits::kMaxCredits)
    return contradiction("more credits than the server's limit: " + std::to_string(credits_));
  for (OneShot<bool>* waiter : std::exchange(waiting_for_credits_, {}))
    world_.loop.post([waiter] { waiter->set(true); });
  return true;
}

bool Client::check_header(const Pending& pending, const Header& header, bool sealed) {
  const Header& request = pending.request;
  if (!header.is_response()) return contradiction("a message that is no response");
  if (header.command != request.command)
    return contradiction("an answer of another command: " + describe(header));
  if (pending.sealed && !sealed)
    return contradiction("an answer in the clear to a sealed request: " + describe(header));
  if (header.credit_charge != request.credit_charge)
    return contradiction("another CreditCharge than the request's: " + describe(header));
  bool is_setup = header.command == Command::kSessionSetup && request.session_id == 0;
  if (!is_setup && header.session_id != pending.session_id)
    return contradiction("another session than the request's: " + describe(header));
  if (header.is_async()) {
    if (pending.async_id != 0 && header.async_id != pending.async_id)
      return contradiction("another AsyncId than the interim answer's: " + describe(header));
    if (pending.async_id == 0 && header.nt_status() != NtStatus::kPending)
      return contradiction("an asynchronous answer without an interim one: " + describe(header));
    if (header.async_id == 0) return contradiction("AsyncId 0: " + describe(header));
    return true;
  }
  if (pending.async_id != 0)
    return contradiction("a synchronous answer after an interim one: " + describe(header));
  if (header.nt_status() == NtStatus::kPending)
    return contradiction("a synchronous STATUS_PENDING: " + describe(header));
  bool fresh_tree = header.command == Command::kTreeConnect;
  if (!fresh_tree && header.tree_id != pending.tree_id)
    return contradiction("another tree than the request's: " + describe(header));
  return true;
}

bool Client::check_signature(const Pending& pending, const Header& header, Bytes message,
                             bool sealed) {
  if (sealed || header.command == Command::kSessionSetup) return true;
  if (!header.is_signed()) {
    bool excused = header.nt_status() == NtStatus::kPending ||
                   header.nt_status() == NtStatus::kUserSessionDeleted;
    if (pending.is_signed && !excused)
      return contradiction("an unsigned answer to a signed request: " + describe(header));
    return true;
  }
  if (pending.signer == nullptr || !crypto::verify_message(*pending.signer, message, true))
    return contradiction("a wrong signature: " + describe(header));
  return true;
}

/// What the server says unasked (MS-SMB2 3.2.5.19).
bool Client::break_received(Bytes message) {
  if (world_.world.verbose()) world_.world.note(options_.name + " < a break");
  if (smb2::peek_structure_size(message) == smb2::OplockBreak::kStructureSize) {
    smb2::OplockBreak body;
    if (!decode(message, body)) return contradiction("a malformed oplock break");
    if (on_oplock_break) world_.loop.post([this, body] { on_oplock_break(body); });
    return true;
  }
  smb2::LeaseBreakNotification body;
  if (!decode(message, body)) return contradiction("a malformed lease break");
  if ((body.new_lease_state & ~body.current_lease_state) != 0)
    return contradiction("a lease break that raises");
  if (on_lease_break) world_.loop.post([this, body] { on_lease_break(body); });
  return true;
}

bool Client::message_received(Bytes message, bool sealed, std::uint64_t& last_id, ByteVec* whole) {
  Header header;
  if (!decode(message, header)) return contradiction("a malformed header");
  if (header.message_id == ~0ull && on_notification) {
    if (header.is_signed() || header.command != Command::kOplockBreak || header.credits != 0 ||
        header.tree_id != 0 || (sealed ? open_ == nullptr : false))
      return contradiction("a malformed notification: " + describe(header));
    on_notification(header, message);
    return true;
  }
  if (header.message_id == ~0ull && header.command == Command::kOplockBreak)
    return break_received(message);
  auto found = pending_.find(header.message_id);
  if (found == pending_.end())
    return contradiction("an answer that nothing waits for: " + describe(header));
  Pending& pending = *found->second;
  if (options_.strict) {
    if (!check_header(pending, header, sealed) ||
        !check_signature(pending, header, message, sealed))
      return false;
    if (header.message_id <= last_id && last_id != 0)
      return contradiction("answers of a compound out of order: " + describe(header));
    if (!body_is_sane(header.command, header.nt_status(), message))
      return contradiction("a malformed body: " + describe(header));
  }
  last_id = header.message_id;
  world_.world.trace("answer", static_cast<std::uint64_t>(header.command) << 32 | header.status,
                     header.message_id);
  if (world_.world.verbose()) world_.world.note(options_.name + " < " + describe(header));
  ++world_.counters.answers[{header.command, header.nt_status()}];
  if (!take_credits(header)) return false;
  if (header.is_async() && header.nt_status() == NtStatus::kPending) {
    if (pending.async_id != 0 && options_.strict)
      return contradiction("a second interim answer: " + describe(header));
    pending.async_id = header.async_id;
    return true;
  }
  if (header.command == Command::kNegotiate) connection_preauth_.update(world_.crypto, message);
  if (header.command == Command::kSessionSetup &&
      header.nt_status() == NtStatus::kMoreProcessingRequired)
    session_preauth_.update(world_.crypto, message);
  Answer answer;
  answer.status = header.nt_status();
  answer.header = header;
  answer.message = whole == nullptr ? to_vec(message) : std::move(*whole);
  answer.was_pending = pending.async_id != 0;
  pending_.erase(found);
  world_.loop.post(
      [p = &pending, a = std::move(answer)]() mutable { p->outcome.set(std::move(a)); });
  return true;
}

}  // namespace holdfast::sim
