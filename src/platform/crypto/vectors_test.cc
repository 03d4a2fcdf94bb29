// SPDX-License-Identifier: Apache-2.0
// Published vectors: NIST SP 800-38B and 38D, RFC 4493, RFC 4231, FIPS 180-4.
#include <gtest/gtest.h>

#include "crypto/test_hex.h"
#include "platform/crypto/make_provider.h"

namespace holdfast::platform {
namespace {

using crypto::Cipher;
using crypto::hex;
using crypto::SigningAlgorithm;
using crypto::to_hex;

const auto& providers() {
  static const auto all = all_providers();
  return all;
}

std::string signature(const crypto::Provider& provider, SigningAlgorithm algorithm,
                      std::string_view key, Bytes message, crypto::SigningNonce nonce = {}) {
  const auto signer = provider.make_signer(algorithm, hex(key));
  crypto::Signature out;
  signer->sign(std::span(&message, 1), nonce, out);
  return to_hex(out);
}

TEST(Vectors, AesCmacRfc4493) {
  const char* key = "2b7e151628aed2a6abf7158809cf4f3c";
  const ByteVec message =
      hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc119"
          "1a0a52"
          "eff69f2445df4f9b17ad2b417be66c3710");
  for (const auto& provider : providers()) {
    SCOPED_TRACE(provider->name());
    const auto cmac = [&](std::size_t size) {
      return signature(*provider, SigningAlgorithm::kAes128Cmac, key, Bytes(message).first(size));
    };
    EXPECT_EQ(cmac(0), "bb1d6929e95937287fa37d129b756746");
    EXPECT_EQ(cmac(16), "070a16b46b4d4144f79bdd9dd04a287c");
    EXPECT_EQ(cmac(20), "7d85449ea6ea19c823a7bf78837dfade");  // SP 800-38B, updated examples
    EXPECT_EQ(cmac(40), "dfa66747de9ae63030ca32611497c827");
    EXPECT_EQ(cmac(64), "51f0bebf7e3b9d92fc49741779363cfe");
  }
}

TEST(Vectors, HmacSha256Rfc4231) {
  for (const auto& provider : providers()) {
    SCOPED_TRACE(provider->name());
    ByteVec out(32);
    const Bytes hi = as_bytes("Hi There");
    provider->hmac_sha256(ByteVec(20, 0x0b), std::span(&hi, 1), out);
    EXPECT_EQ(to_hex(out), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    const Bytes pieces[] = {as_bytes("what do ya "), as_bytes(""), as_bytes("want for nothing?")};
    provider->hmac_sha256(as_bytes("Jefe"), pieces, out);
    EXPECT_EQ(to_hex(out), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    const Bytes longer = as_bytes("Test Using Larger Than Block-Size Key - Hash Key First");
    provider->hmac_sha256(ByteVec(131, 0xaa), std::span(&longer, 1), out);
    EXPECT_EQ(to_hex(out), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    // The signature of SMB 2.0.2 is its first half; "Jefe" as a signing key is filled with zeros.
    const Bytes jefe = as_bytes("what do ya want for nothing?");
    EXPECT_EQ(signature(*provider, SigningAlgorithm::kHmacSha256, "4a656665", jefe),
              "5bdcc146bf60754e6a042426089575c7");
  }
}

TEST(Vectors, Sha2) {
  const Bytes abc = as_bytes("abc");
  for (const auto& provider : providers()) {
    ByteVec out(32), longer(64);
    provider->sha256(std::span(&abc, 1), out);
    EXPECT_EQ(to_hex(out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    provider->sha512(std::span(&abc, 1), longer);
    EXPECT_EQ(
        to_hex(longer),
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23"
        "a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  }
}

struct AeadVector {
  Cipher cipher;
  std::string_view key, nonce, aad, plain, sealed, tag;
};

void expect_vector(const crypto::Provider& provider, const AeadVector& v) {
  SCOPED_TRACE(provider.name());
  const auto aead = provider.make_aead(v.cipher, hex(v.key));
  ByteVec text = hex(v.plain), tag(16);
  aead->seal(hex(v.nonce), hex(v.aad), text, tag);
  EXPECT_EQ(to_hex(text), v.sealed);
  EXPECT_EQ(to_hex(tag), v.tag);
  EXPECT_TRUE(aead->open(hex(v.nonce), hex(v.aad), text, tag));
  EXPECT_EQ(to_hex(text), v.plain);
}

// The GCM specification's test cases 1, 2, 4, 13, 14 and 16 (Annex B of the submission to NIST).
TEST(Vectors, AesGcm) {
  const char* plain =
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b5"
      "25b16aedf5aa0de657ba637b39";
  const AeadVector vectors[] = {
      {Cipher::kAes128Gcm, "00000000000000000000000000000000", "000000000000000000000000", "", "",
       "", "58e2fccefa7e3061367f1d57a4e7455a"},
      {Cipher::kAes128Gcm, "00000000000000000000000000000000", "000000000000000000000000", "",
       "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
       "ab6e47d42cec13bdf53a67b21257bddf"},
      {Cipher::kAes128Gcm, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
       "feedfacedeadbeeffeedfacedeadbeefabaddad2", plain,
       "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac8"
       "4"
       "aa051ba30b396a0aac973d58e091",
       "5bc94fbc3221a5db94fae95ae7121a47"},
      {Cipher::kAes256Gcm, "0000000000000000000000000000000000000000000000000000000000000000",
       "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
      {Cipher::kAes256Gcm, "0000000000000000000000000000000000000000000000000000000000000000",
       "000000000000000000000000", "", "00000000000000000000000000000000",
       "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
      {Cipher::kAes256Gcm, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
       "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2", plain,
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10568"
       "2"
       "8838c5f61e6393ba7a0abcc9f662",
       "76fc6ece0f4e1768cddf8853bb2d551b"},
  };
  for (const auto& provider : providers()) {
    for (const AeadVector& v : vectors) expect_vector(*provider, v);
  }
}

// The vectors of SP 800-38C have other nonce sizes than SMB's 11 octets; these were computed with
// libgcrypt 1.10, and smb_samples_test.cc has Windows' own for AES-128.
TEST(Vectors, AesCcm) {
  const char* nonce = "101112131415161718191a";
  const char* aad = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  const char* plain =
      "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d"
      "4e"
      "4f5051525354555657";
  const AeadVector vectors[] = {
      {Cipher::kAes128Ccm, "404142434445464748494a4b4c4d4e4f", nonce, aad, plain,
       "d6d28b1b24b85b4ffbe0998809dab62e35428a3cca41bdc880d80004b03a18e37ecd2758ab2f14bbe6bb4c228c9"
       "0"
       "630598dc6d08d42294f3",
       "3b31720d5016012206b30b89ec38da3d"},
      {Cipher::kAes256Ccm, "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
       nonce, aad, plain,
       "05be4fa985289932bcf824709a4950dd790fa62950bfbf50a8e8e4f98b598e51dc5ffee1d264fd4978cc4390095"
       "a"
       "ae627557a8e41a488cdd",
       "715186e9535f01d929dd51059ef64168"}};
  for (const auto& provider : providers()) {
    for (const AeadVector& v : vectors) expect_vector(*provider, v);
  }
}

// GMAC is GCM whose text is all associated data: the first case above says the same of an empty
// one.
TEST(Vectors, AesGmacNonceLayout) {
  const char* key = "feffe9928665731c6d6a8f9467308308";
  const ByteVec message = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const struct {
    crypto::SigningNonce nonce;
    const char* octets;
  } cases[] = {{{.message_id = 0x0123456789abcdef}, "efcdab896745230100000000"},
               {{.message_id = 7, .from_server = true}, "070000000000000001000000"},
               {{.message_id = 7, .cancel = true}, "070000000000000002000000"}};
  for (const auto& provider : providers()) {
    SCOPED_TRACE(provider->name());
    const auto gcm = provider->make_aead(Cipher::kAes128Gcm, hex(key));
    for (const auto& c : cases) {
      ByteVec tag(16);
      gcm->seal(hex(c.octets), message, std::span<const crypto::AeadPiece>(), tag);
      EXPECT_EQ(signature(*provider, SigningAlgorithm::kAes128Gmac, key, message, c.nonce),
                to_hex(tag));
    }
  }
}

}  // namespace
}  // namespace holdfast::platform
