// SPDX-License-Identifier: Apache-2.0
#include "core/connection/negotiation.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

namespace smb2 = wire::smb2;

struct Offer {
  smb2::NegotiateRequest request;
  std::vector<ByteVec> storage;

  Offer() { storage.reserve(8); }
  template <class T>
  void add(smb2::NegotiateContextType type, const T& value) {
    Buffer octets;
    Writer writer(octets);
    encode(value, writer);
    storage.push_back(to_vec(octets));
    request.negotiate_contexts.push_back({type, storage.back()});
  }
  void preauth() {
    add(smb2::NegotiateContextType::kPreauthIntegrityCapabilities,
        smb2::PreauthIntegrityCapabilities{{smb2::kHashSha512}, {}});
  }
};

TEST(Negotiation, TakesTheGreatestCommonDialect) {
  Policy policy;
  smb2::NegotiateRequest request;
  request.dialects = {smb2::Dialect::kSmb202, smb2::Dialect::kSmb302, smb2::Dialect::kSmb210};
  EXPECT_EQ(negotiate(request, policy)->dialect, smb2::Dialect::kSmb302);
  policy.max_dialect = smb2::Dialect::kSmb210;
  EXPECT_EQ(negotiate(request, policy)->dialect, smb2::Dialect::kSmb210);
  policy.min_dialect = policy.max_dialect = smb2::Dialect::kSmb311;
  EXPECT_EQ(negotiate(request, policy).error(), NtStatus::kNotSupported);
  request.dialects.clear();
  EXPECT_EQ(negotiate(request, policy).error(), NtStatus::kInvalidParameter);
}

TEST(Negotiation, Dialect311WantsItsContexts) {
  Policy policy;
  Offer none;
  none.request.dialects = {smb2::Dialect::kSmb311};
  EXPECT_EQ(negotiate(none.request, policy).error(), NtStatus::kInvalidParameter);
  Offer two;
  two.request.dialects = {smb2::Dialect::kSmb311};
  two.preauth();
  two.preauth();
  EXPECT_EQ(negotiate(two.request, policy).error(), NtStatus::kInvalidParameter);
  Offer other_hash;
  other_hash.request.dialects = {smb2::Dialect::kSmb311};
  other_hash.add(smb2::NegotiateContextType::kPreauthIntegrityCapabilities,
                 smb2::PreauthIntegrityCapabilities{{0x7777}, {}});
  EXPECT_EQ(negotiate(other_hash.request, policy).error(),
            NtStatus::kSmbNoPreauthIntegrityHashOverlap);
}

TEST(Negotiation, PrefersWhatTheServerPrefers) {
  Policy policy;
  Offer offer;
  offer.request.dialects = {smb2::Dialect::kSmb311};
  offer.preauth();
  offer.add(smb2::NegotiateContextType::kEncryptionCapabilities,
            smb2::EncryptionCapabilities{{smb2::Cipher::kAes256Ccm, smb2::Cipher::kAes128Gcm}});
  offer.add(smb2::NegotiateContextType::kSigningCapabilities,
            smb2::SigningCapabilities{
                {smb2::SigningAlgorithm::kHmacSha256, smb2::SigningAlgorithm::kAesGmac}});
  auto agreed = negotiate(offer.request, policy);
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->cipher, smb2::Cipher::kAes128Gcm);
  EXPECT_EQ(agreed->signing, smb2::SigningAlgorithm::kAesGmac);
  policy.encryption = Requirement::kOff;
  agreed = negotiate(offer.request, policy);
  EXPECT_FALSE(agreed->can_encrypt());
  // go-smb2 takes cipher 0 for a server that makes no sense.
  EXPECT_FALSE(agreed->sent_encryption_context);
}

TEST(Negotiation, OldDialectsHaveTheirLimits) {
  Policy policy;
  smb2::NegotiateRequest request;
  request.capabilities = smb2::GlobalCap::kEncryption;
  request.dialects = {smb2::Dialect::kSmb202};
  auto agreed = negotiate(request, policy);
  EXPECT_FALSE(agreed->multi_credit());
  EXPECT_EQ(agreed->max_transact, limits::kMaxSmallTransactSize);
  EXPECT_FALSE(agreed->can_encrypt());
  request.dialects = {smb2::Dialect::kSmb300};
  agreed = negotiate(request, policy);
  EXPECT_EQ(agreed->cipher, smb2::Cipher::kAes128Ccm);
  EXPECT_EQ(agreed->max_transact, limits::kMaxTransactSize);
}

TEST(Negotiation, MultiProtocol) {
  Policy policy;
  smb2::Smb1NegotiateRequest request;
  request.dialects = {"NT LM 0.12"};
  EXPECT_EQ(negotiate_smb1(request, policy).error(), NtStatus::kNotSupported);
  request.dialects.push_back("SMB 2.002");
  EXPECT_EQ(negotiate_smb1(request, policy)->dialect, smb2::Dialect::kSmb202);
  request.dialects.push_back("SMB 2.???");
  EXPECT_EQ(negotiate_smb1(request, policy)->dialect, smb2::Dialect::kSmb2Wildcard);
  policy.min_dialect = smb2::Dialect::kSmb300;
  EXPECT_EQ(negotiate_smb1(request, policy)->dialect, smb2::Dialect::kSmb2Wildcard);
}

