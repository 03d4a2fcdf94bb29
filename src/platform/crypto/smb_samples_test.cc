// SPDX-License-Identifier: Apache-2.0
// Sessions between Windows machines that Microsoft published key by key and message by message:
// "Encryption in SMB 3.0: A protocol perspective" (2012), "SMB 3.1.1 Encryption in Windows 10"
// (2015), "SMB 2 and SMB 3 security in Windows 10: the anatomy of signing and cryptographic keys"
// (2017).
#include <gtest/gtest.h>

#include "crypto/key_derivation.h"
#include "crypto/message_signature.h"
#include "crypto/test_hex.h"
#include "platform/crypto/make_provider.h"

namespace holdfast::platform {
namespace {

using crypto::Cipher;
using crypto::hex;
using crypto::PreauthHash;
using crypto::SessionKeys;
using crypto::SigningAlgorithm;
using crypto::to_hex;

const auto& providers() {
  static const auto all = all_providers();
  return all;
}

TEST(SmbSamples, KeysOf300) {
  for (const auto& provider : providers()) {
    const SessionKeys keys = derive_session_keys(
        *provider, 0x0300, hex("7cd451825d0450d235424e44ba6e78cc"), Cipher::kAes128Gcm, {});
    EXPECT_EQ(to_hex(keys.signing), "0b7e9c5cac36c0f6ea9ab275298cedce");
    EXPECT_EQ(to_hex(keys.application), "bb23a4575aa26c721af525af15a87b4f");
    // The sample is printed by the client, whose encryption key is the server's decryption key.
    EXPECT_EQ(to_hex(keys.decryption_key()), "fad27796665b313ebb578f388632b4f7");
    EXPECT_EQ(to_hex(keys.encryption_key()), "b0f0427f7ceb416d1d9dcc0cd4f99447");
    // A second channel has its own signing key.
    EXPECT_EQ(
        to_hex(derive_signing_key(*provider, 0x0300, hex("4e01a2b313bcf660cc250bef021aede6"), {})),
        "ba1a17dbbfec349bca105563d598952f");
  }
}

TEST(SmbSamples, KeysOf210AreTheSessionKey) {
  const SessionKeys keys =
      derive_session_keys(*providers()[0], 0x0210, hex("0102030405"), Cipher::kAes128Ccm, {});
  EXPECT_EQ(to_hex(keys.signing), "01020304050000000000000000000000");
  const SessionKeys longer = derive_session_keys(*providers()[0], 0x0202,
                                                 hex("000102030405060708090a0b0c0d0e0f1011121314"),
                                                 Cipher::kAes128Ccm, {});
  EXPECT_EQ(to_hex(longer.signing), "000102030405060708090a0b0c0d0e0f");
}

// Only the keys of AES-256 depend on more than 16 octets of what the authentication gave.
TEST(SmbSamples, FullSessionKeyIsForAes256Only) {
  const auto& provider = *providers()[0];
  const ByteVec full = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const Bytes half = Bytes(full).first(16);
  const PreauthHash preauth;
  const SessionKeys a = derive_session_keys(provider, 0x0311, full, Cipher::kAes256Gcm, preauth);
  const SessionKeys b = derive_session_keys(provider, 0x0311, half, Cipher::kAes256Gcm, preauth);
  const SessionKeys c = derive_session_keys(provider, 0x0311, full, Cipher::kAes128Gcm, preauth);
  EXPECT_EQ(a.signing, b.signing);
  EXPECT_EQ(a.signing, c.signing);
  EXPECT_EQ(a.application, c.application);
  EXPECT_NE(a.encryption, b.encryption);
  EXPECT_EQ(a.encryption_key().size(), 32u);
  EXPECT_EQ(c.encryption_key().size(), 16u);
  // L is part of what is hashed: the 256-bit key does not begin with the 128-bit one.
  EXPECT_FALSE(equal(b.encryption_key().first(16), c.encryption_key()));
}

/// NEGOTIATE and SESSION_SETUP of an NTLM logon in 3.1.1, with the hash after each.
struct Step {
  const char* message;
  const char* hash;
};
const Step kLogon[] = {
    {"fe534d4240000100000000000000800000000000000000000100000000000000fffe000000000000"
     "00000000000000000000000000000000000000000000000024000500000000003f000000ecd86f32"
     "6276024f9f7752b89bb33f3a70000000020000000202100200030203110300000100260000000000"
     "010020000100fa49e6578f1f3a9f4cd3e9cc14a67aa884b3d05844e0e5a118225c15887f32ff0000"
     "0200060000000000020002000100",
     "dd94efc5321bb618a2e208ba8920d2f422992526947a409b5037de1e0fe8c7362b8c47122594cde0"
     "ce26aa9dfc8bcdbde0621957672623351a7540f1e54a0426"},
    {"fe534d4240000100000000000000010001000000000000000100000000000000fffe000000000000"
     "000000000000000000000000000000000000000000000000410001001103020039cbcaf329714942"
     "bdce5d60f09ab3fb2f000000000080000000800000008000d8dae5adcbaed00109094ab095aed001"
     "80004001c00100006082013c06062b0601050502a08201303082012ca01a3018060a2b0601040182"
     "3702021e060a2b06010401823702020aa282010c048201084e45474f455854530100000000000000"
     "60000000700000007c7cc0fd06d6362d02dde1cf343bfe292900f49750b4aa97934d9c4296b26e51"
     "fd370471b235e15a50dae15bd5489c87000000000000000060000000010000000000000000000000"
     "5c33530deaf90d4db2ec4ae3786ec3084e45474f4558545303000000010000004000000098000000"
     "7c7cc0fd06d6362d02dde1cf343bfe295c33530deaf90d4db2ec4ae3786ec3084000000058000000"
     "3056a05430523027802530233121301f06035504031318546f6b656e205369676e696e6720507562"
     "6c6963204b65793027802530233121301f06035504031318546f6b656e205369676e696e67205075"
     "626c6963204b6579010026000000000001002000010060a3c3b95c3c7ccd51ec536648d9b3ac74c4"
     "83ca5b65385a251117beb30712e50000020004000000000001000200",
     "324bfa92a4f3a190e466ebea08d9c110dc88bfed758d9846ecc6f541cc1d02ae3c94a79f36011e99"
     "7e13f841b91b50957ad07b19c8e2539c0b23fdae09d2c513"},
    {"fe534d4240000100000000000100800000000000000000000200000000000000fffe000000000000"
     "00000000000000000000000000000000000000000000000019000001010000000000000058004a00"
     "0000000000000000604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a"
     "04284e544c4d5353500001000000978208e200000000000000000000000000000000060380250000"
     "000f",
     "ac0b0f2b9986257700365e416d142a6edc96df03594a19e52a15f6bd0d041cd5d432f8ed42c55e33"
     "197a50c9ec00f1462b50c592211b1471a04b56088fdfd5f9"},
    {"fe534d4240000100160000c00100010001000000000000000200000000000000fffe000000000000"
     "190000000010000000000000000000000000000000000000090000004800b300a181b03081ada003"
     "0a0101a10c060a2b06010401823702020aa281970481944e544c4d53535000020000000c000c0038"
     "00000015828ae20d1d8ba31179d008000000000000000050005000440000000a0092270000000f53"
     "005500540033003100310002000c0053005500540033003100310001000c00530055005400330031"
     "00310004000c0053005500540033003100310003000c0053005500540033003100310007000800a1"
     "a1f5adcbaed00100000000",
     "2729e3440dfddd839e37193f6e8f20c20cefb3469e453a70cd980eec06b8835740a7376008563336"
     "4c8989895ece81bf102deeb14d4b7d48afa76901a7a38387"},
    {"fe534d4240000100000000000100800000000000000000000300000000000000fffe000000000000"
     "1900000000100000000000000000000000000000000000001900000101000000000000005800cf01"
     "0000000000000000a18201cb308201c7a0030a0101a28201aa048201a64e544c4d53535000030000"
     "001800180090000000ee00ee00a80000000c000c00580000001a001a0064000000120012007e0000"
     "001000100096010000158288e2060380250000000fecac77a5f385a8bf9c38c706eeeddcd3530055"
     "005400330031003100610064006d0069006e006900730074007200610074006f0072004400520049"
     "0056004500520033003100310000000000000000000000000000000000000000000000000063078e"
     "b639fe03e20a231c3ae3bf23080101000000000000a1a1f5adcbaed001bc4ad05f223cc90f000000"
     "0002000c0053005500540033003100310001000c0053005500540033003100310004000c00530055"
     "00540033003100310003000c0053005500540033003100310007000800a1a1f5adcbaed001060004"
     "00020000000800300030000000000000000000000000300000b61fefcaa857ea57bf1edcebf8974b"
     "8e0eba5a6dfd9d07a31d11b548f8c9d0cc0a00100000000000000000000000000000000000090016"
     "0063006900660073002f005300550054003300310031000000000000000000000000003b9bdff38f"
     "5ee8f9663f11a0f4c03a78a31204100100000063775a9a5fd97f0600000000",
     "0dd13628cc3ed218ef9df9772d436d0887ab9814bfae63a80aa845f36909db7928622dddad522d97"
     "51640a459762c5a9d6bb084cbb3ce6bdadef5d5bce3c6c01"}};
/// The final SESSION_SETUP response, signed.
const char kFinalResponse[] =
    "fe534d4240000100000000000100800009000000000000000300000000000000fffe000000000000"
    "1900000000100000ebe146da120ba25fc3376a49dfe31bc10900000048001d00a11b3019a0030a01"
    "00a3120410010000003b453cdc3524164200000000";

TEST(SmbSamples, LogonOf311) {
  for (const auto& provider : providers()) {
    SCOPED_TRACE(provider->name());
    PreauthHash hash;
    for (const Step& step : kLogon) {
      const ByteVec message = hex(step.message);
      PreauthHash in_pieces = hash;
      const Bytes pieces[] = {Bytes(message).first(64), Bytes(message).subspan(64)};
      in_pieces.update(*provider, pieces);
      hash.update(*provider, message);
      EXPECT_EQ(to_hex(hash.value()), step.hash);
      EXPECT_TRUE(equal(hash.value(), in_pieces.value()));
    }
    const ByteVec session_key = hex("270e1ba896585eeb7af3472d3b4c75a7");
    const SessionKeys keys =
        derive_session_keys(*provider, 0x0311, session_key, Cipher::kAes128Gcm, hash);
    EXPECT_EQ(to_hex(keys.signing), "73fe7a9a77bef0bde49c650d8ccb5f76");
    EXPECT_EQ(to_hex(keys.application), "6d7ad7954e9ec61e907b4d473dc178ff");
    EXPECT_EQ(to_hex(keys.decryption_key()), "629bcbc54422a0f572b97f45989b6073");
    EXPECT_EQ(to_hex(keys.encryption_key()), "e2af0dcefac68da71a0dfbd0d1350d74");
    EXPECT_EQ(derive_signing_key(*provider, 0x0311, session_key, hash), keys.signing);

    const auto signer = provider->make_signer(SigningAlgorithm::kAes128Cmac, keys.signing);
    ByteVec response = hex(kFinalResponse);
    const ByteVec original = response;
    EXPECT_TRUE(verify_message(*signer, response, true));
    EXPECT_TRUE(verify_message(*signer, Bytes(response).first(70),
                               std::vector<Bytes>{Bytes(response).subspan(70)}, true));
    std::fill_n(response.begin() + 48, 16, 0x77);
    EXPECT_FALSE(verify_message(*signer, response, true));
    sign_message(*signer, response, true);
    EXPECT_EQ(response, original);
  }
}

struct SealedSample {
  std::uint16_t dialect;
  Cipher cipher;
  const char* session_key;
  const char* preauth;
  bool from_server;
  const char* transformed;  // TRANSFORM_HEADER and what follows
  const char* plain;
};

const char kPreauthOf311[] =
    "b23f3cbfd69487d9832b79b1594a367cdd950909b774c3a4c412b4fcea9edddba7db256ba2ea30e9"
    "77f11f9b113247578e0e915c6d2a513b8f2fca5707dc8770";

const SealedSample kSealed[] = {
    {0x0300, Cipher::kAes128Ccm, "b4546771b515f766a86735532dd6c4f0", nullptr, false,
     "fd534d4281a286535415445dae393921e44fa42e66e69a111892584fb5ed524a"
     "744da3ee87000000000001001100001400e4080025c8fee16605a437832d1cd5"
     "2da9f4645333482a175fe5384563f45fcdafaef38bc62ba4d5c62897996625a4"
     "4c29be5658de2e6117585779e7b59ffd971278d08580d7fa899e410e910eabf5"
     "aa1db43050b33b49182637759ac15d84bfcdf5b6b238993c0f4cf4d6012023f6"
     "c627297075d84b7803912d0a9639634453595ef3e33ffe4e7ac2ab",
     "fe534d4240000100000000000900400008000000000000000400000000000000"
     "fffe0000010000001100001400e4080000000000000000000000000000000000"
     "3100700017000000000000000000000015010000390000020100000039020000"
     "00000000000000007000000000000000536d623320656e6372797074696f6e20"
     "74657374696e67"},
    {0x0300, Cipher::kAes128Ccm, "b4546771b515f766a86735532dd6c4f0", nullptr, true,
     "fd534d42a6015530a18f6d9affe22afae8e66484860000000000000011000014"
     "00e4080050000000000001001100001400e40800dbf46435c5f14169293ce079"
     "e344479bf670227e49873f458672c3098dac467dd5809f369d67409166515787"
     "1483e01f7becd02064eac3e235f913668bbc2f097980d4b378f1993eff6e60d1"
     "77309e5b",
     "fe534d4240000100000000000900210009000000000000000400000000000000"
     "fffe0000010000001100001400e4080000000000000000000000000000000000"
     "11000000170000000000000000000000"},
    {0x0311, Cipher::kAes128Gcm, "419fddf34c1e001909d362ae7fb6af79", kPreauthOf311, false,
     "fd534d42bd73d97d2bc9001bcafac0fdff5feebcc7d6822d269caf48904c664c0000000087000000"
     "0000010025000000001000006ecdd2a7afc7b47763057a041b8fd4daffe990b70c9e09d36c084e02"
     "d14ef247f8bde38acf6256f8b1d3b56f77fbdeb312fea5e92cbcc1ed8fb2ebbfaa75e49a4a394bb4"
     "4576545567c24d4c014d47c9fbdfdafd2c4f9b72f8d256452620a299f48e29e53d6b61d1c13a19e9"
     "1af013f00d17e3abc2fc3d36c8c1b6b93973253852dbd442e46ee8",
     "fe534d4240000100000000000900010008000000000000000500000000000000fffe000001000000"
     "25000000001000000000000000000000000000000000000031007000170000000000000000000000"
     "0600000004000000010000000400000000000000000000007000000000000000536d623320656e63"
     "72797074696f6e2074657374696e67"},
    {0x0311, Cipher::kAes128Gcm, "419fddf34c1e001909d362ae7fb6af79", kPreauthOf311, true,
     "fd534d42acbe1cb7ed343adf1725ef144d90d4b0e06831dd2e8eb7b4000000000000000050000000"
     "00000100250000000010000026bbbf949983a6c1c796559d0f2c510cb651d1f7b6ac8ded32a2a0b8"
     "f2d793a815c6f6b848d69767a215841a42d400ae6ddb5f0b44173a014973321fdd7950da6179159b"
     "82e03c9e18a050ff0ea1c967",
     "fe534d4240000100000000000900010001000000000000000500000000000000fffe000001000000"
     "25000000001000000000000000000000000000000000000011000000170000000000000000000000"}};

/// The keys of the samples, from the client that printed them.
TEST(SmbSamples, SealedMessages) {
  for (const auto& provider : providers()) {
    for (const SealedSample& sample : kSealed) {
      SCOPED_TRACE(provider->name());
      SCOPED_TRACE(sample.dialect);
      const ByteVec session_key = hex(sample.session_key);
      ByteVec key(16);
      if (sample.preauth == nullptr) {
        const SessionKeys keys =
            derive_session_keys(*provider, sample.dialect, session_key, sample.cipher, {});
        key = to_vec(sample.from_server ? keys.encryption_key() : keys.decryption_key());
      } else {
        // The hash is given, not the messages, so the key is derived from it directly.
        const char* label = sample.from_server ? "SMBS2CCipherKey" : "SMBC2SCipherKey";
        crypto::derive_key(*provider, session_key, Bytes(as_bytes({label, 16})),
                           hex(sample.preauth), key);
      }
      const ByteVec message = hex(sample.transformed);
      const Bytes tag = Bytes(message).subspan(4, 16);
      const Bytes aad = Bytes(message).subspan(20, 32);
      const Bytes nonce = aad.first(crypto::nonce_size(sample.cipher));
      const auto aead = provider->make_aead(sample.cipher, key);
      ByteVec text = to_vec(Bytes(message).subspan(52));
      const ByteVec sealed = text;
      EXPECT_TRUE(aead->open(nonce, aad, text, tag));
      EXPECT_EQ(to_hex(text), sample.plain);
      ByteVec own_tag(16);
      aead->seal(nonce, aad, text, own_tag);
      EXPECT_EQ(text, sealed);
      EXPECT_TRUE(equal(own_tag, tag));
    }
  }
}

TEST(SmbSamples, SignedMessages) {
  ByteVec message = hex(kFinalResponse);
  for (const auto& provider : providers()) {
    SCOPED_TRACE(provider->name());
    for (const auto algorithm : {SigningAlgorithm::kHmacSha256, SigningAlgorithm::kAes128Cmac,
                                 SigningAlgorithm::kAes128Gmac}) {
      const auto signer = provider->make_signer(algorithm, ByteVec(16, 3));
      sign_message(*signer, message, true);
      EXPECT_TRUE(verify_message(*signer, message, true));
      for (std::size_t i = 0; i < message.size(); ++i) {
        ByteVec wrong = message;
        wrong[i] ^= 0x10;
        EXPECT_FALSE(verify_message(*signer, wrong, true)) << i;
      }
      // Only GMAC knows who sent it.
      EXPECT_EQ(verify_message(*signer, message, false),
                algorithm != SigningAlgorithm::kAes128Gmac);
      EXPECT_FALSE(verify_message(*signer, Bytes(message).first(63), true));

      // Many pieces are the same message.
      std::vector<Bytes> octets;
      for (std::size_t i = 64; i < message.size(); ++i) octets.push_back({&message[i], 1});
      EXPECT_TRUE(verify_message(*signer, Bytes(message).first(64), octets, true));
    }
  }
}

TEST(SmbSamples, ManyMessagesAtOnce) {
  for (const auto& provider : providers()) {
    SCOPED_TRACE(provider->name());
    const auto cmac = provider->make_signer(SigningAlgorithm::kAes128Cmac, ByteVec(16, 3));
    const auto gmac = provider->make_signer(SigningAlgorithm::kAes128Gmac, ByteVec(16, 4));
    const Bytes payload[] = {as_bytes("a payload "), as_bytes("in two places")};
    for (const std::size_t count : {0, 1, 5, 64, 150}) {
      std::vector<ByteVec> one_by_one, at_once;
      std::vector<crypto::MessageToSign> list;
      for (std::size_t i = 0; i < count; ++i) {
        ByteVec message(64 + i * 3, static_cast<std::uint8_t>(i));
        const crypto::Signer& signer = i % 5 == 0 ? *gmac : *cmac;
        at_once.push_back(message);
        const auto rest = std::span<const Bytes>(payload).first(i % 3);
        sign_message(signer, message, rest, i % 2 == 0);
        one_by_one.push_back(message);
        list.push_back({&signer, {}, rest, i % 2 == 0});
      }
      for (std::size_t i = 0; i < count; ++i) list[i].message = at_once[i];
      sign_messages(*provider, list);
      EXPECT_EQ(at_once, one_by_one);

      std::unique_ptr<bool[]> results(new bool[count]);
      for (std::size_t i = 0; i < count; ++i) {
        if (i % 4 == 1) at_once[i][50] ^= 1;
        if (i % 7 == 2) list[i].message = list[i].message.first(63);
      }
      verify_messages(*provider, list, {results.get(), count});
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(results[i], i % 4 != 1 && i % 7 != 2) << i;
      }
    }
  }
}

}  // namespace
}  // namespace holdfast::platform
