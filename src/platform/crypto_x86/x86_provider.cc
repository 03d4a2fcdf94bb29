// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto_x86/x86_provider.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/assert.h"
#include "platform/crypto_x86/cmac.h"

namespace holdfast::platform {
namespace {

using crypto::SigningAlgorithm;
using crypto::SignJob;

class CmacSigner final : public crypto::Signer {
 public:
  explicit CmacSigner(Bytes key) {
    HF_ASSERT(key.size() <= crypto::kSigningKeySize);
    std::array<std::uint8_t, crypto::kSigningKeySize> padded{};
    if (!key.empty()) std::memcpy(padded.data(), key.data(), key.size());
    expand_cmac_key(padded.data(), key_);
    explicit_bzero(padded.data(), padded.size());
  }
  CmacSigner(const CmacSigner&) = delete;
  CmacSigner& operator=(const CmacSigner&) = delete;
  ~CmacSigner() override { explicit_bzero(&key_, sizeof key_); }

  SigningAlgorithm algorithm() const override { return SigningAlgorithm::kAes128Cmac; }
  const CmacKey& key() const { return key_; }

  void sign(std::span<const Bytes> pieces, const crypto::SigningNonce&,
            crypto::Signature& out) const override {
    out.fill(0);
    CmacRun run;
    run.start(key_, pieces);
    while (run.next()) cmac_blocks(key_, out.data(), run.data(), run.blocks());
  }

 private:
  CmacKey key_;
};

/// Drives the lanes: fills each with a message, runs all by what the shortest run allows, and
/// refills the lane whose message ended.
class LaneScheduler {
 public:
  LaneScheduler(const CmacKernels& kernels, std::span<const SignJob> jobs)
      : kernels_(kernels), jobs_(jobs) {
    for (std::size_t i = 0; i < runs_.size(); ++i) run_[i] = &runs_[i];
    touched_ = std::min(jobs.size(), width()) <= 4 ? 4 : kMaxCmacLanes;
    clear_lanes();
  }
  LaneScheduler(const LaneScheduler&) = delete;
  LaneScheduler& operator=(const LaneScheduler&) = delete;
  /// Round keys do not stay on the stack.
  ~LaneScheduler() { clear_lanes(); }

  void run() {
    while (fill()) {
      if (active_ == 1) {
        finish_single();
        continue;
      }
      const std::size_t blocks = shortest_run();
      step(blocks);
      for (std::size_t lane = active_; lane-- > 0;) advance(lane, blocks);
    }
  }

 private:
  /// Only the lanes that this batch can use: clearing all would cost more than signing a small one.
  void clear_lanes() {
    if (touched_ == 4) {
      clear<4>();
    } else {
      clear<kMaxCmacLanes>();
    }
  }

  template <std::size_t kLanes>
  void clear() {
    std::memset(lanes_.state.data(), 0, kLanes * kAesBlock);
    for (auto& round : lanes_.keys) std::memset(round.data(), 0, kLanes * kAesBlock);
    // Keeps the compiler from leaving out what nobody reads any more.
    asm volatile("" : : "r"(&lanes_) : "memory");
  }

  std::size_t width() const {
    return kernels_.sixteen != nullptr ? 16 : kernels_.eight != nullptr ? 8 : 4;
  }

  /// Gives free lanes a message. False: nothing is left to do.
  bool fill() {
    while (active_ < width() && next_job_ < jobs_.size()) {
      const SignJob& job = jobs_[next_job_++];
      if (job.signer->algorithm() != SigningAlgorithm::kAes128Cmac) {
        job.signer->sign(job.pieces, job.nonce, *job.out);
        continue;
      }
      const CmacKey& key = static_cast<const CmacSigner*>(job.signer)->key();
      job_[active_] = &job;
      run_[active_]->start(key, job.pieces);
      HF_ASSERT(run_[active_]->next());
      lanes_.state[active_].fill(0);
      for (std::size_t r = 0; r < kAes128RoundKeys; ++r) {
        lanes_.keys[r][active_] = key.round_keys[r];
      }
      ++active_;
    }
    return active_ != 0;
  }

  std::size_t shortest_run() const {
    std::size_t blocks = run_[0]->blocks();
    for (std::size_t i = 1; i < active_; ++i) blocks = std::min(blocks, run_[i]->blocks());
    return blocks;
  }

