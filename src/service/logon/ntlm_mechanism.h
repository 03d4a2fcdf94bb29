// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "ports/clock.h"
#include "ports/random.h"
#include "service/logon/mechanism.h"
#include "service/logon/user_db.h"

namespace holdfast::service {

/// Who is let in beside users with their passwords, and how the admitted act.
struct LogonPolicy {
  /// The user name "guest" logs on with any password, unless there is an account of that name.
  bool allow_guest = false;
  /// The empty user name with an empty response logs on.
  bool allow_anonymous = false;
  /// With allow_guest: a name without account becomes guest. A known name with a wrong password
  /// never does.
  bool map_unknown_user_to_guest = false;
  /// Refuses clients that send no MIC. Off, because the Linux kernel's client sends none.
  bool require_mic = false;
  /// Users act as their Unix accounts (ports::Credentials); one without is refused. Off: as the
  /// service account.
  bool act_as_unix_user = false;
  /// The Unix account that guests and anonymous act as.
  std::string guest_unix_name = "nobody";
};

/// What the CHALLENGE_MESSAGE says about the server.
struct ServerNames {
  /// At most 15 characters, upper case by custom. Also the domain of the local accounts.
  std::string netbios_name = "HOLDFAST";
  /// The workgroup; empty: the computer's name, as Windows does without a domain.
  std::string netbios_domain;
  std::string dns_name;
  std::string dns_domain;
};

struct NtlmConfig {
  ServerNames names;
  LogonPolicy policy;
};

/// NTLMv2 (MS-NLMP), the server's side. NTLMv1 and LM responses are refused whatever they contain.
///
/// Whether the name or the password was wrong is told to nobody but the log: a name without account
/// goes through the same computation with a random hash, and gets the same answer.
class NtlmMechanism final : public Mechanism {
 public:
  /// unix_accounts may be null: then nobody has a Unix side. clock and random outlive this.
  NtlmMechanism(NtlmConfig config, std::shared_ptr<const UserDatabase> users,
                std::shared_ptr<UnixAccounts> unix_accounts, ports::Clock& clock,
                ports::Random& random);

  /// From now on for log-ons that begin.
  void set_config(NtlmConfig config);

  const char* name() const override { return "NTLM"; }
  std::span<const Bytes> oids() const override;
  bool claims(Bytes token) const override;
  std::unique_ptr<MechanismContext> begin() override;

 private:
  std::shared_ptr<const UserDatabase> users_;
  std::shared_ptr<UnixAccounts> unix_accounts_;
  ports::Clock& clock_;
  ports::Random& random_;
  /// Stands for the hash of whoever has no account.
  crypto::Digest16 dummy_hash_{};
  Mutex mutex_;
  std::shared_ptr<const NtlmConfig> config_;
};

/// NTLM alone behind SPNEGO: what a server without a domain has.
std::unique_ptr<ports::Authenticator> make_ntlm_authenticator(
    NtlmConfig config, std::shared_ptr<const UserDatabase> users,
    std::shared_ptr<UnixAccounts> unix_accounts, ports::Clock& clock, ports::Random& random);

}  // namespace holdfast::service
