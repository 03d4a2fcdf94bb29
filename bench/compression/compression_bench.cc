// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <string>

#include "compression/codec.h"

namespace {

using namespace holdfast;
using compression::Algorithm;

enum Kind { kText, kNoise, kZeros };

ByteVec make_data(Kind kind, std::size_t size) {
  ByteVec data(size, 0);
  std::uint64_t state = 88172645463325252ull;
  auto next = [&state] {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
  };
  if (kind == kNoise)
    for (auto& octet : data) octet = static_cast<std::uint8_t>(next());
  if (kind == kText) {
    // Lines of a log: words that come again, numbers that do not.
    std::string text;
    const char* words[] = {
        "connection", "opened",          "file",         "user alice", "share data",
        "bytes",      "from 192.168.1.", "lease broken", "session",    "closed"};
    while (text.size() < size) {
      for (int i = 0; i < 6; ++i) text += std::string(words[next() % 10]) + ' ';
      text += std::to_string(next() % 100'000) + '\n';
    }
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::uint8_t>(text[i]);
  }
  return data;
}

void compress(benchmark::State& state) {
  auto algorithm = static_cast<Algorithm>(state.range(0));
  ByteVec in = make_data(static_cast<Kind>(state.range(1)), 1 << 20), out(in.size());
  std::size_t size = 0;
  for (auto _ : state) size = compression::compress(algorithm, in, out).value_or(in.size());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * in.size()));
  state.counters["ratio"] = static_cast<double>(size) / static_cast<double>(in.size());
}

void decompress(benchmark::State& state) {
  auto algorithm = static_cast<Algorithm>(state.range(0));
  ByteVec in = make_data(static_cast<Kind>(state.range(1)), 1 << 20), out(2 * in.size());
  out.resize(compression::compress(algorithm, in, out).value_or(0));
  for (auto _ : state)
    if (!compression::decompress(algorithm, out, in)) state.SkipWithError("refused");
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * in.size()));
}

// What a server pays for data that it does not compress.
void look(benchmark::State& state) {
  auto algorithm = static_cast<Algorithm>(state.range(0));
  ByteVec in = make_data(static_cast<Kind>(state.range(1)), 1 << 20);
  bool worth = false;
  for (auto _ : state) benchmark::DoNotOptimize(worth = looks_compressible(algorithm, in));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * in.size()));
  state.counters["worth"] = worth ? 1 : 0;
}

// Arguments: the algorithm (1 LZNT1, 2 LZ77, 3 LZ77+Huffman, 5 LZ4), then 0 text, 1 noise, 2 zeros.
BENCHMARK(compress)->ArgsProduct({{1, 2, 3, 5}, {kText, kNoise, kZeros}});
BENCHMARK(decompress)->ArgsProduct({{1, 2, 3, 5}, {kText}});
BENCHMARK(look)->ArgsProduct({{1, 2, 3, 5}, {kNoise}});

}  // namespace

BENCHMARK_MAIN();
