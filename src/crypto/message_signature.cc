// SPDX-License-Identifier: Apache-2.0
#include "crypto/message_signature.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/assert.h"

namespace holdfast::crypto {
namespace {

// Where the fields of the SMB2 header are (MS-SMB2 2.2.1).
constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kCommandOffset = 12;
constexpr std::size_t kMessageIdOffset = 24;
constexpr std::size_t kSignatureOffset = 48;
constexpr std::uint16_t kCommandCancel = 0x000C;
/// Pieces beside the header up to which no memory is allocated.
constexpr std::size_t kInlinePieces = 14;
/// Messages handed to a provider at once.
constexpr std::size_t kBatch = 64;

SigningNonce nonce_of(Bytes header, bool from_server) {
  return {.message_id = load_u64(header.data() + kMessageIdOffset),
          .from_server = from_server,
          .cancel = load_u16(header.data() + kCommandOffset) == kCommandCancel};
}

/// The header as it is hashed: a copy with its Signature field zero leaves the message as it is.
using Header = std::array<std::uint8_t, kHeaderSize>;
Header hashed_header(Bytes message) {
  Header header;
  std::memcpy(header.data(), message.data(), kHeaderSize);
  std::memset(header.data() + kSignatureOffset, 0, kSignatureSize);
  return header;
}

void compute(const Signer& signer, Bytes message, std::span<const Bytes> rest, bool from_server,
             Signature& out) {
  const Header header = hashed_header(message);
  std::array<Bytes, kInlinePieces + 2> few;
  std::vector<Bytes> many;
  std::span<Bytes> pieces(few);
  if (rest.size() > kInlinePieces) {
    many.resize(rest.size() + 2);
    pieces = many;
  }
  pieces[0] = header;
  pieces[1] = message.subspan(kHeaderSize);
  for (std::size_t i = 0; i < rest.size(); ++i) pieces[2 + i] = rest[i];
  signer.sign(pieces.first(2 + rest.size()), nonce_of(message, from_server), out);
}

/// The signatures of messages that are all at least a header long, at most kBatch of them.
void compute_batch(const Provider& provider, std::span<const MessageToSign> messages,
                   std::span<Signature> out) {
  std::array<Header, kBatch> headers;
  std::array<SignJob, kBatch> jobs;
  std::size_t total = 0;
  for (const MessageToSign& m : messages) total += m.rest.size() + 2;
  std::vector<Bytes> pieces;
  pieces.reserve(total);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const MessageToSign& m = messages[i];
    headers[i] = hashed_header(m.message);
    const std::size_t first = pieces.size();
    pieces.push_back(headers[i]);
    pieces.push_back(m.message.subspan(kHeaderSize));
    pieces.insert(pieces.end(), m.rest.begin(), m.rest.end());
    jobs[i] = {.signer = m.signer,
               .pieces = std::span<const Bytes>(pieces).subspan(first),
               .nonce = nonce_of(m.message, m.from_server),
               .out = &out[i]};
  }
  provider.sign_batch(std::span(jobs).first(messages.size()));
}

}  // namespace

void sign_message(const Signer& signer, MutBytes message, std::span<const Bytes> rest,
                  bool from_server) {
  HF_ASSERT(message.size() >= kHeaderSize);
  Signature signature;
  compute(signer, message, rest, from_server, signature);
  std::memcpy(message.data() + kSignatureOffset, signature.data(), kSignatureSize);
}

bool verify_message(const Signer& signer, Bytes message, std::span<const Bytes> rest,
                    bool from_server) {
  if (message.size() < kHeaderSize) return false;
  Signature signature;
  compute(signer, message, rest, from_server, signature);
  return equal_constant_time(signature, message.subspan(kSignatureOffset, kSignatureSize));
}

void sign_messages(const Provider& provider, std::span<const MessageToSign> messages) {
  std::array<Signature, kBatch> signatures;
  while (!messages.empty()) {
    const auto batch = messages.first(std::min(messages.size(), kBatch));
    for (const MessageToSign& m : batch) HF_ASSERT(m.message.size() >= kHeaderSize);
    compute_batch(provider, batch, signatures);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::memcpy(batch[i].message.data() + kSignatureOffset, signatures[i].data(), kSignatureSize);
    }
    messages = messages.subspan(batch.size());
  }
}

void verify_messages(const Provider& provider, std::span<const MessageToSign> messages,
                     std::span<bool> results) {
  HF_ASSERT(results.size() == messages.size());
  std::array<Signature, kBatch> signatures;
  std::array<MessageToSign, kBatch> whole;
  std::array<std::size_t, kBatch> place;
  for (std::size_t at = 0; at < messages.size();) {
    std::size_t count = 0;
    for (; at < messages.size() && count < kBatch; ++at) {
      results[at] = false;
      if (messages[at].message.size() < kHeaderSize) continue;
      place[count] = at;
      whole[count++] = messages[at];
    }
    compute_batch(provider, std::span(whole).first(count), signatures);
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes given = Bytes(whole[i].message).subspan(kSignatureOffset, kSignatureSize);
      results[place[i]] = equal_constant_time(signatures[i], given);
    }
  }
}

}  // namespace holdfast::crypto
