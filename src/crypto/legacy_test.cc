// SPDX-License-Identifier: Apache-2.0
#include "crypto/legacy.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/test_hex.h"

namespace holdfast::crypto {
namespace {

const char kAlphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const char kDigits[] =
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890";

TEST(Md4, Rfc1320) {
  EXPECT_EQ(to_hex(md4(as_bytes(""))), "31d6cfe0d16ae931b73c59d7e0c089c0");
  EXPECT_EQ(to_hex(md4(as_bytes("a"))), "bde52cb31de33e46245e05fbdbd6fb24");
  EXPECT_EQ(to_hex(md4(as_bytes("abc"))), "a448017aaf21d8525fc10ae87aa6729d");
  EXPECT_EQ(to_hex(md4(as_bytes("message digest"))), "d9130a8164549fe818874806e1c7014b");
  EXPECT_EQ(to_hex(md4(as_bytes("abcdefghijklmnopqrstuvwxyz"))),
            "d79e1c308aa5bbcdeea8ed63df412da9");
  EXPECT_EQ(to_hex(md4(as_bytes(kAlphanumeric))), "043f8582f241db351ce627e153e7f0e4");
  EXPECT_EQ(to_hex(md4(as_bytes(kDigits))), "e33b4ddc9c38f2199c3e7b164fcc0536");
}

TEST(Md5, Rfc1321) {
  EXPECT_EQ(to_hex(md5(as_bytes(""))), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(to_hex(md5(as_bytes("a"))), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(to_hex(md5(as_bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(md5(as_bytes("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(to_hex(md5(as_bytes("abcdefghijklmnopqrstuvwxyz"))),
            "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(to_hex(md5(as_bytes(kAlphanumeric))), "d174ab98d277d9f5a5611c2c9f419d9f");
  EXPECT_EQ(to_hex(md5(as_bytes(kDigits))), "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(HmacMd5, Rfc2202) {
  EXPECT_EQ(to_hex(hmac_md5(ByteVec(16, 0x0b), as_bytes("Hi There"))),
            "9294727a3638bb1c13f48ef8158bfc9d");
  EXPECT_EQ(to_hex(hmac_md5(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "750c783e6ab0b503eaa86e310a5db738");
  EXPECT_EQ(to_hex(hmac_md5(ByteVec(16, 0xaa), ByteVec(50, 0xdd))),
            "56be34521d144c88dbb8c733f0e8b3f6");
  EXPECT_EQ(to_hex(hmac_md5(ByteVec(80, 0xaa),
                            as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
  EXPECT_EQ(to_hex(hmac_md5(as_bytes("Jefe"), {as_bytes("what do ya "), as_bytes(""),
                                               as_bytes("want for nothing?")})),
            "750c783e6ab0b503eaa86e310a5db738");
}

TEST(Md5, PiecesAreTheirConcatenation) {
  const ByteVec whole(300, 0x5a);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Bytes octets = Bytes(whole).first(size);
    const std::size_t cut = size / 3;
    EXPECT_EQ(md5({octets.first(cut), octets.subspan(cut)}), md5(octets));
    const Bytes pieces[] = {octets.first(cut), octets.subspan(cut)};
    EXPECT_EQ(md4(pieces), md4(octets));
  }
}

std::string key_stream(const char* key, std::size_t offset) {
  Rc4 rc4(hex(key));
  ByteVec stream(offset + 16);
  rc4.apply(stream, stream);
  return to_hex(Bytes(stream).subspan(offset));
}

TEST(Rc4, Rfc6229) {
  EXPECT_EQ(key_stream("0102030405", 0), "b2396305f03dc027ccc3524a0a1118a8");
  EXPECT_EQ(key_stream("0102030405", 16), "6982944f18fc82d589c403a47a0d0919");
  EXPECT_EQ(key_stream("0102030405", 4096), "ff25b58995996707e51fbdf08b34d875");
  EXPECT_EQ(key_stream("0102030405060708090a0b0c0d0e0f10", 0), "9ac7cc9a609d1ef7b2932899cde41b97");
  EXPECT_EQ(key_stream("0102030405060708090a0b0c0d0e0f10", 4096),
            "a36a4c301ae8ac13610ccbc12256cacc");
}

TEST(Rc4, GoesOnWhereItStopped) {
  Rc4 whole(as_bytes("Key")), parts(as_bytes("Key"));
  ByteVec a(100, 1), b(100, 1);
  whole.apply(a, a);
  parts.apply(Bytes(b).first(37), MutBytes(b).first(37));
  parts.apply(Bytes(b).subspan(37), MutBytes(b).subspan(37));
  EXPECT_EQ(a, b);
}

// MS-NLMP 4.2.2.1.2 (NTOWFv1 of "Password") and 4.2.4.1.1 (NTOWFv2 of User, Domain).
TEST(Ntlm, HashesOfTheSpecification) {
  const ByteVec password = hex("500061007300730077006f0072006400");
  const Digest16 nt_hash = md4(Bytes(password));
  EXPECT_EQ(to_hex(nt_hash), "a4f49c406510bdcab6824ee7c30fd852");
  const ByteVec user_domain = hex("550053004500520044006f006d00610069006e00");
  EXPECT_EQ(to_hex(hmac_md5(nt_hash, Bytes(user_domain))), "0c868a403bfd7a93a3001ef22ef02e3f");
}

}  // namespace
}  // namespace holdfast::crypto
