// SPDX-License-Identifier: Apache-2.0
#include "service/logon/ntlm_mechanism.h"

#include <array>

#include "base/utf16.h"
#include "service/logon/identity.h"
#include "service/logon/ntlm_crypto.h"
#include "service/logon/spnego_authenticator.h"
#include "wire/auth/ntlm.h"
#include "wire/auth/spnego.h"

namespace holdfast::service {
namespace {

using ports::AuthStep;
using wire::auth::AvId;
using wire::auth::NtlmAuthenticate;
using wire::auth::Ntlmv2Response;
namespace flag = wire::auth::ntlm_flag;

/// The flags of a NEGOTIATE_MESSAGE that this server grants when asked.
constexpr std::uint32_t kGranted = flag::kRequestTarget | flag::kSign | flag::kSeal |
                                   flag::kAlwaysSign | flag::kExtendedSessionSecurity |
                                   flag::kIdentify | flag::k128 | flag::k56 | flag::kKeyExchange;

/// A NEGOTIATE_MESSAGE is kept until the MIC is checked, so its size is what a log-on that is never
/// finished costs. Clients send a domain and a computer's name at most.
constexpr std::size_t kMaxNegotiateSize = 2048;

AuthStep refuse(NtStatus status, std::string reason) {
  AuthStep step;
  step.status = status;
  step.reason = std::move(reason);
  return step;
}

/// A name from the network, fit to stand in a log line.
std::string printable(std::string_view name) {
  std::string out = "\"";
  for (char c : name.substr(0, 64)) {
    const bool plain = static_cast<std::uint8_t>(c) >= 0x20 && c != 0x7F && c != '"';
    out += plain ? c : '?';
  }
  return out + "\"";
}

/// The account's name in `DOMAIN\user`, `user@domain` and `user`.
std::string_view account_name(std::string_view user) {
  if (const auto slash = user.find('\\'); slash != user.npos) return user.substr(slash + 1);
  return user.substr(0, user.find('@'));
}

bool says_mic_present(const Ntlmv2Response& response) {
  const auto flags = wire::auth::find_av_pair(response.av_pairs, AvId::kFlags);
  return flags && flags->size() == 4 &&
         (load_u32(flags->data()) & wire::auth::kAvFlagMicPresent) != 0;
}

/// What all log-ons of a mechanism share; lives as long as the last of them.
struct Shared {
  std::shared_ptr<const NtlmConfig> config;
  std::shared_ptr<const UserDatabase> users;
  std::shared_ptr<UnixAccounts> unix_accounts;
  ports::Clock& clock;
  ports::Random& random;
  Digest16 dummy_hash;
};

class Context final : public MechanismContext {
 public:
  explicit Context(Shared shared) : shared_(std::move(shared)) {}

  Task<AuthStep> step(ports::Executor& loop, Bytes token) override {
    switch (state_) {
      case State::kNegotiate: state_ = State::kAuthenticate; co_return negotiate(token);
      case State::kAuthenticate:
        state_ = State::kDone;
        co_return co_await authenticate(loop, token);
      case State::kDone: break;
    }
    co_return refuse(NtStatus::kInvalidParameter, "a token after NTLM had ended");
  }

  bool can_mic() const override { return security_ != nullptr; }
  ByteVec make_mic(Bytes message) override { return security_->sign_mech_list(message); }
  bool verify_mic(Bytes message, Bytes mic) override {
    return security_->verify_mech_list(message, mic);
  }

 private:
  enum class State { kNegotiate, kAuthenticate, kDone };

