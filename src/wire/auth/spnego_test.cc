// SPDX-License-Identifier: Apache-2.0
#include "wire/auth/spnego.h"

#include <gtest/gtest.h>

#include "wire/auth/der.h"
#include "wire/auth/test_hex.h"

namespace holdfast::wire::auth {
namespace {

/// What a Windows file server outside a domain offers: NTLM only, with the usual hint.
const ByteVec kHint = hex(
    "6048 0606 2b0601050502 a03e 303c a00e 300c 060a 2b06010401823702020a"
    "a32a 3028 a026 1b24 6e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265");
/// A first token with NEGOEX and NTLM, and a mechToken of four octets.
const ByteVec kInit = hex(
    "602e 0606 2b0601050502 a024 3022 a01a 3018 060a 2b06010401823702021e 060a 2b06010401823702020a"
    "a204 0402 aabb");

TEST(Der, LengthsOfEveryForm) {
  for (std::size_t size : {0u, 1u, 127u, 128u, 255u, 256u, 65535u, 65536u}) {
    const ByteVec content(size, 7);
    const ByteVec element = der_wrap(der_tag::kOctetString, {content});
    DerReader reader(element);
    const auto read = reader.next(der_tag::kOctetString);
    ASSERT_TRUE(read) << size;
    EXPECT_TRUE(equal(read->content, content));
    EXPECT_TRUE(equal(read->whole, element));
    EXPECT_TRUE(reader.at_end());
    for (std::size_t cut = 0; cut < std::min<std::size_t>(element.size(), 300); ++cut)
      EXPECT_FALSE(DerReader(Bytes(element).first(cut)).next());
  }
}

TEST(Der, LongFormsOfShortLengthsAreAccepted) {
  EXPECT_TRUE(DerReader(hex("0484 00000001 ff")).next());
  const ByteVec octets = hex("0484 00000001 ff");
  EXPECT_TRUE(equal(*der_unwrap(octets, der_tag::kOctetString), hex("ff")));
}

TEST(Der, RefusesWhatNothingHereUses) {
  EXPECT_FALSE(DerReader(hex("0480 ff 0000")).next()) << "indefinite length";
  EXPECT_FALSE(DerReader(hex("1f 01 01 ff")).next()) << "tag of two octets";
  EXPECT_FALSE(DerReader(hex("04 85 0000000001 ff")).next()) << "length of five octets";
  EXPECT_FALSE(DerReader(hex("04 84 ffffffff ff")).next());
  const ByteVec other = hex("0401ff");
  DerReader reader(other);
  EXPECT_FALSE(reader.next(der_tag::kOid));
  EXPECT_TRUE(reader.next(der_tag::kOctetString)) << "a wrong tag moves nothing";
}

TEST(Spnego, HintIsWhatWindowsSends) {
  const Bytes ntlm = oid::kNtlm;
  EXPECT_EQ(to_hex(encode_spnego_hint(std::span(&ntlm, 1))), to_hex(kHint));
  const auto decoded = decode_spnego(kHint);
  ASSERT_TRUE(decoded);
  const auto& init = std::get<NegTokenInit>(*decoded);
  ASSERT_EQ(init.mech_types.size(), 1u);
  EXPECT_TRUE(equal(init.mech_types[0], oid::kNtlm));
  EXPECT_EQ(as_text(*init.hint_name), "not_defined_in_RFC4178@please_ignore");
  EXPECT_FALSE(init.mech_token || init.mech_list_mic);
}

TEST(Spnego, InitDecodesAndEncodes) {
  const auto decoded = decode_spnego(kInit);
  ASSERT_TRUE(decoded);
  const auto& init = std::get<NegTokenInit>(*decoded);
  ASSERT_EQ(init.mech_types.size(), 2u);
  EXPECT_TRUE(equal(init.mech_types[0], oid::kNegoEx));
  EXPECT_TRUE(equal(init.mech_types[1], oid::kNtlm));
  EXPECT_EQ(to_hex(*init.mech_token), "aabb");
  EXPECT_EQ(to_hex(init.mech_type_list), to_hex(encode_mech_type_list(init.mech_types)));
  EXPECT_EQ(to_hex(encode_spnego_init(init)), to_hex(kInit));
  // The same without the GSS-API frame, as some clients send it.
  EXPECT_TRUE(decode_spnego(Bytes(kInit).subspan(10)));
}

TEST(Spnego, RespDecodesAndEncodes) {
  const ByteVec token =
      hex("a12a 3028 a003 0a0101 a10c 060a 2b06010401823702020a"
          "a207 0405 0102030405 a30a 0408 ffeeddccbbaa9988");
  const auto decoded = decode_spnego(token);
  ASSERT_TRUE(decoded);
  const auto& resp = std::get<NegTokenResp>(*decoded);
  EXPECT_EQ(resp.state, NegState::kAcceptIncomplete);
  EXPECT_TRUE(equal(*resp.supported_mech, oid::kNtlm));
  EXPECT_EQ(to_hex(*resp.response_token), "0102030405");
  EXPECT_EQ(to_hex(*resp.mech_list_mic), "ffeeddccbbaa9988");
  EXPECT_EQ(to_hex(encode_spnego_resp(resp)), to_hex(token));

  const ByteVec empty = encode_spnego_resp({});
  EXPECT_EQ(to_hex(empty), "a1023000");
  EXPECT_FALSE(std::get<NegTokenResp>(*decode_spnego(empty)).state);
}

TEST(Spnego, MicOfInitStandsAtThreeOrFour) {
  const char* kMechs = "a00e 300c 060a 2b06010401823702020a";
  for (const char* mic : {"a306 0404 01020304", "a406 0404 01020304"}) {
    const ByteVec fields = hex(std::string(kMechs) + mic);
    const ByteVec sequence = der_wrap(der_tag::kSequence, {fields});
    const ByteVec token = encode_gss_frame(oid::kSpnego, der_wrap(der_tag::context(0), {sequence}));
    const auto decoded = decode_spnego(token);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(to_hex(*std::get<NegTokenInit>(*decoded).mech_list_mic), "01020304");
  }
}

TEST(Spnego, Refusals) {
  for (const char* token : {
           "",
           "a1023000 ",                                   // fine; the loop's guard below
           "a0023000",                                    // no mechanism list
           "a006 3004 a002 3000",                         // an empty list
           "a108 3006 a004 0a020001",                     // negState of two octets
           "a107 3005 a003 0a0104",                       // negState 4
           "a10c 300a a003 0a0101 a003 0a0101",           // twice
           "a10e 300c a207 0405 0102030405 a001 00",      // not in order
           "a107 3005 a203 0a0101",                       // wrong type
           "a106 3004 0a0101 00",                         // no context tag
           "6010 0606 2b0601050503 a006 3004 a002 3000",  // another mechanism's frame
           "4e544c4d535350000100000000000000",            // raw NTLMSSP
       }) {
    const bool good = std::string(token) == "a1023000 ";
    EXPECT_EQ(decode_spnego(hex(token)).has_value(), good) << token;
  }
}

TEST(Spnego, TooManyMechanisms) {
  for (std::size_t count : {kMaxMechTypes, kMaxMechTypes + 1}) {
    NegTokenInit init;
    init.mech_types.assign(count, Bytes(oid::kKerberos));
    EXPECT_EQ(decode_spnego(encode_spnego_init(init)).has_value(), count == kMaxMechTypes);
  }
}

TEST(Spnego, TooLongAMechanism) {
  for (std::size_t size : {kMaxOidSize, kMaxOidSize + 1}) {
    const ByteVec oid(size, 1);
    NegTokenInit init;
    init.mech_types.emplace_back(oid);
    EXPECT_EQ(decode_spnego(encode_spnego_init(init)).has_value(), size == kMaxOidSize);
  }
}

TEST(Spnego, EveryTruncationIsRefused) {
  for (const ByteVec& token : {kHint, kInit}) {
    for (std::size_t length = 0; length < token.size(); ++length) {
      const ByteVec cut(token.begin(), token.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_FALSE(decode_spnego(cut)) << length;
    }
  }
}

TEST(GssFrame, NamesItsMechanism) {
  const ByteVec token = encode_gss_frame(oid::kKerberos, as_bytes("ticket"));
  const auto frame = decode_gss_frame(token);
  ASSERT_TRUE(frame);
  EXPECT_TRUE(equal(frame->mechanism, oid::kKerberos));
  EXPECT_EQ(as_text(frame->inner), "ticket");
  EXPECT_FALSE(decode_spnego(token));
}

}  // namespace
}  // namespace holdfast::wire::auth
