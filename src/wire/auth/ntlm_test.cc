// SPDX-License-Identifier: Apache-2.0
#include "wire/auth/ntlm.h"

#include <gtest/gtest.h>

#include "wire/auth/test_hex.h"

namespace holdfast::wire::auth {
namespace {

TEST(Ntlm, TypeOfAToken) {
  EXPECT_EQ(ntlm_message_type(hex("4e544c4d5353500003000000")), NtlmMessageType::kAuthenticate);
  EXPECT_FALSE(ntlm_message_type(hex("4e544c4d5353500004000000")));
  EXPECT_FALSE(ntlm_message_type(hex("4e544c4d53535000030000")));
  EXPECT_FALSE(ntlm_message_type(hex("4e544c4d5353500103000000")));
}

TEST(Ntlm, NegotiateOfEveryLength) {
  NtlmNegotiate message;
  message.flags = ntlm_flag::kUnicode | ntlm_flag::kNtlm;
  message.domain = as_bytes("DOM");
  message.workstation = as_bytes("BOX");
  message.version = NtlmVersion{10, 0, 20348, 15};
  const ByteVec token = encode_ntlm_negotiate(message);
  const auto decoded = decode_ntlm_negotiate(token);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(as_text(decoded->domain), "DOM");
  EXPECT_EQ(as_text(decoded->workstation), "BOX");
  EXPECT_EQ(decoded->version, message.version);
  // Messages that end after the flags are sent by some clients; the flags say what is not there.
  const ByteVec bare = hex("4e544c4d53535000 01000000 05020000");
  EXPECT_EQ(decode_ntlm_negotiate(bare)->flags, 0x205u);
  for (std::size_t length = 0; length < token.size(); ++length) {
    const ByteVec cut(token.begin(), token.begin() + static_cast<std::ptrdiff_t>(length));
    const auto result = decode_ntlm_negotiate(cut);
    EXPECT_EQ(result.has_value(), length >= 16 && length < 32) << length;
  }
}

TEST(Ntlm, FieldsWithoutTheirFlagAreIgnored) {
  const ByteVec token =
      hex("4e544c4d53535000 01000000 05020000 ffffffff00ffffff ffffffff00ffffff 0000000000000000");
  const auto decoded = decode_ntlm_negotiate(token);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->domain.empty() && decoded->workstation.empty());
}

TEST(Ntlm, ChallengeRoundTripInBothCharacterSets) {
  for (std::uint32_t charset : {ntlm_flag::kUnicode, ntlm_flag::kOem}) {
    const ByteVec info = encode_av_pairs({{AvId::kNbDomainName, as_bytes("xx")}});
    NtlmChallenge message;
    message.flags = charset | ntlm_flag::kTargetInfo;
    message.server_challenge = {1, 2, 3, 4, 5, 6, 7, 8};
    message.target_name = "HOLDFAST";
    message.target_info = info;
    const ByteVec token = encode_ntlm_challenge(message);
    const auto decoded = decode_ntlm_challenge(token);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->target_name, "HOLDFAST");
    EXPECT_EQ(decoded->server_challenge, message.server_challenge);
    EXPECT_TRUE(equal(decoded->target_info, info));
    for (std::size_t length = 0; length < token.size(); ++length) {
      const ByteVec cut(token.begin(), token.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_FALSE(decode_ntlm_challenge(cut)) << length;
    }
  }
}

NtlmAuthenticate full_message(Bytes response, Bytes key) {
  NtlmAuthenticate message;
  message.flags = ntlm_flag::kUnicode | ntlm_flag::kKeyExchange;
  message.lm_response = response.first(24);
  message.nt_response = response;
  message.domain = "DOM";
  message.user = "j\xC3\xBCrgen";
  message.workstation = "BOX";
  message.encrypted_session_key = key;
  return message;
}

TEST(Ntlm, AuthenticateRoundTripWithAndWithoutMic) {
  const ByteVec response(60, 5), key(16, 6);
  for (bool mic : {false, true}) {
    NtlmAuthenticate message = full_message(response, key);
    if (mic) message.mic.emplace().fill(9);
    const ByteVec token = encode_ntlm_authenticate(message);
    const auto decoded = decode_ntlm_authenticate(token);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->user, message.user);
    EXPECT_EQ(decoded->domain, "DOM");
    EXPECT_EQ(decoded->workstation, "BOX");
    EXPECT_TRUE(equal(decoded->nt_response, response));
    EXPECT_TRUE(equal(decoded->encrypted_session_key, key));
    EXPECT_EQ(decoded->mic, message.mic);
    for (std::size_t length = 0; length < token.size(); ++length) {
      const ByteVec cut(token.begin(), token.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_FALSE(decode_ntlm_authenticate(cut)) << length;
    }
  }
}

TEST(Ntlm, AuthenticateFieldsStayInTheMessage) {
  const ByteVec response(60, 5), key(16, 6);
  const ByteVec token = encode_ntlm_authenticate(full_message(response, key));
  for (std::size_t field = 0; field < 6; ++field) {
    for (std::uint32_t offset : {0u, 63u, 0xFFFFFFFFu, static_cast<std::uint32_t>(token.size())}) {
      ByteVec changed = token;
      store_u32(changed.data() + 12 + 8 * field + 4, offset);
      EXPECT_FALSE(decode_ntlm_authenticate(changed)) << field << " " << offset;
    }
  }
}

TEST(Ntlm, OemNamesBeyondAsciiMatchNothing) {
  NtlmAuthenticate message;
  message.flags = ntlm_flag::kOem;
  message.user = "b\xC3\xA9";
  ByteVec token = encode_ntlm_authenticate(message);
  EXPECT_EQ(decode_ntlm_authenticate(token)->user, "b?");
  token.back() = 0xE9;
  EXPECT_EQ(decode_ntlm_authenticate(token)->user, "b\xEF\xBF\xBD");
}

TEST(AvPairs, EndAndBounds) {
  const ByteVec list = hex("0200 0200 4100 0600 0400 02000000 0000 0000 ff");
  const auto pairs = decode_av_pairs(list);
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 2u);
  EXPECT_EQ(to_hex(*find_av_pair(*pairs, AvId::kFlags)), "02000000");
  EXPECT_FALSE(find_av_pair(*pairs, AvId::kTimestamp));
  EXPECT_TRUE(decode_av_pairs({})) << "nothing at all, as clients without target info send";
  EXPECT_TRUE(decode_av_pairs(hex("0200 0200 4100"))) << "no end mark";
  EXPECT_FALSE(decode_av_pairs(hex("0200 0300 4100")));
  EXPECT_FALSE(decode_av_pairs(hex("0200 02")));
  EXPECT_TRUE(
      decode_av_pairs(encode_av_pairs(std::vector<AvPair>(kMaxAvPairs, {AvId::kFlags, {}}))));
  EXPECT_FALSE(
      decode_av_pairs(encode_av_pairs(std::vector<AvPair>(kMaxAvPairs + 1, {AvId::kFlags, {}}))));
}

TEST(Ntlmv2, ResponseRoundTrip) {
  const ByteVec challenge(8, 0xaa), info = encode_av_pairs({{AvId::kFlags, hex("02000000")}});
  ByteVec response(16, 1);
  const ByteVec data = encode_ntlmv2_client_data(NtTime{77}, challenge, info);
  response.insert(response.end(), data.begin(), data.end());
  const auto decoded = decode_ntlmv2_response(response);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->timestamp.ticks, 77u);
  EXPECT_TRUE(equal(decoded->client_challenge, challenge));
  EXPECT_TRUE(equal(decoded->client_data, data));
  EXPECT_EQ(decoded->av_pairs.size(), 1u);
  for (std::size_t length = 0; length < kMinNtlmv2Response; ++length)
    EXPECT_FALSE(decode_ntlmv2_response(Bytes(response).first(length))) << length;
  response[16] = 2;
  EXPECT_FALSE(decode_ntlmv2_response(response)) << "RespType";
}

}  // namespace
}  // namespace holdfast::wire::auth