  /// MS-NLMP 3.2.5.1.1: answers the NEGOTIATE_MESSAGE.
  AuthStep negotiate(Bytes token) {
    const auto message = wire::auth::decode_ntlm_negotiate(token);
    if (!message || token.size() > kMaxNegotiateSize)
      return refuse(NtStatus::kInvalidParameter, "malformed NTLM NEGOTIATE_MESSAGE");
    std::uint32_t flags = message->flags & kGranted;
    if (message->flags & flag::kUnicode)
      flags |= flag::kUnicode;
    else if (message->flags & flag::kOem)
      flags |= flag::kOem;
    else
      return refuse(NtStatus::kInvalidParameter, "the NTLM client speaks no character set");
    flags |= flag::kNtlm | flag::kTargetInfo | flag::kTargetTypeServer;

    const ByteVec target_info = make_target_info();
    wire::auth::NtlmChallenge challenge;
    challenge.flags = flags;
    shared_.random.fill(challenge.server_challenge);
    challenge.target_name = shared_.config->names.netbios_name;
    challenge.target_info = target_info;
    if (message->flags & flag::kVersion) challenge.version = wire::auth::NtlmVersion{.major = 10};
    server_challenge_ = challenge.server_challenge;
    negotiate_ = to_vec(token);
    challenge_ = wire::auth::encode_ntlm_challenge(challenge);

    AuthStep step;
    step.status = NtStatus::kMoreProcessingRequired;
    step.token = challenge_;
    return step;
  }

  ByteVec make_target_info() const {
    const ServerNames& names = shared_.config->names;
    const std::string& domain =
        names.netbios_domain.empty() ? names.netbios_name : names.netbios_domain;
    const ByteVec nb_domain = to_utf16le(domain), nb_name = to_utf16le(names.netbios_name),
                  dns_domain = to_utf16le(names.dns_domain),
                  dns_name =
                      to_utf16le(names.dns_name.empty() ? names.netbios_name : names.dns_name);
    std::array<std::uint8_t, 8> now;
    store_u64(now.data(), shared_.clock.now().ticks);
    return wire::auth::encode_av_pairs({{AvId::kNbDomainName, nb_domain},
                                        {AvId::kNbComputerName, nb_name},
                                        {AvId::kDnsDomainName, dns_domain},
                                        {AvId::kDnsComputerName, dns_name},
                                        {AvId::kTimestamp, now}});
  }

  /// MS-NLMP 3.2.5.1.2: judges the AUTHENTICATE_MESSAGE.
  Task<AuthStep> authenticate(ports::Executor& loop, Bytes token) {
    const auto message = wire::auth::decode_ntlm_authenticate(token);
    if (!message)
      co_return refuse(NtStatus::kInvalidParameter, "malformed NTLM AUTHENTICATE_MESSAGE");
    const bool empty_lm = message->lm_response.empty() ||
                          (message->lm_response.size() == 1 && message->lm_response[0] == 0);
    const std::string_view name = account_name(message->user);
    if (message->user.empty() && message->nt_response.empty() && empty_lm) {
      if (!shared_.config->policy.allow_anonymous)
        co_return refuse(NtStatus::kLogonFailure, "anonymous log-on is not allowed");
      // MS-NLMP 3.2.5.1.2: the KeyExchangeKey is 16 zeros.
      if (AuthStep step = agree_on_key(*message, Digest16{}); step.status != NtStatus::kSuccess)
        co_return step;
      co_return co_await admit_nobody(loop, true);
    }
    if (message->nt_response.empty()) {
      // A name without any proof: smbclient -N. Enough for a guest.
      if (empty_lm && !shared_.users->find(name) && becomes_guest(name))
        co_return co_await admit_nobody(loop, false);
      co_return refuse(NtStatus::kLogonFailure, "no NTLMv2 response");
    }
    if (message->nt_response.size() == wire::auth::kNtlmv1ResponseSize)
      co_return refuse(NtStatus::kLogonFailure, "NTLMv1 response; only NTLMv2 is accepted");
    const auto response = wire::auth::decode_ntlmv2_response(message->nt_response);
    if (!response) co_return refuse(NtStatus::kInvalidParameter, "malformed NTLMv2 response");

    const std::optional<UserRecord> user = shared_.users->find(name);
    const Digest16& hash = user ? user->nt_hash : shared_.dummy_hash;
    const std::optional<Digest16> base_key = check_proof(hash, *message, *response);
    if (!user) {
      if (becomes_guest(name)) co_return co_await admit_nobody(loop, false);
      co_return refuse(NtStatus::kLogonFailure, "unknown user " + printable(message->user));
    }
    if (!base_key)
      co_return refuse(NtStatus::kLogonFailure, "wrong password for " + printable(user->name));
    if (AuthStep step = establish(*message, *response, *base_key, token);
        step.status != NtStatus::kSuccess)
      co_return step;
    if (user->disabled)
      co_return refuse(NtStatus::kAccountDisabled, printable(user->name) + " is disabled");
    co_return co_await admit_user(loop, *user);
  }

