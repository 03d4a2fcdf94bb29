// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/result.h"
#include "core/connection/message_compression.h"
#include "core/connection/policy.h"
#include "core/session/session.h"
#include "wire/smb2/negotiate.h"
#include "wire/smb2/smb1_negotiate.h"

namespace holdfast::core {

/// What a connection has agreed on (MS-SMB2 3.3.1.7).
struct Negotiated {
  std::uint16_t dialect = 0;
  Guid client_guid;
  std::uint32_t client_capabilities = 0;
  std::uint16_t client_security_mode = 0;
  std::vector<std::uint16_t> client_dialects;
  std::uint32_t server_capabilities = 0;
  std::uint16_t server_security_mode = 0;
  /// kNone: this connection cannot encrypt.
  wire::smb2::Cipher cipher = wire::smb2::Cipher::kNone;
  wire::smb2::SigningAlgorithm signing = wire::smb2::SigningAlgorithm::kHmacSha256;
  Compression compression;
  std::uint32_t max_transact = limits::kMaxSmallTransactSize;
  /// Which contexts the client sent, and so gets answered.
  bool sent_encryption_context = false;
  bool sent_signing_context = false;
  bool sent_compression_context = false;
  /// The SMB3 POSIX extensions may be used.
  bool posix_extensions = false;

  bool multi_credit() const {
    return (server_capabilities & wire::smb2::GlobalCap::kLargeMtu) != 0;
  }
  bool can_encrypt() const { return cipher != wire::smb2::Cipher::kNone; }
};

/// Decides as MS-SMB2 3.3.5.4 does. kInvalidParameter, kNotSupported (no common dialect), or
/// kSmbNoPreauthIntegrityHashOverlap.
Result<Negotiated> negotiate(const wire::smb2::NegotiateRequest& request, const Policy& policy);

/// The answer to an SMB1 NEGOTIATE (MS-SMB2 3.3.5.3): SMB 2.0.2, or Dialect::kSmb2Wildcard when the
/// client is to ask again with SMB2. kNotSupported when it offers no SMB2 dialect that is allowed.
Result<Negotiated> negotiate_smb1(const wire::smb2::Smb1NegotiateRequest& request,
                                  const Policy& policy);

/// What FSCTL_VALIDATE_NEGOTIATE_INFO must find (MS-SMB2 3.3.5.15.12).
bool matches_negotiation(const Negotiated& agreed, std::uint32_t capabilities, const Guid& guid,
                         std::uint16_t security_mode, const std::vector<std::uint16_t>& dialects);

/// May a connection that has agreed on this become a channel of that session (MS-SMB2 3.3.5.5 step
/// 4)? The session is complete (not in progress). Windows asks for the signing algorithms first, of
/// which GMAC goes only with GMAC, and does not mind another ClientGuid, which the document leaves
/// free.
NtStatus check_binding(const Negotiated& agreed, const Policy& policy, const Session& session);

/// Storage for the answer's contexts, whose data are views.
struct NegotiateAnswer {
  wire::smb2::NegotiateResponse response;
  ByteVec preauth, encryption, compression, signing, posix;
};
/// Fills the answer (MS-SMB2 3.3.5.4). salt: 32 random octets. token: kept by the caller.
void answer_negotiate(const Negotiated& agreed, const Policy& policy, Bytes token, NtTime now,
                      Bytes salt, NegotiateAnswer& out);

}  // namespace holdfast::core
