// SPDX-License-Identifier: Apache-2.0
#include "service/logon/ntlm_crypto.h"

#include <gtest/gtest.h>

#include "base/utf16.h"
#include "service/logon/ntlm_client.h"
#include "wire/auth/ntlm.h"
#include "wire/auth/test_hex.h"

namespace holdfast::service {
namespace {

using wire::auth::hex;
using wire::auth::to_hex;
namespace flag = wire::auth::ntlm_flag;

// MS-NLMP 4.2.1: the common values of the examples.
constexpr const char* kUser = "User";
constexpr const char* kDomain = "Domain";
constexpr const char* kPassword = "Password";
const ByteVec kServerChallenge = hex("0123456789abcdef");
const ByteVec kClientChallenge(8, 0xaa);
// MS-NLMP 4.2.4.3
const ByteVec kChallengeMessage =
    hex("4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044"
        "000000"
        "06007017 0000000f 530065007200760065007200"
        "02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000");
const ByteVec kAuthenticateMessage =
    hex("4e544c4d5353500003000000180018006c00000054005400840000000c000c00480000000800080054000000"
        "100010005c00000010001000d8000000358288e20501280a0000000f"
        "44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200"
        "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"
        "68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
        "02000c0044006f006d00610069006e0001000c00530065007200760065007200 00000000 00000000"
        "c5dad2544fc9799094ce1ce90bc9d03e");

Digest16 digest(Bytes octets) {
  Digest16 out{};
  std::copy(octets.begin(), octets.end(), out.begin());
  return out;
}

TEST(NtlmCrypto, OneWayFunctionsOfTheExamples) {
  // MS-NLMP 4.2.2.1.2 and 4.2.4.1.1
  EXPECT_EQ(to_hex(nt_hash(kPassword)), "a4f49c406510bdcab6824ee7c30fd852");
  EXPECT_EQ(to_hex(ntowf_v2(nt_hash(kPassword), kUser, kDomain)),
            "0c868a403bfd7a93a3001ef22ef02e3f");
}

TEST(NtlmCrypto, NameIsUpcasedAndDomainIsNot) {
  const Digest16 hash = nt_hash("x");
  EXPECT_EQ(ntowf_v2(hash, "j\xC3\xBCrgen", "d"), ntowf_v2(hash, "J\xC3\x9CRGEN", "d"));
  EXPECT_NE(ntowf_v2(hash, "a", "d"), ntowf_v2(hash, "a", "D"));
}

TEST(NtlmCrypto, ResponsesAndKeysOfTheExamples) {
  const auto challenge = wire::auth::decode_ntlm_challenge(kChallengeMessage);
  ASSERT_TRUE(challenge);
  const Digest16 key = ntowf_v2(nt_hash(kPassword), kUser, kDomain);
  const ByteVec temp =
      wire::auth::encode_ntlmv2_client_data(NtTime{}, kClientChallenge, challenge->target_info);
  const Digest16 proof = ntlmv2_proof(key, kServerChallenge, temp);
  // MS-NLMP 4.2.4.2.1, 4.2.4.2.2, 4.2.4.1.2, 4.2.4.2.3
  EXPECT_EQ(to_hex(lmv2_response(key, kServerChallenge, kClientChallenge)),
            "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
  EXPECT_EQ(to_hex(proof), "68cd0ab851e51c96aabc927bebef6a1c");
  const Digest16 base_key = ntlmv2_session_base_key(key, proof);
  EXPECT_EQ(to_hex(base_key), "8de40ccadbc14a82f15cb0ad0de95ca3");
  const ByteVec random_session_key(16, 0x55);
  EXPECT_EQ(to_hex(rc4_once(base_key, random_session_key)), "c5dad2544fc9799094ce1ce90bc9d03e");
}

TEST(NtlmCrypto, MessagesOfTheExamplesDecodeAndEncode) {
  const auto challenge = wire::auth::decode_ntlm_challenge(kChallengeMessage);
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->target_name, "Server");
  EXPECT_EQ(challenge->flags, 0xe28a8233u);
  EXPECT_EQ(to_hex(wire::auth::encode_ntlm_challenge(*challenge)), to_hex(kChallengeMessage));

  const auto message = wire::auth::decode_ntlm_authenticate(kAuthenticateMessage);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->user, kUser);
  EXPECT_EQ(message->domain, kDomain);
  EXPECT_EQ(message->workstation, "COMPUTER");
  EXPECT_FALSE(message->mic);
  EXPECT_EQ(to_hex(message->encrypted_session_key), "c5dad2544fc9799094ce1ce90bc9d03e");
  EXPECT_EQ(to_hex(wire::auth::encode_ntlm_authenticate(*message)), to_hex(kAuthenticateMessage));
}

TEST(NtlmCrypto, SealAndSignOfTheExamples) {
  // MS-NLMP 4.2.4.4
  const ByteVec key(16, 0x55);
  NtlmSecurity client(NtlmSecurity::Side::kClient, 0xe28a8233, digest(key));
  NtlmSecurity server(NtlmSecurity::Side::kServer, 0xe28a8233, digest(key));
  ByteVec text = to_utf16le("Plaintext");
  const ByteVec signature = client.seal(text, text);
  EXPECT_EQ(to_hex(text), "54e50165bf1936dc996020c1811b0f06fb5f");
  EXPECT_EQ(to_hex(signature), "010000007fb38ec5c55d497600000000");
  EXPECT_TRUE(server.unseal(text, text, signature));
  EXPECT_EQ(utf16le_to_utf8(text), "Plaintext");
}

TEST(NtlmCrypto, KeysOfTheExamplesSignWithoutEncrypting) {
  // MS-NLMP 4.2.4.4: the same text signed alone; the checksum is then encrypted by the first octets
  // of the key stream, which seal() has used for the text.
  const ByteVec key(16, 0x55);
  NtlmSecurity client(NtlmSecurity::Side::kClient, 0xe28a8233, digest(key));
  NtlmSecurity server(NtlmSecurity::Side::kServer, 0xe28a8233, digest(key));
  const ByteVec text = to_utf16le("Plaintext");
  const ByteVec signature = client.sign(text);
  EXPECT_EQ(to_hex(signature).substr(0, 8), "01000000");
  EXPECT_EQ(to_hex(signature).substr(24), "00000000");
  EXPECT_NE(to_hex(signature), "010000007fb38ec5c55d497600000000");
  EXPECT_TRUE(server.verify(text, signature));
}

TEST(NtlmCrypto, APartOfAMessageIsSealedAndAllOfItSigned) {
  const ByteVec key(16, 0x55);
  NtlmSecurity client(NtlmSecurity::Side::kClient, 0xe28a8233, digest(key));
  NtlmSecurity server(NtlmSecurity::Side::kServer, 0xe28a8233, digest(key));
  ByteVec message = to_utf16le("header Plaintext trailer");
  const ByteVec clear = message;
  const ByteVec signature = client.seal(message, MutBytes(message).subspan(14, 18));
  EXPECT_TRUE(equal(Bytes(message).first(14), Bytes(clear).first(14)));
  // MS-NLMP 4.2.4.4: what is encrypted first gets the first octets of the key stream.
  EXPECT_EQ(to_hex(Bytes(message).subspan(14, 18)), "54e50165bf1936dc996020c1811b0f06fb5f");
  EXPECT_TRUE(equal(Bytes(message).subspan(32), Bytes(clear).subspan(32)));
  ByteVec changed = message;
  changed[0] ^= 1;
  NtlmSecurity other(NtlmSecurity::Side::kServer, 0xe28a8233, digest(key));
  EXPECT_FALSE(other.unseal(changed, MutBytes(changed).subspan(14, 18), signature));
  EXPECT_TRUE(server.unseal(message, MutBytes(message).subspan(14, 18), signature));
  EXPECT_EQ(message, clear);
}

TEST(NtlmCrypto, TheMechListMicCountsAsAMessageAndLeavesTheKeyStream) {
  // MS-SPNG 3.2.5.1 and 3.3.5.1: the first message afterwards has the number 1 and the key stream's
  // begin.
  const ByteVec key(16, 0x55);
  NtlmSecurity client(NtlmSecurity::Side::kClient, 0xe28a8233, digest(key));
  NtlmSecurity server(NtlmSecurity::Side::kServer, 0xe28a8233, digest(key));
  const ByteVec mic = client.sign_mech_list(as_bytes("list"));
  EXPECT_TRUE(server.verify_mech_list(as_bytes("list"), mic));
  ByteVec text = to_utf16le("Plaintext");
  const ByteVec signature = client.seal(text, text);
  EXPECT_EQ(to_hex(text), "54e50165bf1936dc996020c1811b0f06fb5f");
  EXPECT_EQ(to_hex(signature).substr(24), "01000000");
  EXPECT_TRUE(server.unseal(text, text, signature));
}

TEST(NtlmCrypto, SignaturesVerifyInOrderInBothDirectionsAndForEveryKeySize) {
  for (std::uint32_t flags : {flag::k128 | flag::kKeyExchange, flag::k56 | flag::kKeyExchange,
                              flag::kKeyExchange, flag::k128, 0u}) {
    NtlmSecurity client(NtlmSecurity::Side::kClient, flags, digest(ByteVec(16, 7)));
    NtlmSecurity server(NtlmSecurity::Side::kServer, flags, digest(ByteVec(16, 7)));
    const ByteVec first = client.sign(as_bytes("one")), second = client.sign(as_bytes("two"));
    EXPECT_TRUE(server.verify(as_bytes("one"), first));
    EXPECT_TRUE(server.verify(as_bytes("two"), second));
    EXPECT_TRUE(client.verify(as_bytes("three"), server.sign(as_bytes("three"))));
    EXPECT_FALSE(server.verify(as_bytes("three"), client.sign(as_bytes("four"))));
    EXPECT_FALSE(server.verify(as_bytes("five"), {}));
  }
}

}  // namespace
}  // namespace holdfast::service