  /// For names without account.
  bool becomes_guest(std::string_view name) const {
    const LogonPolicy& policy = shared_.config->policy;
    return policy.allow_guest && (policy.map_unknown_user_to_guest || same_name(name, "guest"));
  }

  /// The SessionBaseKey if the proof is right. Always computes the same, right or wrong.
  std::optional<Digest16> check_proof(const Digest16& hash, const NtlmAuthenticate& message,
                                      const Ntlmv2Response& response) const {
    // Some clients leave the domain out of the key though they send one (MS-NLMP 3.2.5.1.2).
    const std::array<Digest16, 2> keys{ntowf_v2(hash, message.user, message.domain),
                                       ntowf_v2(hash, message.user, "")};
    std::optional<Digest16> base_key;
    for (const Digest16& key : keys) {
      const Digest16 proof = ntlmv2_proof(key, server_challenge_, response.client_data);
      const Digest16 candidate = ntlmv2_session_base_key(key, proof);
      if (equal_constant_time(proof, response.proof)) base_key = candidate;
    }
    return base_key;
  }

  AuthStep agree_on_key(const NtlmAuthenticate& message, const Digest16& key_exchange_key) {
    session_key_ = key_exchange_key;
    AuthStep step;
    step.status = NtStatus::kSuccess;
    // A key without the flag is a mistake of some clients, which then use the KeyExchangeKey.
    if (!(message.flags & flag::kKeyExchange) || message.encrypted_session_key.empty()) return step;
    if (message.encrypted_session_key.size() != 16)
      return refuse(NtStatus::kInvalidParameter, "NTLM session key of a wrong size");
    session_key_ = rc4_once(key_exchange_key, message.encrypted_session_key);
    return step;
  }

  /// Agrees on the session key and checks the MIC. kSuccess, or the refusal.
  AuthStep establish(const NtlmAuthenticate& message, const Ntlmv2Response& response,
                     const Digest16& key_exchange_key, Bytes token) {
    if (AuthStep step = agree_on_key(message, key_exchange_key); step.status != NtStatus::kSuccess)
      return step;
    // The AV_PAIR that announces the MIC is under the proof: nobody on the way can take it out.
    if (says_mic_present(response)) {
      if (!message.mic ||
          !equal_constant_time(ntlm_mic(session_key_, negotiate_, challenge_, token), *message.mic))
        return refuse(NtStatus::kLogonFailure, "wrong NTLM MIC: messages changed on the way");
    } else if (shared_.config->policy.require_mic) {
      return refuse(NtStatus::kLogonFailure, "the client sends no NTLM MIC, which is required");
    }
    if (message.flags & flag::kExtendedSessionSecurity)
      security_ =
          std::make_shared<NtlmSecurity>(NtlmSecurity::Side::kServer, message.flags, session_key_);
    AuthStep step;
    step.status = NtStatus::kSuccess;
    return step;
  }

  Task<AuthStep> admit_user(ports::Executor& loop, const UserRecord& user) {
    const bool act = shared_.config->policy.act_as_unix_user;
    const std::optional<UnixAccount> account = co_await find_unix(loop, user.unix_name);
    if (act && !account)
      co_return refuse(NtStatus::kAccountRestriction,
                       printable(user.name) + " has no Unix account to act as");
    AuthStep step;
    step.status = NtStatus::kSuccess;
    step.identity = make_user_identity(user, shared_.users->machine_sid(),
                                       shared_.config->names.netbios_name, account, act);
    step.session_key = to_vec(session_key_);
    step.security = security_;
    co_return step;
  }

