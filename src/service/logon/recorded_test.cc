// SPDX-License-Identifier: Apache-2.0
// Log-ons of real clients to Samba 4.17 as root with the password "Capture-1", recorded from the
// wire: what other implementations computed must be what this one computes.
#include <gtest/gtest.h>

#include "service/logon/ntlm_crypto.h"
#include "wire/auth/ntlm.h"
#include "wire/auth/spnego.h"
#include "wire/auth/test_hex.h"

namespace holdfast::service {
namespace {

using wire::auth::hex;
using wire::auth::NegTokenInit;
using wire::auth::NegTokenResp;
using wire::auth::to_hex;
namespace flag = wire::auth::ntlm_flag;

struct Recorded {
  const char* client;
  const char* domain;
  bool has_mic;
  ByteVec first, challenge, authenticate, last;
};

const Recorded kRecorded[] = {
    {"smbclient 4.17", "WORKGROUP", true,
     hex("604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a04284e544c4d535350000100"
         "00001582086200000000280000000000000028000000060100000000000f"),
     hex("a181ae3081aba0030a0101a10c060a2b06010401823702020aa281950481924e544c4d535350000200000012"
         "0012003800000015828a6219850056effb2cfe0000000000000000480048004a000000060100000000000f43"
         "0041005000530045005200560045005200020012004300410050005300450052005600450052000100120043"
         "0041005000530045005200560045005200040000000300040076006d0007000800e0b86e46bc7add01000000"
         "00"),
     hex("a18201a23082019ea2820186048201824e544c4d53535000030000001800180058000000e400e40070000000"
         "12001200540100000800080066010000040004006e010000100010007201000015820862060100000000000f"
         "e4c7c44e4d338258f72505fbcd6cc189000000000000000000000000000000000000000000000000a13a7f59"
         "4b86856cb1629f4d482ecfe50101000000000000e0b86e46bc7add0153a9ba2d739da7fa0000000002001200"
         "4300410050005300450052005600450052000100120043004100500053004500520056004500520004000000"
         "0300040076006d0007000800e0b86e46bc7add01060004000200000008003000300000000000000000000000"
         "000000003855af2e1fbc1f79c23db44ef644f0d7bdaccc2344c4a8b9c3f0dd9e269d45680a00100000000000"
         "00000000000000000000000009001c0063006900660073002f003100320037002e0030002e0030002e003100"
         "0000000057004f0052004b00470052004f005500500072006f006f00740056004d0011eb37b8ef0f23cf3c52"
         "d722d23bf645a31204100100000075ea02e7cb50382f00000000"),
     hex("a11b3019a0030a0100a312041001000000cb13f88c0cefd2c500000000")},
    {"impacket 0.10", "", false,
     hex("604006062b0601050502a0363034a00e300c060a2b06010401823702020aa22204204e544c4d535350000100"
         "0000050288a000000000000000000000000000000000"),
     hex("a181ae3081aba0030a0101a10c060a2b06010401823702020aa281950481924e544c4d535350000200000012"
         "0012003800000005028aa25f5feb691f8ae6cf0000000000000000480048004a000000060100000000000f43"
         "0041005000530045005200560045005200020012004300410050005300450052005600450052000100120043"
         "0041005000530045005200560045005200040000000300040076006d000700080074a37958bc7add01000000"
         "00"),
     hex("a18201013081fea281fb0481f84e544c4d535350000300000018001800480000009800980060000000000000"
         "00400000000800080040000000000000004800000000000000f8000000050288a072006f006f007400b0fa42"
         "3f2423ad5204b0f51ad64f08837058335938303762dcb09f91c5f62a7ee92a34a4be0d606f01010000000000"
         "0074a37958bc7add017058335938303762000000000200120043004100500053004500520056004500520001"
         "001200430041005000530045005200560045005200040000000300040076006d000700080074a37958bc7add"
         "0109001c0063006900660073002f004300410050005300450052005600450052000000000000000000"),
     hex("a1073005a0030a0100")},
    {"v9u-smb2", "", false,
     hex("4e544c4d53535000010000000682080000000000000000000200020020000000766d"),
     hex("4e544c4d5353500002000000090009003800000006828a0232117d0a62d2e19a000000000000000048004800"
         "41000000060100000000000f4341505345525645520200120043004100500053004500520056004500520001"
         "001200430041005000530045005200560045005200040000000300040076006d0007000800065d175bbc7add"
         "0100000000"),
     hex("4e544c4d53535000030000001800180040000000780078005800000000000000d000000004000400d0000000"
         "00000000d400000010001000d400000006828a0230d6fc0cbd7a6667e20b095baff0a3b761a21c24d379f780"
         "fb7ae578d333fc0e5a6e1c76cd95731b010100000000000090b8185bbc7add0161a21c24d379f78000000000"
         "0200120043004100500053004500520056004500520001001200430041005000530045005200560045005200"
         "040000000300040076006d0007000800065d175bbc7add010000000000000000726f6f74fb7ae578d333fc0e"
         "5a6e1c76cd95731b"),
     hex("")},
};

/// The NTLM message of a token, and the mechListMIC beside it.
struct Unwrapped {
  Bytes message;
  std::optional<Bytes> mic;
  Bytes mech_type_list;
};

Unwrapped unwrap(Bytes token) {
  if (token.empty() || wire::auth::ntlm_message_type(token)) return {token, {}, {}};
  const auto decoded = wire::auth::decode_spnego(token);
  if (!decoded) return {};
  if (const auto* init = std::get_if<NegTokenInit>(&*decoded))
    return {init->mech_token.value_or(Bytes()), init->mech_list_mic, init->mech_type_list};
  const auto& resp = std::get<NegTokenResp>(*decoded);
  return {resp.response_token.value_or(Bytes()), resp.mech_list_mic, {}};
}

TEST(Recorded, ProofKeysAndMicsAreWhatOthersComputed) {
  for (const Recorded& log_on : kRecorded) {
    SCOPED_TRACE(log_on.client);
    const Unwrapped first = unwrap(log_on.first), second = unwrap(log_on.challenge),
                    third = unwrap(log_on.authenticate), last = unwrap(log_on.last);
    ASSERT_TRUE(wire::auth::decode_ntlm_negotiate(first.message));
    const auto challenge = wire::auth::decode_ntlm_challenge(second.message);
    const auto message = wire::auth::decode_ntlm_authenticate(third.message);
    ASSERT_TRUE(challenge && message);
    EXPECT_EQ(challenge->target_name, "CAPSERVER");
    EXPECT_EQ(message->user, "root");
    EXPECT_EQ(message->domain, log_on.domain);
    const auto response = wire::auth::decode_ntlmv2_response(message->nt_response);
    ASSERT_TRUE(response);

    const Digest16 key = ntowf_v2(nt_hash("Capture-1"), message->user, message->domain);
    const Digest16 proof = ntlmv2_proof(key, challenge->server_challenge, response->client_data);
    EXPECT_EQ(to_hex(proof), to_hex(response->proof));
    Digest16 session_key = ntlmv2_session_base_key(key, proof);
    if (message->flags & flag::kKeyExchange)
      session_key = rc4_once(session_key, message->encrypted_session_key);

    const auto av_flags = wire::auth::find_av_pair(response->av_pairs, wire::auth::AvId::kFlags);
    EXPECT_EQ(av_flags.has_value(), log_on.has_mic);
    if (!log_on.has_mic) continue;
    EXPECT_EQ(to_hex(ntlm_mic(session_key, first.message, second.message, third.message)),
              to_hex(*message->mic));
    NtlmSecurity server(NtlmSecurity::Side::kServer, message->flags, session_key);
    NtlmSecurity client(NtlmSecurity::Side::kClient, message->flags, session_key);
    ASSERT_TRUE(third.mic && last.mic);
    EXPECT_TRUE(server.verify(first.mech_type_list, *third.mic));
    EXPECT_TRUE(client.verify(first.mech_type_list, *last.mic));
    EXPECT_EQ(to_hex(NtlmSecurity(NtlmSecurity::Side::kServer, message->flags, session_key)
                         .sign(first.mech_type_list)),
              to_hex(*last.mic));
  }
}

}  // namespace
}  // namespace holdfast::service
