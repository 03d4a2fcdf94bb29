// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/logon/ntlm_client.h"
#include "service/logon/ntlm_mechanism.h"
#include "service/logon/test_world.h"
#include "wire/auth/spnego.h"

namespace holdfast::service {
namespace {

using ports::AuthStep;
using testing::run_step;
using wire::auth::NegState;
using wire::auth::NegTokenResp;
namespace flag = wire::auth::ntlm_flag;

const Sid kMachine(5, {21, 1, 2, 3});

class FakeUnix final : public UnixAccounts {
 public:
  std::optional<UnixAccount> find(const std::string& name) override {
    ++lookups;
    if (name == "alice") return UnixAccount{1234, 100, {100, 27}};
    if (name == "nobody") return UnixAccount{65534, 65534, {65534}};
    return std::nullopt;
  }
  int lookups = 0;
};

struct Outcome {
  AuthStep step;
  ByteVec client_key;
  Result<void> client_verdict;
  int legs = 0;
};

class Logon : public ::testing::Test {
 protected:
  Logon() : unix_(std::make_shared<FakeUnix>()) { set_users(); }

  void set_users() {
    const auto user = [](const char* name, const char* password, std::uint32_t rid,
                         const char* unix_name) {
      UserRecord record;
      record.name = name;
      record.nt_hash = nt_hash(password);
      record.rid = rid;
      record.unix_name = unix_name;
      return record;
    };
    UserRecord alice = user("Alice", "secret", 1000, "alice");
    UserRecord bob = user("bob", "b", 1001, "");
    bob.disabled = true;
    UserRecord boss = user("boss", "c", 1002, "no such account");
    boss.admin = true;
    users_ = std::make_shared<StaticUserDatabase>(kMachine, std::vector{alice, bob, boss});
  }

  std::unique_ptr<ports::Authenticator> server() {
    return make_ntlm_authenticator(config_, users_, unix_, clock_, random_);
  }

  static NtlmClientOptions alice(std::string password = "secret") {
    NtlmClientOptions options;
    options.user = "alice";
    options.domain = "WORKGROUP";
    options.password = std::move(password);
    return options;
  }

  /// A whole log-on.
  Outcome log_on(NtlmClientOptions options) {
    auto authenticator = server();
    auto exchange = authenticator->begin();
    LogonClient client(options, clock_, random_);
    Outcome out;
    ByteVec token = client.first_token();
    for (out.legs = 1;; ++out.legs) {
      out.step = run_step(*exchange, loop_, token);
      if (out.step.status != NtStatus::kMoreProcessingRequired || out.legs == 10) break;
      auto next = client.next_token(out.step.token);
      if (!next) {
        out.client_verdict = fail(next.error());
        return out;
      }
      token = std::move(*next);
    }
    if (out.step.status == NtStatus::kSuccess) out.client_verdict = client.finish(out.step.token);
    out.client_key = client.session_key();
    return out;
  }

  void expect_in(const NtlmClientOptions& options, int legs = 2) {
    const Outcome out = log_on(options);
    EXPECT_EQ(out.step.status, NtStatus::kSuccess) << out.step.reason;
    EXPECT_EQ(out.step.session_key.size(), 16u);
    EXPECT_EQ(out.step.session_key, out.client_key);
    EXPECT_TRUE(out.client_verdict);
    EXPECT_EQ(out.step.identity.user, "Alice");
    EXPECT_EQ(out.legs, legs);
  }