  /// Guest: no key. Anonymous: a key that everybody can compute; it signs, but proves nothing.
  Task<AuthStep> admit_nobody(ports::Executor& loop, bool anonymous) {
    const LogonPolicy& policy = shared_.config->policy;
    const bool act = policy.act_as_unix_user;
    const std::optional<UnixAccount> account = co_await find_unix(loop, policy.guest_unix_name);
    if (act && !account)
      co_return refuse(NtStatus::kAccountRestriction,
                       "no Unix account " + printable(policy.guest_unix_name) + " for guests");
    AuthStep step;
    step.status = NtStatus::kSuccess;
    step.identity = anonymous
                        ? make_anonymous_identity(account, act)
                        : make_guest_identity(shared_.users->machine_sid(),
                                              shared_.config->names.netbios_name, account, act);
    if (anonymous) step.session_key = to_vec(session_key_);
    co_return step;
  }

  Task<std::optional<UnixAccount>> find_unix(ports::Executor& loop, const std::string& name) {
    if (name.empty() || !shared_.unix_accounts) co_return std::nullopt;
    // The work owns what it needs: the log-on may be given up while NSS waits for the network.
    auto work = [accounts = shared_.unix_accounts, name] { return accounts->find(name); };
    co_return co_await ports::run_blocking(loop, std::move(work));
  }

  Shared shared_;
  State state_ = State::kNegotiate;
  std::array<std::uint8_t, 8> server_challenge_{};
  /// The messages as they went over the wire, for the MIC.
  ByteVec negotiate_;
  ByteVec challenge_;
  Digest16 session_key_{};
  /// Shared with whoever the log-on was for.
  std::shared_ptr<NtlmSecurity> security_;
};

}  // namespace

NtlmMechanism::NtlmMechanism(NtlmConfig config, std::shared_ptr<const UserDatabase> users,
                             std::shared_ptr<UnixAccounts> unix_accounts, ports::Clock& clock,
                             ports::Random& random)
    : users_(std::move(users)),
      unix_accounts_(std::move(unix_accounts)),
      clock_(clock),
      random_(random) {
  random_.fill(dummy_hash_);
  set_config(std::move(config));
}

void NtlmMechanism::set_config(NtlmConfig config) {
  auto fresh = std::make_shared<const NtlmConfig>(std::move(config));
  Lock lock(mutex_);
  config_ = std::move(fresh);
}

std::span<const Bytes> NtlmMechanism::oids() const {
  static constexpr std::array<Bytes, 1> kOids{Bytes(wire::auth::oid::kNtlm)};
  return kOids;
}

bool NtlmMechanism::claims(Bytes token) const {
  return wire::auth::ntlm_message_type(token).has_value();
}

std::unique_ptr<MechanismContext> NtlmMechanism::begin() {
  std::shared_ptr<const NtlmConfig> config;
  {
    Lock lock(mutex_);
    config = config_;
  }
  return std::make_unique<Context>(
      Shared{std::move(config), users_, unix_accounts_, clock_, random_, dummy_hash_});
}

std::unique_ptr<ports::Authenticator> make_ntlm_authenticator(
    NtlmConfig config, std::shared_ptr<const UserDatabase> users,
    std::shared_ptr<UnixAccounts> unix_accounts, ports::Clock& clock, ports::Random& random) {
  std::vector<std::shared_ptr<Mechanism>> mechanisms;
  mechanisms.push_back(std::make_shared<NtlmMechanism>(std::move(config), std::move(users),
                                                       std::move(unix_accounts), clock, random));
  return std::make_unique<SpnegoAuthenticator>(std::move(mechanisms));
}

}  // namespace holdfast::service
