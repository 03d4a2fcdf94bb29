// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "crypto/types.h"

namespace holdfast::platform {

inline constexpr std::size_t kAesBlock = 16;
inline constexpr std::size_t kAes128RoundKeys = 11;
/// Messages side by side at most.
inline constexpr std::size_t kMaxCmacLanes = 16;

/// An expanded AES-128 key and the two subkeys of RFC 4493 2.3.
struct CmacKey {
  alignas(64) std::array<std::array<std::uint8_t, kAesBlock>, kAes128RoundKeys> round_keys;
  std::array<std::uint8_t, kAesBlock> k1, k2;
};

/// A message as runs of whole blocks that lie in one place. The last block of a message (padded and
/// masked, RFC 4493 2.4) and blocks across two pieces are put together in `carry_`.
class CmacRun {
 public:
  CmacRun() = default;
  CmacRun(const CmacRun&) = delete;
  CmacRun& operator=(const CmacRun&) = delete;
  void start(const CmacKey& key, std::span<const Bytes> pieces);
  /// Finds the next run. False: the message is finished.
  bool next();
  const std::uint8_t* data() const { return data_; }
  std::size_t blocks() const { return blocks_; }
  /// Takes n blocks, n <= blocks(), off the run.
  void advance(std::size_t n) {
    data_ += n * kAesBlock;
    blocks_ -= n;
  }

 private:
  void skip_empty();
  std::size_t gather(std::size_t wanted);

  const CmacKey* key_ = nullptr;
  std::span<const Bytes> pieces_;  // those not begun
  Bytes rest_;                     // of the one begun
  std::size_t left_ = 0;
  bool last_done_ = false;
  const std::uint8_t* data_ = nullptr;
  std::size_t blocks_ = 0;
  alignas(16) std::array<std::uint8_t, kAesBlock> carry_;
};

/// State of the lanes as the kernels want it: 16 states, and the round keys of all lanes by round.
struct alignas(64) CmacLanes {
  std::array<std::array<std::uint8_t, kAesBlock>, kMaxCmacLanes> state;
  std::array<std::array<std::array<std::uint8_t, kAesBlock>, kMaxCmacLanes>, kAes128RoundKeys> keys;
  std::array<const std::uint8_t*, kMaxCmacLanes> data;
};

/// Runs `blocks` blocks through the first lanes.
using CmacLanesKernel = void (*)(CmacLanes& lanes, std::size_t blocks);

/// What this CPU can do; no kernel if it lacks AES-NI.
struct CmacKernels {
  CmacLanesKernel four = nullptr;
  CmacLanesKernel eight = nullptr;
  CmacLanesKernel sixteen = nullptr;
  const char* name = "";
  bool usable() const { return four != nullptr; }
};
CmacKernels probe_cmac_kernels();
/// Without VAES, whatever the CPU has, for tests and comparison.
CmacKernels aesni_cmac_kernels();

/// key: 16 octets.
void expand_cmac_key(const std::uint8_t* key, CmacKey& out);
/// One message: state = AES(state ^ block) for each block.
void cmac_blocks(const CmacKey& key, std::uint8_t* state, const std::uint8_t* data,
                 std::size_t blocks);

}  // namespace holdfast::platform