TEST(Negotiation, Compression) {
  using smb2::CompressionAlgorithm;
  auto offer = [](std::uint32_t flags, std::vector<CompressionAlgorithm> algorithms) {
    Offer made;
    made.request.dialects = {smb2::Dialect::kSmb311};
    made.preauth();
    made.add(smb2::NegotiateContextType::kCompressionCapabilities,
             smb2::CompressionCapabilities{flags, std::move(algorithms)});
    return made;
  };
  Policy policy;
  // Chained: all that is common, in the client's order.
  Offer windows = offer(1, {CompressionAlgorithm::kPatternV1, CompressionAlgorithm::kLz77,
                            static_cast<CompressionAlgorithm>(77), CompressionAlgorithm::kLznt1});
  auto agreed = negotiate(windows.request, policy);
  ASSERT_TRUE(agreed.has_value());
  EXPECT_TRUE(agreed->compression.chained);
  EXPECT_EQ(agreed->compression.algorithms,
            (std::vector{CompressionAlgorithm::kPatternV1, CompressionAlgorithm::kLz77,
                         CompressionAlgorithm::kLznt1}));
  // Not chained: the first one.
  Offer plain = offer(0, {CompressionAlgorithm::kPatternV1, CompressionAlgorithm::kLz77Huffman,
                          CompressionAlgorithm::kLz77});
  agreed = negotiate(plain.request, policy);
  EXPECT_FALSE(agreed->compression.chained);
  EXPECT_EQ(agreed->compression.algorithms, std::vector{CompressionAlgorithm::kLz77Huffman});
  // Nothing common is answered with NONE.
  Offer strange = offer(0, {static_cast<CompressionAlgorithm>(9)});
  agreed = negotiate(strange.request, policy);
  EXPECT_TRUE(agreed->sent_compression_context);
  EXPECT_TRUE(agreed->compression.algorithms.empty());
  NegotiateAnswer answer;
  answer_negotiate(*agreed, policy, {}, {}, {}, answer);
  smb2::CompressionCapabilities said;
  ASSERT_TRUE(decode(answer.compression, said));
  EXPECT_EQ(said.compression_algorithms, std::vector{CompressionAlgorithm::kNone});
  Offer none = offer(0, {});
  EXPECT_EQ(negotiate(none.request, policy).error(), NtStatus::kInvalidParameter);
  policy.compression_algorithms.clear();
  agreed = negotiate(windows.request, policy);
  EXPECT_FALSE(agreed->sent_compression_context);
  EXPECT_TRUE(agreed->compression.algorithms.empty());
}

TEST(Negotiation, AnnouncesChannelsToWhoAsksForThem) {
  Policy policy;
  smb2::NegotiateRequest request;
  request.capabilities = smb2::GlobalCap::kMultiChannel;
  auto announced = [&] {
    return (negotiate(request, policy)->server_capabilities & smb2::GlobalCap::kMultiChannel) != 0;
  };
  request.dialects = {smb2::Dialect::kSmb210};
  EXPECT_FALSE(announced());
  request.dialects = {smb2::Dialect::kSmb300};
  EXPECT_TRUE(announced());
  policy.multichannel = false;
  EXPECT_FALSE(announced());
  policy.multichannel = true;
  request.capabilities = 0;
  EXPECT_FALSE(announced());
}

/// The answers of Windows servers, as MS-SMB2 3.3.5.5 leaves them open where the algorithms differ.
TEST(Negotiation, WhichSessionAConnectionMayBeBoundTo) {
  constexpr auto kGmac = smb2::SigningAlgorithm::kAesGmac;
  constexpr auto kCmac = smb2::SigningAlgorithm::kAesCmac;
  constexpr auto kHmac = smb2::SigningAlgorithm::kHmacSha256;
  struct Side {
    std::uint16_t dialect;
    smb2::SigningAlgorithm signing;
    smb2::Cipher cipher = smb2::Cipher::kAes128Gcm;
  };
  auto bind = [](Side to, Side from, bool multichannel = true) {
    Policy policy;
    policy.multichannel = multichannel;
    Negotiated agreed;
    agreed.dialect = from.dialect;
    agreed.signing = from.signing;
    agreed.cipher = from.cipher;
    Session session;
    session.dialect = to.dialect;
    session.signing = to.signing;
    session.cipher = to.cipher;
    return check_binding(agreed, policy, session);
  };
  const Side g{smb2::Dialect::kSmb311, kGmac}, c{smb2::Dialect::kSmb311, kCmac},
      h{smb2::Dialect::kSmb311, kHmac}, old{smb2::Dialect::kSmb210, kHmac, smb2::Cipher::kNone},
      three{smb2::Dialect::kSmb302, kCmac},
      ccm{smb2::Dialect::kSmb311, kGmac, smb2::Cipher::kAes128Ccm};
  EXPECT_EQ(bind(g, g), NtStatus::kSuccess);
  EXPECT_EQ(bind(c, h), NtStatus::kSuccess);
  EXPECT_EQ(bind(h, c), NtStatus::kSuccess);
  EXPECT_EQ(bind(g, c), NtStatus::kRequestOutOfSequence);
  EXPECT_EQ(bind(g, old), NtStatus::kRequestOutOfSequence);
  EXPECT_EQ(bind(g, three), NtStatus::kRequestOutOfSequence);
  EXPECT_EQ(bind(c, g), NtStatus::kNotSupported);
  EXPECT_EQ(bind(old, g), NtStatus::kNotSupported);
  EXPECT_EQ(bind(three, g), NtStatus::kNotSupported);
  EXPECT_EQ(bind(g, ccm), NtStatus::kInvalidParameter);
  EXPECT_EQ(bind(three, c), NtStatus::kInvalidParameter);
  EXPECT_EQ(bind(old, c), NtStatus::kInvalidParameter);
  EXPECT_EQ(bind(old, old), NtStatus::kRequestNotAccepted);
  EXPECT_EQ(bind(c, old), NtStatus::kRequestNotAccepted);
  EXPECT_EQ(bind(g, g, false), NtStatus::kRequestNotAccepted);
}

}  // namespace
}  // namespace holdfast::core
