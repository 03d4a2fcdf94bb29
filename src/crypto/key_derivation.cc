// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_derivation.h"

#include <algorithm>
#include <string_view>

#include "base/assert.h"

namespace holdfast::crypto {
namespace {

constexpr std::uint16_t kDialect300 = 0x0300;
constexpr std::uint16_t kDialect311 = 0x0311;
constexpr std::size_t kSessionKeySize = 16;
constexpr std::size_t kMaxFullSessionKey = 64;

/// The purposes and the view of the server in each direction (MS-SMB2 3.3.5.5.3).
enum class Purpose { kSigning, kApplication, kServerToClient, kClientToServer };

struct Input {
  std::string_view label;
  std::string_view context;  // 3.0 and 3.0.2; in 3.1.1 it is the pre-authentication hash
};

using namespace std::string_view_literals;

/// Labels and contexts with their terminating zero, as they are hashed.
Input input_300(Purpose purpose) {
  switch (purpose) {
    case Purpose::kSigning: return {"SMB2AESCMAC\0"sv, "SmbSign\0"sv};
    case Purpose::kApplication: return {"SMB2APP\0"sv, "SmbRpc\0"sv};
    case Purpose::kServerToClient: return {"SMB2AESCCM\0"sv, "ServerOut\0"sv};
    case Purpose::kClientToServer: return {"SMB2AESCCM\0"sv, "ServerIn \0"sv};
  }
  return {};
}

std::string_view label_311(Purpose purpose) {
  switch (purpose) {
    case Purpose::kSigning: return "SMBSigningKey\0"sv;
    case Purpose::kApplication: return "SMBAppKey\0"sv;
    case Purpose::kServerToClient: return "SMBS2CCipherKey\0"sv;
    case Purpose::kClientToServer: return "SMBC2SCipherKey\0"sv;
  }
  return {};
}

void derive(const Provider& provider, std::uint16_t dialect, Purpose purpose, Bytes key,
            const PreauthHash& preauth, MutBytes out) {
  if (dialect >= kDialect311) {
    derive_key(provider, key, as_bytes(label_311(purpose)), preauth.value(), out);
  } else {
    const Input input = input_300(purpose);
    derive_key(provider, key, as_bytes(input.label), as_bytes(input.context), out);
  }
}

/// Session.SessionKey of what the authentication gave.
std::array<std::uint8_t, kSessionKeySize> session_key_of(Bytes full_session_key) {
  std::array<std::uint8_t, kSessionKeySize> key{};
  const std::size_t size = std::min(full_session_key.size(), key.size());
  std::copy_n(full_session_key.begin(), size, key.begin());
  return key;
}

}  // namespace

void derive_key(const Provider& provider, Bytes key, Bytes label, Bytes context, MutBytes out) {
  HF_ASSERT(out.size() == 16 || out.size() == 32);
  // One block of HMAC-SHA256 is enough for both sizes, so the counter i is always 1.
  const std::uint8_t counter[4] = {0, 0, 0, 1};
  const std::uint8_t separator[1] = {0};
  const std::size_t bits = out.size() * 8;
  const std::uint8_t length[4] = {0, 0, static_cast<std::uint8_t>(bits >> 8),
                                  static_cast<std::uint8_t>(bits)};
  const Bytes pieces[] = {counter, label, separator, context, length};
  std::array<std::uint8_t, 32> block;
  provider.hmac_sha256(key, pieces, block);
  std::copy_n(block.begin(), out.size(), out.begin());
}

void PreauthHash::update(const Provider& provider, std::span<const Bytes> pieces) {
  HF_ASSERT(pieces.size() < 16);
  std::array<Bytes, 16> input;
  input[0] = value_;
  std::copy(pieces.begin(), pieces.end(), input.begin() + 1);
  std::array<std::uint8_t, 64> next;
  provider.sha512(std::span(input).first(pieces.size() + 1), next);
  value_ = next;
}

SessionKeys derive_session_keys(const Provider& provider, std::uint16_t dialect,
                                Bytes full_session_key, Cipher cipher, const PreauthHash& preauth) {
  HF_ASSERT(full_session_key.size() <= kMaxFullSessionKey);
  const auto session_key = session_key_of(full_session_key);
  SessionKeys keys;
  if (dialect < kDialect300) {
    keys.signing = session_key;
    keys.application = session_key;
    return keys;
  }
  if (dialect < kDialect311) cipher = Cipher::kAes128Ccm;
  keys.cipher_key_size = key_size(cipher);
  // Signing keys are 128 bits whatever the cipher is; only AES-256 keys come from the whole key.
  const Bytes cipher_source = keys.cipher_key_size == 32 ? full_session_key : Bytes(session_key);
  derive(provider, dialect, Purpose::kSigning, session_key, preauth, keys.signing);
  derive(provider, dialect, Purpose::kApplication, session_key, preauth, keys.application);
  derive(provider, dialect, Purpose::kServerToClient, cipher_source, preauth,
         MutBytes(keys.encryption).first(keys.cipher_key_size));
  derive(provider, dialect, Purpose::kClientToServer, cipher_source, preauth,
         MutBytes(keys.decryption).first(keys.cipher_key_size));
  return keys;
}

std::array<std::uint8_t, kSigningKeySize> derive_signing_key(const Provider& provider,
                                                             std::uint16_t dialect,
                                                             Bytes full_session_key,
                                                             const PreauthHash& preauth) {
  const auto session_key = session_key_of(full_session_key);
  if (dialect < kDialect300) return session_key;
  std::array<std::uint8_t, kSigningKeySize> key;
  derive(provider, dialect, Purpose::kSigning, session_key, preauth, key);
  return key;
}

}  // namespace holdfast::crypto
