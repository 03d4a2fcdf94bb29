// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/reader.h"
#include "service/logon/ntlm_crypto.h"
#include "service/logon/ntlm_mechanism.h"
#include "service/logon/test_world.h"

using namespace holdfast;
using namespace holdfast::service;

// A whole exchange with a fixed server challenge. Input: tokens, each after its size (u16 LE).
// Nobody is let in as a user: the fuzzer does not know the password.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testing::InlineLoop loop;
  testing::FixedClock clock;
  testing::CountingRandom random;
  UserRecord alice;
  alice.name = "alice";
  alice.rid = 1000;
  for (std::size_t i = 0; i < 16; ++i) alice.nt_hash[i] = static_cast<std::uint8_t>(0x9E * i + 77);
  NtlmConfig config;
  config.policy.allow_guest = config.policy.map_unknown_user_to_guest = size & 1;
  config.policy.allow_anonymous = size & 2;
  auto users =
      std::make_shared<StaticUserDatabase>(Sid(5, {21, 1, 2, 3}), std::vector<UserRecord>{alice});
  auto server = make_ntlm_authenticator(config, users, nullptr, clock, random);
  auto exchange = server->begin();
  Reader r({data, size});
  for (int leg = 0; leg < 8 && r.remaining() != 0; ++leg) {
    const std::size_t wanted = r.u16();
    // A copy, so that a read behind the token is seen.
    const ByteVec token = to_vec(r.bytes(std::min(wanted, r.remaining())));
    const ports::AuthStep step = testing::run_step(*exchange, loop, token);
    if (step.status == NtStatus::kSuccess) {
      HF_ASSERT(step.identity.is_guest || step.identity.is_anonymous);
      HF_ASSERT(step.session_key.empty() || step.identity.is_anonymous);
    } else {
      HF_ASSERT(step.session_key.empty() && step.identity.user.empty());
      HF_ASSERT(step.status == NtStatus::kMoreProcessingRequired || step.token.empty());
    }
  }
  return 0;
}
