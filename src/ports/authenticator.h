// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/nt_status.h"
#include "base/nt_time.h"
#include "base/task.h"
#include "ports/executor.h"
#include "ports/identity.h"

namespace holdfast::ports {

/// What an established context does for single messages, as the server (RFC 2743 GSS_GetMIC and
/// GSS_Wrap with a signature of its own). Messages count: each is signed or checked once, in the
/// order of the wire. Not thread-safe.
class MessageSecurity {
 public:
  virtual ~MessageSecurity() = default;
  /// Whether signatures cover the headers of DCE/RPC fragments even when the two sides have not
  /// agreed on that.
  virtual bool always_covers_headers() const = 0;
  /// Octets of every signature.
  virtual std::size_t signature_size() const = 0;
  virtual ByteVec sign(Bytes message) = 0;
  [[nodiscard]] virtual bool verify(Bytes message, Bytes signature) = 0;
  /// Encrypts `secret`, which is a part of `message`, in place; the signature is over the message
  /// as it was before.
  virtual ByteVec seal(MutBytes message, MutBytes secret) = 0;
  /// Decrypts `secret` in place; false: the signature is wrong, and what is there means nothing.
  [[nodiscard]] virtual bool unseal(MutBytes message, MutBytes secret, Bytes signature) = 0;
};

/// What one leg of a log-on gave.
struct AuthStep {
  /// kMoreProcessingRequired: token goes to the client, another leg follows. kSuccess: identity and
  /// session_key are set, token (may be empty) goes with the answer. Else: refused with this
  /// status.
  NtStatus status = NtStatus::kLogonFailure;
  ByteVec token;
  Identity identity;
  /// Session.SessionKey before any derivation: 16 octets (Kerberos may give 32); empty for
  /// anonymous and guest, whose messages cannot be signed.
  ByteVec session_key;
  /// Protects messages, for protocols that leave that to the mechanism (MS-RPCE 3.3.1.5.2); null
  /// when there is no key.
  std::shared_ptr<MessageSecurity> security;
  /// When the log-on must be renewed (MS-SMB2 3.3.5.5.3); 0 = never.
  NtTime expires;
  /// For the log: why it was refused, in words ("unknown user", "NTLMv1 response"). Never sent.
  std::string reason;
};

/// One log-on in progress: a GSS context. Lives on one loop; dropped when it ended or was given up.
class AuthExchange {
 public:
  virtual ~AuthExchange() = default;
  /// Takes the client's next token (GSS, SPNEGO or raw NTLMSSP). The bytes must stay until it ends.
  virtual Task<AuthStep> step(Executor& loop, Bytes token) = 0;
};

/// Turns tokens into identities (MS-SMB2 3.3.5.5.3). NTLM behind SPNEGO now; Kerberos joins here.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// The SPNEGO NegTokenInit2 for the NEGOTIATE response (MS-SMB2 3.3.5.4; MS-SPNG 3.2.5.2).
  virtual ByteVec negotiate_token() = 0;
  virtual std::unique_ptr<AuthExchange> begin() = 0;
};

}  // namespace holdfast::ports