  void step(std::size_t blocks) {
    const bool four = active_ <= 4, eight = active_ <= 8;
    const std::size_t used = four ? 4 : eight && kernels_.eight != nullptr ? 8 : width();
    for (std::size_t i = 0; i < active_; ++i) lanes_.data[i] = run_[i]->data();
    // Idle lanes compute something that nobody reads.
    for (std::size_t i = active_; i < used; ++i) lanes_.data[i] = run_[0]->data();
    const CmacLanesKernel kernel = used == 4   ? kernels_.four
                                   : used == 8 ? kernels_.eight
                                               : kernels_.sixteen;
    kernel(lanes_, blocks);
  }

  void advance(std::size_t lane, std::size_t blocks) {
    run_[lane]->advance(blocks);
    if (run_[lane]->blocks() != 0 || run_[lane]->next()) return;
    *job_[lane]->out = lanes_.state[lane];
    remove(lane);
  }

  /// The last lane moves into the free place.
  void remove(std::size_t lane) {
    --active_;
    if (lane == active_) return;
    job_[lane] = job_[active_];
    std::swap(run_[lane], run_[active_]);
    lanes_.state[lane] = lanes_.state[active_];
    for (std::size_t r = 0; r < kAes128RoundKeys; ++r) {
      lanes_.keys[r][lane] = lanes_.keys[r][active_];
    }
  }

  void finish_single() {
    const CmacKey& key = static_cast<const CmacSigner*>(job_[0]->signer)->key();
    do {
      cmac_blocks(key, lanes_.state[0].data(), run_[0]->data(), run_[0]->blocks());
    } while (run_[0]->next());
    *job_[0]->out = lanes_.state[0];
    active_ = 0;
  }

  const CmacKernels& kernels_;
  std::span<const SignJob> jobs_;
  std::size_t next_job_ = 0;
  std::size_t active_ = 0;
  std::size_t touched_;
  CmacLanes lanes_;
  std::array<CmacRun, kMaxCmacLanes> runs_;
  std::array<CmacRun*, kMaxCmacLanes> run_;  // by lane; a run cannot be moved
  std::array<const SignJob*, kMaxCmacLanes> job_{};
};

class X86Provider final : public crypto::Provider {
 public:
  X86Provider(CmacKernels kernels, std::unique_ptr<crypto::Provider> next)
      : kernels_(kernels),
        next_(std::move(next)),
        name_(std::string("cmac-") + kernels.name + "+" + std::string(next_->name())) {}

  std::string_view name() const override { return name_; }

  std::unique_ptr<crypto::Signer> make_signer(SigningAlgorithm algorithm,
                                              Bytes key) const override {
    if (algorithm == SigningAlgorithm::kAes128Cmac) return std::make_unique<CmacSigner>(key);
    return next_->make_signer(algorithm, key);
  }
  std::unique_ptr<crypto::Aead> make_aead(crypto::Cipher cipher, Bytes key) const override {
    return next_->make_aead(cipher, key);
  }
  void sign_batch(std::span<const SignJob> jobs) const override {
    if (jobs.size() < 2) {
      for (const SignJob& job : jobs) job.signer->sign(job.pieces, job.nonce, *job.out);
      return;
    }
    LaneScheduler(kernels_, jobs).run();
  }
  void sha256(std::span<const Bytes> pieces, MutBytes out) const override {
    next_->sha256(pieces, out);
  }
  void sha512(std::span<const Bytes> pieces, MutBytes out) const override {
    next_->sha512(pieces, out);
  }
  void hmac_sha256(Bytes key, std::span<const Bytes> pieces, MutBytes out) const override {
    next_->hmac_sha256(key, pieces, out);
  }

 private:
  CmacKernels kernels_;
  std::unique_ptr<crypto::Provider> next_;
  std::string name_;
};

}  // namespace

std::unique_ptr<crypto::Provider> make_x86_provider(std::unique_ptr<crypto::Provider>& next,
                                                    bool allow_vaes) {
  const CmacKernels kernels = allow_vaes ? probe_cmac_kernels() : aesni_cmac_kernels();
  if (!kernels.usable()) return nullptr;
  return std::make_unique<X86Provider>(kernels, std::move(next));
}

}  // namespace holdfast::platform
