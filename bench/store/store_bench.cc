// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "platform/loop_group/loop_group.h"
#include "platform/random/system_random.h"
#include "platform/store_journal/journal_store.h"
#include "platform/store_journal/posix_disk.h"

/// Commits per second of the journal, with so many waiting at once. The folder is
/// HOLDFAST_BENCH_DIR (a disk), and /dev/shm for what the code itself costs.

using namespace holdfast;
using namespace holdfast::platform;

namespace {

/// An open's record is about this large.
constexpr std::size_t kValue = 300;

struct Round {
  std::mutex mutex;
  std::condition_variable ended;
  std::size_t running = 0;
  std::uint64_t left = 0;
};

Task<void> opens_and_closes(ports::StateStore& store, ports::Executor& loop, std::uint64_t number,
                            Round& round) {
  const ByteVec value(kValue, 0x5A);
  std::uint8_t key[8];
  store_u64(key, number);
  bool open = false;
  while (round.left != 0) {
    --round.left;
    (void)(open ? store.erase(2, key) : store.put(2, key, value));
    open = !open;
    if (auto done = co_await store.commit(loop); !done) std::abort();
  }
  std::lock_guard lock(round.mutex);
  if (--round.running == 0) round.ended.notify_one();
}

void commits(benchmark::State& state, const std::string& parent) {
  const std::string folder = parent + "/holdfast-store-bench";
  std::filesystem::create_directory(folder);
  SystemRandom random;
  auto disk = store::open_posix_disk(folder);
  if (!disk) return state.SkipWithError(disk.error().message.c_str());
  auto opened = store::JournalStore::open(std::move(*disk), {}, random, nullptr);
  if (!opened) return state.SkipWithError(opened.error().message.c_str());
  LoopGroupOptions options;
  options.loops = 1;
  options.kind = LoopKind::kEpoll;
  auto group = LoopGroup::start(options);
  if (!group) return state.SkipWithError(group.error().c_str());
  const auto waiting = static_cast<std::size_t>(state.range(0));
  std::uint64_t done = 0;
  for (auto _ : state) {
    Round round;
    round.left = 20 * waiting;
    round.running = waiting;
    done += round.left;
    ports::Executor& loop = (*group)->loop(0);
    loop.post([&] {
      for (std::size_t i = 0; i < waiting; ++i) spawn(opens_and_closes(**opened, loop, i, round));
    });
    std::unique_lock lock(round.mutex);
    round.ended.wait(lock, [&] { return round.running == 0; });
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(done));
  state.counters["per_sync"] =
      static_cast<double>(done) / static_cast<double>((*opened)->figures().sequence);
  group->reset();
  opened->reset();
  std::filesystem::remove_all(folder);
}

void in_memory(benchmark::State& state) { commits(state, "/dev/shm"); }
void on_disk(benchmark::State& state) {
  const char* folder = std::getenv("HOLDFAST_BENCH_DIR");
  commits(state, folder != nullptr ? folder : "/var/tmp");
}
BENCHMARK(in_memory)->Arg(1)->Arg(8)->Arg(64)->UseRealTime()->MinTime(0.5);
BENCHMARK(on_disk)->Arg(1)->Arg(8)->Arg(64)->UseRealTime()->MinTime(0.5);

}  // namespace

BENCHMARK_MAIN();
