// SPDX-License-Identifier: Apache-2.0
#include "platform/random/system_random.h"

#include <pthread.h>
#include <sys/random.h>

#include <atomic>
#include <cerrno>

#include "base/assert.h"

namespace holdfast::platform {
namespace {

constexpr std::size_t kFetchedAhead = 512;

/// Grows in each child of a fork, so that parent and child never hand out the same octets.
std::atomic<std::uint64_t> fork_generation{1};

struct ThreadBuffer {
  std::uint8_t octets[kFetchedAhead];
  std::size_t left = 0;
  std::uint64_t generation = 0;
  ~ThreadBuffer() { explicit_bzero(octets, sizeof octets); }
};

void fetch(MutBytes out) {
  while (!out.empty()) {
    ssize_t n = ::getrandom(out.data(), out.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    HF_ASSERT(n > 0);
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace

void SystemRandom::fill(MutBytes out) {
  static const int registered =
      ::pthread_atfork(nullptr, nullptr, [] { fork_generation.fetch_add(1); });
  HF_ASSERT(registered == 0);
  thread_local ThreadBuffer buffer;
  if (out.size() > kFetchedAhead / 4) return fetch(out);
  std::uint64_t generation = fork_generation.load(std::memory_order_relaxed);
  if (buffer.left < out.size() || buffer.generation != generation) {
    fetch(buffer.octets);
    buffer.left = kFetchedAhead;
    buffer.generation = generation;
  }
  if (out.empty()) return;
  std::uint8_t* from = buffer.octets + kFetchedAhead - buffer.left;
  std::memcpy(out.data(), from, out.size());
  explicit_bzero(from, out.size());
  buffer.left -= out.size();
}

}  // namespace holdfast::platform
