// SPDX-License-Identifier: Apache-2.0
#include "core/connection/connection.h"
#include "wire/state/handover.h"

/// A connection on its way from one binary to the next.
namespace holdfast::core {

namespace smb2 = wire::smb2;
using wire::state::HeldChannel, wire::state::HeldConnection, wire::state::HeldNegotiation;

namespace {

std::uint32_t flags_of(const Negotiated& n) {
  std::uint32_t flags = HeldConnection::kNegotiated;
  if (n.posix_extensions) flags |= HeldConnection::kPosix;
  if (n.sent_encryption_context) flags |= HeldConnection::kSentEncryption;
  if (n.sent_signing_context) flags |= HeldConnection::kSentSigning;
  if (n.sent_compression_context) flags |= HeldConnection::kSentCompression;
  if (n.compression.chained) flags |= HeldConnection::kChained;
  return flags;
}

HeldNegotiation held(const Negotiated& n) {
  HeldNegotiation h;
  h.dialect = n.dialect;
  h.client_guid = n.client_guid;
  h.client_capabilities = n.client_capabilities;
  h.client_security_mode = n.client_security_mode;
  h.client_dialects = n.client_dialects;
  h.server_capabilities = n.server_capabilities;
  h.server_security_mode = n.server_security_mode;
  h.cipher = static_cast<std::uint16_t>(n.cipher);
  h.signing = static_cast<std::uint16_t>(n.signing);
  for (smb2::CompressionAlgorithm a : n.compression.algorithms)
    h.compression.push_back(static_cast<std::uint16_t>(a));
  h.max_transact = n.max_transact;
  return h;
}

Negotiated agreed_of(const HeldNegotiation& h, std::uint32_t flags) {
  Negotiated n;
  n.dialect = h.dialect;
  n.client_guid = h.client_guid;
  n.client_capabilities = h.client_capabilities;
  n.client_security_mode = h.client_security_mode;
  n.client_dialects = h.client_dialects;
  n.server_capabilities = h.server_capabilities;
  n.server_security_mode = h.server_security_mode;
  n.cipher = static_cast<smb2::Cipher>(h.cipher);
  n.signing = static_cast<smb2::SigningAlgorithm>(h.signing);
  for (std::uint16_t a : h.compression)
    n.compression.algorithms.push_back(static_cast<smb2::CompressionAlgorithm>(a));
  n.compression.chained = (flags & HeldConnection::kChained) != 0;
  n.max_transact = h.max_transact;
  n.posix_extensions = (flags & HeldConnection::kPosix) != 0;
  n.sent_encryption_context = (flags & HeldConnection::kSentEncryption) != 0;
  n.sent_signing_context = (flags & HeldConnection::kSentSigning) != 0;
  n.sent_compression_context = (flags & HeldConnection::kSentCompression) != 0;
  return n;
}

}  // namespace

void Connection::hand_over(HeldConnection& out) const {
  out.id = id_;
  if (negotiated_) {
    out.flags |= flags_of(*negotiated_);
    out.agreed = held(*negotiated_);
  }
  if (awaits_smb2_negotiate_) out.flags |= HeldConnection::kAwaitsSmb2;
  if (constrained_) out.flags |= HeldConnection::kConstrained;
  out.preauth = preauth_.octets();
  out.window_begin = window_.begin();
  out.window_end = window_.end();
  out.outstanding = window_.outstanding();
  out.used = window_.used();
  out.next_async_id = next_async_id_;
  for (const auto& [id, channel] : channels_) {
    if (!channel->established) continue;
    HeldChannel& c = out.channels.emplace_back();
    c.session = id;
    if (channel->is_bound) c.flags |= HeldChannel::kBound;
    c.preauth = channel->preauth.octets();
    if (channel->keys.octets != nullptr) c.signing_key.octets = channel->keys.octets->signing;
  }
}

bool Connection::restore(const HeldConnection& held) {
  if (!window_.restore(held.window_begin, held.window_end, held.outstanding, held.used))
    return false;
  if ((held.flags & HeldConnection::kNegotiated) != 0)
    negotiated_ = agreed_of(held.agreed, held.flags);
  awaits_smb2_negotiate_ = (held.flags & HeldConnection::kAwaitsSmb2) != 0;
  constrained_ = (held.flags & HeldConnection::kConstrained) != 0;
  preauth_ = crypto::PreauthHash(held.preauth);
  next_async_id_ = held.next_async_id;
  for (const HeldChannel& c : held.channels) {
    SessionPtr session = sessions_.find(c.session);
    if (session == nullptr || !negotiated_) return false;
    Channel& channel = add_channel(session);
    channel.keys = session->keys;
    channel.established = true;
    channel.is_bound = (c.flags & HeldChannel::kBound) != 0;
    channel.preauth = crypto::PreauthHash(c.preauth);
    if (!channel.is_bound || c.signing_key.octets.empty()) continue;
    if (c.signing_key.octets.size() > crypto::kSigningKeySize) return false;
    channel.keys.signer = crypto_.make_signer(
        static_cast<crypto::SigningAlgorithm>(negotiated_->signing), c.signing_key.octets);
    channel.keys.octets =
        std::make_shared<const KeyOctets>(to_vec(c.signing_key.octets), ByteVec{}, ByteVec{});
  }
  return true;
}

}  // namespace holdfast::core
