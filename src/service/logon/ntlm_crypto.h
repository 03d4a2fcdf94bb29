// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "crypto/legacy.h"

namespace holdfast::service {

using crypto::Digest16;

/// NTOWFv1: the MD4 of the password in UTF-16LE (MS-NLMP 3.3.1). Equivalent to the password:
/// whoever has it can log on.
Digest16 nt_hash(std::string_view password);

/// NTOWFv2: ResponseKeyNT of NTLMv2 (MS-NLMP 3.3.2). The user's name is upcased here.
Digest16 ntowf_v2(const Digest16& nt_hash, std::string_view user, std::string_view domain);

/// NTProofStr: the proof for a server challenge and the client's data (MS-NLMP 3.3.2).
Digest16 ntlmv2_proof(const Digest16& response_key, Bytes server_challenge, Bytes client_data);
/// LMv2: 24 octets, proof and client challenge. Clients of servers without target info send it.
ByteVec lmv2_response(const Digest16& response_key, Bytes server_challenge, Bytes client_challenge);
/// SessionBaseKey, which in NTLMv2 is the KeyExchangeKey too (MS-NLMP 3.3.2, 3.4.5.1).
Digest16 ntlmv2_session_base_key(const Digest16& response_key, const Digest16& proof);

/// RC4K: encrypts or decrypts 16 octets with a key used once (EncryptedRandomSessionKey).
Digest16 rc4_once(const Digest16& key, Bytes octets16);

/// The MIC of an AUTHENTICATE_MESSAGE: over the three messages, with the MIC field of the last as
/// zeros (MS-NLMP 3.1.5.1.2). `authenticate` has at least kNtlmMicOffset + kNtlmMicSize octets.
Digest16 ntlm_mic(const Digest16& exported_session_key, Bytes negotiate, Bytes challenge,
                  Bytes authenticate);

/// The signing and sealing state of one side of an NTLM session with extended session security
/// (MS-NLMP 3.4). Used for mechListMIC only: SMB 2 has its own signatures.
class NtlmSecurity {
 public:
  enum class Side { kClient, kServer };
  /// flags: as negotiated; k128, k56, kKeyExchange decide about keys and signatures.
  NtlmSecurity(Side side, std::uint32_t flags, const Digest16& exported_session_key);

  /// NTLMSSP_MESSAGE_SIGNATURE (16 octets) of the next message sent (MS-NLMP 3.4.4.2).
  ByteVec sign(Bytes message);
  /// Checks the signature of the next message received.
  [[nodiscard]] bool verify(Bytes message, Bytes signature);
  /// Encrypts in place and returns the signature (MS-NLMP 3.4.3).
  ByteVec seal(MutBytes message);
  /// Decrypts in place; false: the signature is wrong.
  [[nodiscard]] bool unseal(MutBytes message, Bytes signature);

 private:
  struct Direction {
    Digest16 signing_key;
    crypto::Rc4 sealing;
    std::uint32_t sequence = 0;
  };
  static Direction make(Side sender, std::uint32_t flags, const Digest16& key);
  std::array<std::uint8_t, 16> mac(Direction& direction, Bytes message) const;

  std::uint32_t flags_;
  Direction send_;
  Direction receive_;
};

}  // namespace holdfast::service