  NtlmConfig config_;
  std::shared_ptr<StaticUserDatabase> users_;
  std::shared_ptr<FakeUnix> unix_;
  testing::InlineLoop loop_;
  testing::FixedClock clock_;
  testing::CountingRandom random_;
};

TEST_F(Logon, RightPasswordIsLetIn) { expect_in(alice()); }

TEST_F(Logon, EveryWayOfAClientIsLetIn) {
  for (bool mic : {true, false})
    for (bool spnego : {true, false})
      for (bool list_mic : {true, false})
        for (std::uint32_t without : {0u, flag::kKeyExchange, flag::k128, flag::kSign}) {
          NtlmClientOptions options = alice();
          options.send_mic = mic;
          options.spnego = spnego;
          options.send_mech_list_mic = list_mic;
          options.flags &= ~without;
          expect_in(options);
        }
}

TEST_F(Logon, ClientsThatSpeakOemOnlyAreLetIn) {
  NtlmClientOptions options = alice();
  options.spnego = false;
  options.flags = flag::kOem | flag::kNtlm | flag::kExtendedSessionSecurity | flag::kRequestTarget;
  options.send_mic = false;
  expect_in(options);
}

TEST_F(Logon, NameInAnyCaseAndForm) {
  for (const char* name : {"ALICE", "aLiCe", "alice@example.org", "SOMEWHERE\\alice"}) {
    NtlmClientOptions options = alice();
    options.user = name;
    expect_in(options);
    options.domain = "";
    expect_in(options);
  }
}

TEST_F(Logon, IdentityHasItsSidsAndUnixSide) {
  const AuthStep step = log_on(alice()).step;
  const ports::Identity& identity = step.identity;
  EXPECT_EQ(identity.sid.to_string(), "S-1-5-21-1-2-3-1000");
  EXPECT_EQ(identity.domain, "HOLDFAST");
  const auto has = [&](const Sid& sid) { return std::ranges::count(identity.groups, sid) == 1; };
  EXPECT_TRUE(has(sids::kEveryone) && has(sids::kNetwork) && has(sids::kAuthenticatedUsers));
  EXPECT_TRUE(has(sids::kUnixUsers.with(1234)) && has(sids::kUnixGroups.with(27)));
  EXPECT_FALSE(has(sids::kBuiltinAdministrators) || has(sids::kBuiltinGuests));
  EXPECT_FALSE(identity.is_administrator || identity.is_guest || identity.is_anonymous);
  EXPECT_FALSE(identity.credentials.act_as_user);
  EXPECT_EQ(identity.credentials.uid, 1234u);
  EXPECT_EQ(step.expires.ticks, 0u);
}

TEST_F(Logon, AdministratorsHaveTheGroup) {
  NtlmClientOptions options = alice("c");
  options.user = "boss";
  const AuthStep step = log_on(options).step;
  ASSERT_EQ(step.status, NtStatus::kSuccess);
  EXPECT_TRUE(step.identity.is_administrator);
  EXPECT_EQ(std::ranges::count(step.identity.groups, sids::kBuiltinAdministrators), 1);
}

TEST_F(Logon, ActingAsAUnixUserNeedsOne) {
  config_.policy.act_as_unix_user = true;
  EXPECT_TRUE(log_on(alice()).step.identity.credentials.act_as_user);
  NtlmClientOptions options = alice("c");
  options.user = "boss";
  EXPECT_EQ(log_on(options).step.status, NtStatus::kAccountRestriction);
}

TEST_F(Logon, WrongPasswordAndUnknownUserLookTheSame) {
  const AuthStep wrong = log_on(alice("Secret")).step;
  NtlmClientOptions options = alice();
  options.user = "mallory";
  const AuthStep unknown = log_on(options).step;
  for (const AuthStep& step : {wrong, unknown}) {
    EXPECT_EQ(step.status, NtStatus::kLogonFailure);
    EXPECT_TRUE(step.token.empty());
    EXPECT_TRUE(step.session_key.empty());
    EXPECT_TRUE(step.identity.user.empty());
  }
  EXPECT_EQ(wrong.reason, "wrong password for \"Alice\"");
  EXPECT_EQ(unknown.reason, "unknown user \"mallory\"");
  EXPECT_EQ(unix_->lookups, 0) << "NSS would make known names slower";
}

TEST_F(Logon, NamesInReasonsArePrintable) {
  NtlmClientOptions options = alice();
  options.user = "a\nb\"c";
  EXPECT_EQ(log_on(options).step.reason, "unknown user \"a?b?c\"");
}

TEST_F(Logon, DisabledAccountsAreToldSoOnlyWithTheirPassword) {
  NtlmClientOptions options = alice("b");
  options.user = "bob";
  EXPECT_EQ(log_on(options).step.status, NtStatus::kAccountDisabled);
  options.password = "x";
  EXPECT_EQ(log_on(options).step.status, NtStatus::kLogonFailure);
}

TEST_F(Logon, AnonymousOnlyWhenAllowed) {
  NtlmClientOptions options;
  EXPECT_EQ(log_on(options).step.status, NtStatus::kLogonFailure);
  config_.policy.allow_guest = config_.policy.map_unknown_user_to_guest = true;
  EXPECT_EQ(log_on(options).step.status, NtStatus::kLogonFailure);
  config_.policy.allow_anonymous = true;
  const AuthStep step = log_on(options).step;
  ASSERT_EQ(step.status, NtStatus::kSuccess);
  EXPECT_TRUE(step.identity.is_anonymous);
  EXPECT_EQ(step.identity.sid, sids::kAnonymous);
  // Derived from no secret, but both sides have it (MS-NLMP 3.2.5.1.2).
  EXPECT_EQ(step.session_key.size(), 16u);
  EXPECT_EQ(std::ranges::count(step.identity.groups, sids::kAuthenticatedUsers), 0);
}

TEST_F(Logon, GuestOnlyWhenAllowed) {
  NtlmClientOptions guest = alice(), unknown = alice();
  guest.user = "GUEST";
  unknown.user = "mallory";
  const auto status = [&](const NtlmClientOptions& options) { return log_on(options).step.status; };
  EXPECT_EQ(status(guest), NtStatus::kLogonFailure);
  config_.policy.map_unknown_user_to_guest = true;
  EXPECT_EQ(status(guest), NtStatus::kLogonFailure);
  EXPECT_EQ(status(unknown), NtStatus::kLogonFailure);
  config_.policy = {.allow_guest = true};
  EXPECT_EQ(status(guest), NtStatus::kSuccess);
  EXPECT_EQ(status(unknown), NtStatus::kLogonFailure);
  config_.policy.map_unknown_user_to_guest = true;
  EXPECT_EQ(status(unknown), NtStatus::kSuccess);
  EXPECT_EQ(status(alice("wrong")), NtStatus::kLogonFailure) << "an account never becomes guest";

  const AuthStep step = log_on(unknown).step;
  EXPECT_TRUE(step.identity.is_guest);
  EXPECT_TRUE(step.session_key.empty());
  EXPECT_EQ(std::ranges::count(step.identity.groups, sids::kBuiltinGuests), 1);
  EXPECT_EQ(std::ranges::count(step.identity.groups, sids::kAuthenticatedUsers), 0);
}

TEST_F(Logon, AnotherMechanismFirstIsDroppedAndBothProveTheList) {
  NtlmClientOptions options = alice();
  options.other_mechanisms_first = {Bytes(wire::auth::oid::kMsKerberos),
                                    Bytes(wire::auth::oid::kKerberos)};
  expect_in(options, 3);
  options.send_mech_list_mic = false;  // Then the server asks for it.
  expect_in(options, 4);
}

TEST_F(Logon, ServerAsksForAMicWhenItTakesAnotherMechanism) {
  NtlmClientOptions options = alice();
  options.other_mechanisms_first = {Bytes(wire::auth::oid::kKerberos)};
  LogonClient client(options, clock_, random_);
  auto authenticator = server();
  auto exchange = authenticator->begin();
  const AuthStep step = run_step(*exchange, loop_, client.first_token());
  ASSERT_EQ(step.status, NtStatus::kMoreProcessingRequired);
  const auto decoded = wire::auth::decode_spnego(step.token);
  const auto& resp = std::get<NegTokenResp>(*decoded);
  EXPECT_EQ(resp.state, NegState::kRequestMic);
  EXPECT_TRUE(resp.supported_mech && equal(*resp.supported_mech, wire::auth::oid::kNtlm));
  EXPECT_FALSE(resp.response_token);
}

TEST_F(Logon, NoCommonMechanism) {
  wire::auth::NegTokenInit init;
  init.mech_types = {Bytes(wire::auth::oid::kKerberos)};
  auto authenticator = server();
  auto exchange = authenticator->begin();
  EXPECT_EQ(run_step(*exchange, loop_, wire::auth::encode_spnego_init(init)).status,
            NtStatus::kNotSupported);
}

TEST_F(Logon, OffersNtlmInTheNegotiateToken) {
  const ByteVec token = server()->negotiate_token();
  const auto decoded = wire::auth::decode_spnego(token);
  ASSERT_TRUE(decoded);
  const auto& init = std::get<wire::auth::NegTokenInit>(*decoded);
  ASSERT_EQ(init.mech_types.size(), 1u);
  EXPECT_TRUE(equal(init.mech_types[0], wire::auth::oid::kNtlm));
}

/// A log-on taken apart, so that a test can change the third message.
class Tampering : public Logon {
 protected:
  struct Legs {
    std::unique_ptr<ports::Authenticator> authenticator;
    std::unique_ptr<ports::AuthExchange> exchange;
    ByteVec authenticate;
  };
  Legs up_to_authenticate(NtlmClientOptions options) {
    Legs legs;
    legs.authenticator = server();
    legs.exchange = legs.authenticator->begin();
    LogonClient client(options, clock_, random_);
    const AuthStep step = run_step(*legs.exchange, loop_, client.first_token());
    legs.authenticate = *client.next_token(step.token);
    return legs;
  }
  NtStatus finish(Legs& legs) {
    const AuthStep step = run_step(*legs.exchange, loop_, legs.authenticate);
    if (step.status != NtStatus::kSuccess) {
      EXPECT_TRUE(step.token.empty());
      EXPECT_EQ(run_step(*legs.exchange, loop_, legs.authenticate).status,
                NtStatus::kInvalidParameter);
    }
    return step.status;
  }
};

TEST_F(Tampering, WrongMechListMicIsRefused) {
  Legs legs = up_to_authenticate(alice());
  legs.authenticate.back() ^= 1;  // The last octet is the MIC's.
  EXPECT_EQ(finish(legs), NtStatus::kInvalidParameter);
}

TEST_F(Tampering, WrongNtlmMicIsRefused) {
  NtlmClientOptions options = alice();
  options.spnego = false;
  Legs legs = up_to_authenticate(options);
  legs.authenticate[wire::auth::kNtlmMicOffset] ^= 1;
  EXPECT_EQ(finish(legs), NtStatus::kLogonFailure);
}

TEST_F(Tampering, ChangedFlagsBreakTheMic) {
  NtlmClientOptions options = alice();
  options.spnego = false;
  Legs legs = up_to_authenticate(options);
  legs.authenticate[60] ^= 0x20;
  EXPECT_EQ(finish(legs), NtStatus::kLogonFailure);
}

TEST_F(Tampering, MissingMicIsRefusedWhenRequired) {
  config_.policy.require_mic = true;
  NtlmClientOptions options = alice();
  expect_in(options);
  options.send_mic = false;
  EXPECT_EQ(log_on(options).step.status, NtStatus::kLogonFailure);
}

TEST_F(Tampering, Ntlmv1AndLmAreRefused) {
  wire::auth::NtlmAuthenticate message;
  message.flags = flag::kUnicode | flag::kNtlm;
  message.user = "alice";
  const ByteVec response(24, 1);
  for (bool nt : {true, false}) {
    NtlmClientOptions options = alice();
    options.spnego = false;
    Legs legs = up_to_authenticate(options);
    message.lm_response = response;
    message.nt_response = nt ? Bytes(response) : Bytes();
    const ByteVec token = wire::auth::encode_ntlm_authenticate(message);
    const AuthStep step = run_step(*legs.exchange, loop_, token);
    EXPECT_EQ(step.status, NtStatus::kLogonFailure);
    EXPECT_EQ(step.reason, nt ? "NTLMv1 response; only NTLMv2 is accepted" : "no NTLMv2 response");
  }
}

TEST_F(Tampering, ANameWithoutResponseIsAtMostGuest) {
  wire::auth::NtlmAuthenticate message;
  message.flags = flag::kUnicode | flag::kNtlm;
  NtlmClientOptions options = alice();
  options.spnego = false;
  const auto status = [&](const char* user) {
    message.user = user;
    Legs legs = up_to_authenticate(options);
    legs.authenticate = wire::auth::encode_ntlm_authenticate(message);
    return finish(legs);
  };
  EXPECT_EQ(status("mallory"), NtStatus::kLogonFailure);
  config_.policy.allow_guest = config_.policy.map_unknown_user_to_guest = true;
  EXPECT_EQ(status("mallory"), NtStatus::kSuccess);
  EXPECT_EQ(status("alice"), NtStatus::kLogonFailure);
}

TEST_F(Tampering, NoChangedOrTruncatedMessageIsLetIn) {
  for (bool spnego : {true, false}) {
    NtlmClientOptions options = alice();
    options.spnego = spnego;
    const std::size_t size = up_to_authenticate(options).authenticate.size();
    for (std::size_t length = 0; length < size; ++length) {
      Legs legs = up_to_authenticate(options);
      legs.authenticate.resize(length);
      legs.authenticate.shrink_to_fit();
      EXPECT_NE(finish(legs), NtStatus::kSuccess) << length;
    }
    for (std::size_t at = 0; at < size; ++at) {
      Legs legs = up_to_authenticate(options);
      legs.authenticate[at] ^= 0x41;
      if (finish(legs) == NtStatus::kSuccess) EXPECT_TRUE(spnego) << at;
    }
  }
}

TEST_F(Logon, AnUnfinishedLogOnCostsLittle) {
  auto authenticator = server();
  auto exchange = authenticator->begin();
  wire::auth::NtlmNegotiate message;
  message.flags = flag::kUnicode;
  const ByteVec name(4000, 'x');
  message.domain = name;
  EXPECT_EQ(run_step(*exchange, loop_, wire::auth::encode_ntlm_negotiate(message)).status,
            NtStatus::kInvalidParameter);
}

TEST_F(Logon, ANewPolicyIsForLogOnsThatBegin) {
  NtlmMechanism mechanism(config_, users_, unix_, clock_, random_);
  const auto old_context = mechanism.begin();
  NtlmConfig fresh;
  fresh.names.netbios_name = "OTHER";
  mechanism.set_config(fresh);
  const auto new_context = mechanism.begin();
  NtlmClient client(alice());
  const ByteVec negotiate = client.negotiate();
  const auto target = [&](MechanismContext& context) {
    std::optional<AuthStep> step;
    spawn(testing::keep(context.step(loop_, negotiate), step));
    return wire::auth::decode_ntlm_challenge(step->token)->target_name;
  };
  EXPECT_EQ(target(*old_context), "HOLDFAST");
  EXPECT_EQ(target(*new_context), "OTHER");
}

TEST_F(Tampering, TokensOutOfOrderAreRefused) {
  auto authenticator = server();
  LogonClient client(alice(), clock_, random_);
  const ByteVec first = client.first_token();
  {
    auto exchange = authenticator->begin();
    EXPECT_EQ(run_step(*exchange, loop_, {}).status, NtStatus::kInvalidParameter);
  }
  {
    auto exchange = authenticator->begin();
    EXPECT_EQ(run_step(*exchange, loop_, first).status, NtStatus::kMoreProcessingRequired);
    EXPECT_EQ(run_step(*exchange, loop_, first).status, NtStatus::kInvalidParameter);
  }
  for (std::size_t length = 0; length < first.size(); ++length) {
    auto exchange = authenticator->begin();
    ByteVec cut(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(length));
    cut.shrink_to_fit();
    EXPECT_TRUE(is_error(run_step(*exchange, loop_, cut).status)) << length;
  }
}

}  // namespace
}  // namespace holdfast::service
