// SPDX-License-Identifier: Apache-2.0
#include "platform/random/system_random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <set>
#include <thread>

namespace holdfast::platform {
namespace {

TEST(SystemRandom, NeverRepeatsOverThreadsAndSizes) {
  SystemRandom random;
  std::mutex mutex;
  std::set<std::uint64_t> seen;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        std::uint64_t value = random.u64();
        std::lock_guard lock(mutex);
        EXPECT_TRUE(seen.insert(value).second);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(SystemRandom, FillsEverySizeWhole) {
  SystemRandom random;
  for (std::size_t size : {0u, 1u, 3u, 16u, 127u, 128u, 129u, 600u, 5'000u}) {
    ByteVec all_set(size);
    // An octet that stays zero in twelve fills was not written (2^-96 otherwise).
    for (int i = 0; i < 12; ++i) {
      ByteVec octets(size + 1);
      random.fill(MutBytes(octets).first(size));
      for (std::size_t k = 0; k < size; ++k) all_set[k] |= octets[k];
      EXPECT_EQ(octets[size], 0);
    }
    for (std::uint8_t octet : all_set) EXPECT_NE(octet, 0) << size;
  }
}

TEST(SystemRandom, AChildOfAForkGetsOthers) {
  SystemRandom random;
  random.u64();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    std::uint64_t value = random.u64();
    _exit(write(ends[1], &value, 8) == 8 ? 0 : 1);
  }
  std::uint64_t theirs = 0;
  ASSERT_EQ(read(ends[0], &theirs, 8), 8);
  EXPECT_NE(theirs, random.u64());
  waitpid(child, nullptr, 0);
  close(ends[0]), close(ends[1]);
}

}  // namespace
}  // namespace holdfast::platform
