// SPDX-License-Identifier: Apache-2.0
// Signing and sealing by algorithm, provider and size: messages of one piece, out of place where
// that is possible. "bytes_per_second" is of CPU time.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "crypto/key_derivation.h"
#include "platform/crypto/make_provider.h"

namespace {

using namespace holdfast;

constexpr std::size_t kSizes[] = {128, 4'096, 65'536, 1'048'576};

void sign(benchmark::State& state, const crypto::Provider& provider,
          crypto::SigningAlgorithm algorithm, std::size_t size) {
  const auto signer = provider.make_signer(algorithm, ByteVec(16, 1));
  const ByteVec message(size, 0x5a);
  const Bytes pieces[] = {Bytes(message).first(64), Bytes(message).subspan(64)};
  crypto::Signature out;
  std::uint64_t message_id = 0;
  for (auto _ : state) {
    signer->sign(pieces, {.message_id = ++message_id, .from_server = true}, out);
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * size));
}

void sign_batch(benchmark::State& state, const crypto::Provider& provider, std::size_t count,
                std::size_t size) {
  const auto signer = provider.make_signer(crypto::SigningAlgorithm::kAes128Cmac, ByteVec(16, 1));
  std::vector<ByteVec> messages(count, ByteVec(size, 0x5a));
  std::vector<Bytes> views(messages.begin(), messages.end());
  std::vector<crypto::Signature> out(count);
  std::vector<crypto::SignJob> jobs;
  for (std::size_t i = 0; i < count; ++i) {
    jobs.push_back({signer.get(), std::span(&views[i], 1), {}, &out[i]});
  }
  for (auto _ : state) {
    provider.sign_batch(jobs);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * count * size));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * count));
}

void seal(benchmark::State& state, const crypto::Provider& provider, crypto::Cipher cipher,
          std::size_t size, bool pieces_of_4k) {
  const auto aead = provider.make_aead(cipher, ByteVec(crypto::key_size(cipher), 1));
  const ByteVec text(size, 0x5a), aad(32, 2);
  ByteVec out(size), tag(16), nonce(crypto::nonce_size(cipher));
  std::vector<crypto::AeadPiece> pieces;
  for (std::size_t at = 0; at < size;) {
    const std::size_t n = pieces_of_4k ? std::min<std::size_t>(4'096, size - at) : size;
    pieces.push_back({text.data() + at, out.data() + at, n});
    at += n;
  }
  std::uint64_t count = 0;
  for (auto _ : state) {
    store_u64(nonce.data(), ++count);
    aead->seal(nonce, aad, pieces, tag);
    benchmark::DoNotOptimize(tag.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * size));
}

void open(benchmark::State& state, const crypto::Provider& provider, crypto::Cipher cipher,
          std::size_t size) {
  const auto aead = provider.make_aead(cipher, ByteVec(crypto::key_size(cipher), 1));
  const ByteVec aad(32, 2), nonce(crypto::nonce_size(cipher));
  ByteVec text(size, 0x5a), out(size), tag(16);
  aead->seal(nonce, aad, MutBytes(text), tag);
  const crypto::AeadPiece piece = crypto::AeadPiece::move(text, out);
  for (auto _ : state) {
    if (!aead->open(nonce, aad, std::span(&piece, 1), tag)) state.SkipWithError("wrong tag");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * size));
}

void keys(benchmark::State& state, const crypto::Provider& provider) {
  const ByteVec session_key(16, 1);
  for (auto _ : state) {
    const auto derived =
        crypto::derive_session_keys(provider, 0x0311, session_key, crypto::Cipher::kAes256Gcm, {});
    const auto signer =
        provider.make_signer(crypto::SigningAlgorithm::kAes128Gmac, derived.signing);
    const auto out = provider.make_aead(crypto::Cipher::kAes256Gcm, derived.encryption_key());
    const auto in = provider.make_aead(crypto::Cipher::kAes256Gcm, derived.decryption_key());
    benchmark::DoNotOptimize(signer.get());
  }
}

template <class Function>
void add(const crypto::Provider& provider, std::string_view what, std::string_view how,
         std::size_t size, Function run) {
  std::string label(what);
  if (!how.empty()) label += "/" + std::string(how);
  if (size != 0) label += "/" + std::to_string(size);
  label += "/" + std::string(provider.name());
  benchmark::RegisterBenchmark(label.c_str(), run);
}

void add_all(const crypto::Provider& provider) {
  const crypto::Provider* p = &provider;
  for (const std::size_t size : kSizes) {
    for (const auto algorithm :
         {crypto::SigningAlgorithm::kHmacSha256, crypto::SigningAlgorithm::kAes128Cmac,
          crypto::SigningAlgorithm::kAes128Gmac}) {
      add(provider, crypto::name(algorithm), "sign", size,
          [=](benchmark::State& s) { sign(s, *p, algorithm, size); });
    }
    for (const std::size_t count : {2, 4, 8, 16, 32}) {
      add(provider, "AES-128-CMAC", "batch" + std::to_string(count), size,
          [=](benchmark::State& s) { sign_batch(s, *p, count, size); });
    }
    for (const auto cipher : {crypto::Cipher::kAes128Ccm, crypto::Cipher::kAes128Gcm,
                              crypto::Cipher::kAes256Ccm, crypto::Cipher::kAes256Gcm}) {
      add(provider, crypto::name(cipher), "seal", size,
          [=](benchmark::State& s) { seal(s, *p, cipher, size, false); });
      add(provider, crypto::name(cipher), "open", size,
          [=](benchmark::State& s) { open(s, *p, cipher, size); });
      if (size > 4'096) {
        add(provider, crypto::name(cipher), "seal4k", size,
            [=](benchmark::State& s) { seal(s, *p, cipher, size, true); });
      }
    }
  }
  add(provider, "session-keys", "", 0, [=](benchmark::State& s) { keys(s, *p); });
}

}  // namespace

int main(int argc, char** argv) {
  const auto providers = platform::all_providers();
  for (const auto& provider : providers) add_all(*provider);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
