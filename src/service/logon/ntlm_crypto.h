// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "crypto/legacy.h"
#include "ports/authenticator.h"

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
/// (MS-NLMP 3.4). For mechListMIC and DCE/RPC: SMB 2 has its own signatures.
class NtlmSecurity final : public ports::MessageSecurity {
 public:
  enum class Side { kClient, kServer };
  /// flags: as negotiated; k128, k56, kKeyExchange decide about keys and signatures.
  NtlmSecurity(Side side, std::uint32_t flags, const Digest16& exported_session_key);

  /// Windows, and every other client, sign whole fragments with extended session security.
  bool always_covers_headers() const override { return true; }
  static constexpr std::size_t kSignatureSize = 16;
  std::size_t signature_size() const override { return kSignatureSize; }
  /// NTLMSSP_MESSAGE_SIGNATURE of the next message sent (MS-NLMP 3.4.4.2).
  ByteVec sign(Bytes message) override;
  /// Checks the signature of the next message received.
  [[nodiscard]] bool verify(Bytes message, Bytes signature) override;
  /// MS-NLMP 3.4.3.
  ByteVec seal(MutBytes message, MutBytes secret) override;
  [[nodiscard]] bool unseal(MutBytes message, MutBytes secret, Bytes signature) override;

  /// The mechListMIC: as sign() and verify(), but the key stream is afterwards where it was, while
  /// the message counts (MS-SPNG 3.2.5.1, 3.3.5.1).
  ByteVec sign_mech_list(Bytes list);
  [[nodiscard]] bool verify_mech_list(Bytes list, Bytes signature);

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
