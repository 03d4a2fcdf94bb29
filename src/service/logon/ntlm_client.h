// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/clock.h"
#include "ports/random.h"
#include "service/logon/ntlm_crypto.h"
#include "wire/auth/ntlm.h"
#include "wire/auth/spnego.h"

namespace holdfast::service {

/// How a client logs on: for tests, the simulator and the load generator. The defaults are what a
/// current Windows does; the rest are the ways of other clients.
struct NtlmClientOptions {
  /// Empty with an empty password: anonymous.
  std::string user;
  std::string domain;
  std::string password;
  std::string workstation = "CLIENT";
  std::uint32_t flags = wire::auth::ntlm_flag::kUnicode | wire::auth::ntlm_flag::kRequestTarget |
                        wire::auth::ntlm_flag::kSign | wire::auth::ntlm_flag::kNtlm |
                        wire::auth::ntlm_flag::kAlwaysSign |
                        wire::auth::ntlm_flag::kExtendedSessionSecurity |
                        wire::auth::ntlm_flag::k128 | wire::auth::ntlm_flag::kKeyExchange;
  bool send_mic = true;
  /// SPNEGO around the NTLM messages; false: bare.
  bool spnego = true;
  bool send_mech_list_mic = true;
  /// Offered before NTLM, with a token of no meaning, as a client does that hopes for Kerberos.
  std::vector<Bytes> other_mechanisms_first;
};

/// The client's side of NTLMv2 (MS-NLMP 3.1) without a transport. Values in, values out.
class NtlmClient {
 public:
  explicit NtlmClient(NtlmClientOptions options) : options_(std::move(options)) {}

  /// The NEGOTIATE_MESSAGE.
  ByteVec negotiate();
  /// The AUTHENTICATE_MESSAGE that answers a CHALLENGE_MESSAGE; kInvalidParameter: it is malformed.
  /// now: used when the server sent no timestamp. random_session_key: used with kKeyExchange.
  Result<ByteVec> authenticate(Bytes challenge, NtTime now,
                               const std::array<std::uint8_t, 8>& client_challenge,
                               const Digest16& random_session_key);
  /// ExportedSessionKey; meaningful after authenticate().
  const Digest16& session_key() const { return session_key_; }
  /// As negotiated.
  std::uint32_t flags() const { return flags_; }
  bool is_anonymous() const { return options_.user.empty() && options_.password.empty(); }

 private:
  Result<ByteVec> authenticate_anonymous();

  NtlmClientOptions options_;
  ByteVec negotiate_;
  std::uint32_t flags_ = 0;
  Digest16 session_key_{};
};

/// The client's side of a whole log-on: SPNEGO around NtlmClient, or NTLM bare.
class LogonClient {
 public:
  /// clock and random outlive this.
  LogonClient(NtlmClientOptions options, ports::Clock& clock, ports::Random& random);

  /// The first token to send.
  ByteVec first_token();
  /// The answer to a token that came with STATUS_MORE_PROCESSING_REQUIRED.
  Result<ByteVec> next_token(Bytes server_token);
  /// Takes the token that came with STATUS_SUCCESS (may be empty); kLogonFailure: it does not prove
  /// the server, that is, the mechListMIC is wrong.
  Result<void> finish(Bytes server_token);
  /// Signs and seals what is sent after the log-on; null for anonymous.
  ports::MessageSecurity* security() { return security_ ? &*security_ : nullptr; }
  /// The key that the server has too; empty for anonymous.
  ByteVec session_key() const;

 private:
  Result<ByteVec> authenticate(Bytes challenge);
  Result<void> check_mic(Bytes mic);

  NtlmClientOptions options_;
  NtlmClient ntlm_;
  ports::Clock& clock_;
  ports::Random& random_;
  ByteVec mech_type_list_;
  std::optional<NtlmSecurity> security_;
  bool sent_mic_ = false;
};

}  // namespace holdfast::service
