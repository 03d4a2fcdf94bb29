// SPDX-License-Identifier: Apache-2.0
// Every provider gives the same answers as OpenSSL's plain path: random keys, sizes, contents, and
// cuts into pieces. Seeds are fixed; a failure prints the round it happened in.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "platform/crypto/make_provider.h"

namespace holdfast::platform {
namespace {

using crypto::AeadPiece;
using crypto::Cipher;
using crypto::SigningAlgorithm;
using Rng = std::mt19937_64;

constexpr SigningAlgorithm kSigning[] = {
    SigningAlgorithm::kHmacSha256, SigningAlgorithm::kAes128Cmac, SigningAlgorithm::kAes128Gmac};
constexpr Cipher kCiphers[] = {Cipher::kAes128Ccm, Cipher::kAes128Gcm, Cipher::kAes256Ccm,
                               Cipher::kAes256Gcm};
constexpr std::size_t kMaxSize = 70'000;

const auto& providers() {
  static const auto all = all_providers();
  return all;
}

ByteVec random_octets(Rng& rng, std::size_t size) {
  ByteVec out(size);
  for (auto& octet : out) octet = static_cast<std::uint8_t>(rng());
  return out;
}

/// Every size of a few blocks, then anything, with a liking for the edges of 64 KiB.
std::size_t size_of_round(Rng& rng, std::size_t round) {
  if (round < 100) return round;
  if (round % 7 == 0) return 65'530 + rng() % 12;
  return rng() % (round % 3 == 0 ? kMaxSize : 2'000);
}

/// Cuts [0, size) into pieces, some of them empty, some of them within a block.
std::vector<std::size_t> random_cuts(Rng& rng, std::size_t size) {
  std::vector<std::size_t> lengths;
  const std::size_t scale = 1 + rng() % 4;
  for (std::size_t at = 0; at < size;) {
    std::size_t length = scale == 1 ? rng() % 20 : scale == 2 ? 64 : rng() % (size + 1);
    length = std::min(length, size - at);
    lengths.push_back(length);
    at += length;
  }
  return lengths;
}

std::vector<Bytes> cut(Bytes octets, const std::vector<std::size_t>& lengths) {
  std::vector<Bytes> pieces;
  for (const std::size_t length : lengths) {
    pieces.push_back(octets.first(length));
    octets = octets.subspan(length);
  }
  return pieces;
}

std::vector<AeadPiece> cut(Bytes in, MutBytes out, const std::vector<std::size_t>& lengths) {
  std::vector<AeadPiece> pieces;
  for (const std::size_t length : lengths) {
    pieces.push_back(AeadPiece::move(in.first(length), out));
    in = in.subspan(length);
    out = out.subspan(length);
  }
  return pieces;
}

TEST(Agreement, Signatures) {
  Rng rng(1);
  for (std::size_t round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const ByteVec key = random_octets(rng, 1 + rng() % 16);
    const ByteVec message = random_octets(rng, size_of_round(rng, round));
    const auto lengths = random_cuts(rng, message.size());
    const crypto::SigningNonce nonce = {rng(), rng() % 2 == 0, rng() % 8 == 0};
    for (const SigningAlgorithm algorithm : kSigning) {
      const Bytes whole = message;
      crypto::Signature expected;
      providers()[0]->make_signer(algorithm, key)->sign(std::span(&whole, 1), nonce, expected);
      for (const auto& provider : providers()) {
        const auto signer = provider->make_signer(algorithm, key);
        EXPECT_EQ(signer->algorithm(), algorithm);
        for (int repeat = 0; repeat < 2; ++repeat) {
          crypto::Signature got;
          signer->sign(cut(message, lengths), nonce, got);
          ASSERT_EQ(got, expected) << provider->name() << " " << crypto::name(algorithm);
        }
      }
    }
  }
}

void expect_same_sealing(const crypto::Provider& provider, Cipher cipher, Bytes key, Bytes nonce,
                         Bytes aad, Bytes plain, const std::vector<std::size_t>& lengths,
                         Bytes expected, Bytes expected_tag) {
  const auto aead = provider.make_aead(cipher, key);
  ByteVec out(plain.size()), tag(16);
  aead->seal(nonce, aad, cut(plain, out, lengths), tag);
  ASSERT_TRUE(equal(out, expected));
  ASSERT_TRUE(equal(tag, expected_tag));

  ByteVec in_place = to_vec(plain);
  aead->seal(nonce, aad, cut(in_place, in_place, lengths), tag);
  ASSERT_TRUE(equal(in_place, expected));
  ASSERT_TRUE(equal(tag, expected_tag));

  ByteVec opened(plain.size());
  ASSERT_TRUE(aead->open(nonce, aad, cut(expected, opened, lengths), tag));
  ASSERT_TRUE(equal(opened, plain));
  ASSERT_TRUE(aead->open(nonce, aad, cut(in_place, in_place, lengths), tag));
  ASSERT_TRUE(equal(in_place, plain));
}

TEST(Agreement, Sealing) {
  Rng rng(2);
  for (std::size_t round = 0; round < 250; ++round) {
    SCOPED_TRACE(round);
    const ByteVec plain = random_octets(rng, size_of_round(rng, round));
    const ByteVec aad = random_octets(rng, round % 4 == 0 ? rng() % 100 : 32);
    const auto lengths = random_cuts(rng, plain.size());
    for (const Cipher cipher : kCiphers) {
      SCOPED_TRACE(crypto::name(cipher));
      const ByteVec key = random_octets(rng, crypto::key_size(cipher));
      const ByteVec nonce = random_octets(rng, crypto::nonce_size(cipher));
      ByteVec expected = plain, expected_tag(16);
      providers()[0]->make_aead(cipher, key)->seal(nonce, aad, MutBytes(expected), expected_tag);
      for (const auto& provider : providers()) {
        SCOPED_TRACE(provider->name());
        expect_same_sealing(*provider, cipher, key, nonce, aad, plain, lengths, expected,
                            expected_tag);
        expect_same_sealing(*provider, cipher, key, nonce, aad, plain, {plain.size()}, expected,
                            expected_tag);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// CCM codes the length of associated data of 65,280 octets and more in another way.
TEST(Agreement, LongAssociatedData) {
  Rng rng(3);
  for (const std::size_t size : {65'279u, 65'280u, 70'000u}) {
    const ByteVec aad = random_octets(rng, size), plain = random_octets(rng, 100);
    for (const Cipher cipher : kCiphers) {
      const ByteVec key = random_octets(rng, crypto::key_size(cipher));
      const ByteVec nonce = random_octets(rng, crypto::nonce_size(cipher));
      ByteVec expected = plain, tag(16);
      providers()[0]->make_aead(cipher, key)->seal(nonce, aad, MutBytes(expected), tag);
      for (const auto& provider : providers()) {
        SCOPED_TRACE(provider->name());
        expect_same_sealing(*provider, cipher, key, nonce, aad, plain, {1, 50, 49}, expected, tag);
      }
    }
  }
}

void expect_refused(const crypto::Aead& aead, Bytes nonce, Bytes aad, Bytes sealed, Bytes tag,
                    const std::vector<std::size_t>& lengths) {
  ByteVec out(sealed.size(), 0xee);
  EXPECT_FALSE(aead.open(nonce, aad, cut(sealed, out, lengths), tag));
  EXPECT_EQ(out, ByteVec(sealed.size(), 0)) << "what was refused must not stay readable";
}

TEST(Agreement, AnyChangedBitIsRefused) {
  Rng rng(4);
  for (const auto& provider : providers()) {
    SCOPED_TRACE(provider->name());
    for (const Cipher cipher : kCiphers) {
      SCOPED_TRACE(crypto::name(cipher));
      const auto aead = provider->make_aead(cipher, random_octets(rng, crypto::key_size(cipher)));
      const ByteVec nonce = random_octets(rng, crypto::nonce_size(cipher));
      const ByteVec aad = random_octets(rng, 32);
      ByteVec sealed = random_octets(rng, 100), tag(16);
      const ByteVec plain = sealed;
      aead->seal(nonce, aad, MutBytes(sealed), tag);
      for (const auto& lengths : {std::vector<std::size_t>{100}, {64, 36}}) {
        for (std::size_t bit = 0; bit < 128; ++bit) {
          ByteVec wrong = tag;
          wrong[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
          expect_refused(*aead, nonce, aad, sealed, wrong, lengths);
        }
        for (int i = 0; i < 50; ++i) {
          ByteVec wrong = sealed;
          wrong[rng() % wrong.size()] ^= static_cast<std::uint8_t>(1u << rng() % 8);
          expect_refused(*aead, nonce, aad, wrong, tag, lengths);
          wrong = aad;
          wrong[rng() % wrong.size()] ^= static_cast<std::uint8_t>(1u << rng() % 8);
          expect_refused(*aead, nonce, wrong, sealed, tag, lengths);
          wrong = nonce;
          wrong[rng() % wrong.size()] ^= static_cast<std::uint8_t>(1u << rng() % 8);
          expect_refused(*aead, wrong, aad, sealed, tag, lengths);
        }
        // A refusal leaves nothing behind in the keyed object.
        ByteVec opened(sealed.size());
        EXPECT_TRUE(aead->open(nonce, aad, cut(sealed, opened, lengths), tag));
        EXPECT_EQ(opened, plain);
      }
    }
  }
}

TEST(Agreement, ABatchIsWhatItsMessagesAre) {
  Rng rng(5);
  for (const auto& provider : providers()) {
    SCOPED_TRACE(provider->name());
    std::vector<std::unique_ptr<crypto::Signer>> signers;
    for (int i = 0; i < 5; ++i) {
      const auto algorithm = i < 3 ? SigningAlgorithm::kAes128Cmac : kSigning[i % 3 == 0 ? 0 : 2];
      signers.push_back(provider->make_signer(algorithm, random_octets(rng, 16)));
    }
    for (std::size_t count = 0; count <= 60; ++count) {
      SCOPED_TRACE(count);
      std::vector<ByteVec> messages;
      std::vector<std::vector<Bytes>> pieces;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t limit = rng() % 5 == 0 ? 5'000 : 300;
        messages.push_back(random_octets(rng, rng() % limit));
        pieces.push_back(cut(messages.back(), random_cuts(rng, messages.back().size())));
      }
      std::vector<crypto::Signature> got(count);
      std::vector<crypto::SignJob> jobs;
      const bool only_cmac = count % 2 == 0;
      for (std::size_t i = 0; i < count; ++i) {
        const auto* signer = signers[rng() % (only_cmac ? 3 : signers.size())].get();
        jobs.push_back({signer, pieces[i], {.message_id = i}, &got[i]});
      }
      provider->sign_batch(jobs);
      for (std::size_t i = 0; i < count; ++i) {
        crypto::Signature expected;
        jobs[i].signer->sign(pieces[i], jobs[i].nonce, expected);
        ASSERT_EQ(got[i], expected) << i;
      }
    }
  }
}

/// Works with shared keyed objects on several threads; the results must not depend on it.
TEST(Agreement, KeyedObjectsAreShared) {
  constexpr int kThreads = 6;
  for (const auto& provider : providers()) {
    SCOPED_TRACE(provider->name());
    Rng rng(6);
    const ByteVec message = random_octets(rng, 5'000);
    const ByteVec aad = random_octets(rng, 32);
    const auto lengths = std::vector<std::size_t>{64, 4'936};
    std::vector<std::unique_ptr<crypto::Signer>> signers;
    std::vector<crypto::Signature> signatures;
    for (const SigningAlgorithm algorithm : kSigning) {
      signers.push_back(provider->make_signer(algorithm, random_octets(rng, 16)));
      signers.back()->sign(cut(message, lengths), {}, signatures.emplace_back());
    }
    std::vector<std::unique_ptr<crypto::Aead>> aeads;
    for (const Cipher cipher : kCiphers) {
      aeads.push_back(provider->make_aead(cipher, random_octets(rng, crypto::key_size(cipher))));
    }
    std::vector<int> failures(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < 60; ++i) {
          for (std::size_t s = 0; s < signers.size(); ++s) {
            crypto::Signature got;
            signers[s]->sign(cut(message, lengths), {}, got);
            failures[t] += got != signatures[s];
          }
          for (const auto& aead : aeads) {
            const ByteVec nonce(crypto::nonce_size(aead->cipher()), static_cast<std::uint8_t>(t));
            ByteVec text = message, tag(16);
            const auto shape = i % 2 == 0 ? lengths : std::vector<std::size_t>{5'000};
            aead->seal(nonce, aad, cut(text, text, shape), tag);
            const bool opened = aead->open(nonce, aad, cut(text, text, shape), tag);
            failures[t] += !opened || text != message;
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(failures, std::vector<int>(kThreads));
  }
}

TEST(MakeProvider, Choices) {
  EXPECT_EQ(make_provider("openssl")->name(), "openssl");
  EXPECT_TRUE(make_provider("auto")->name().ends_with("openssl"));
  EXPECT_EQ(make_provider("fastest"), nullptr);
}

}  // namespace
}  // namespace holdfast::platform
