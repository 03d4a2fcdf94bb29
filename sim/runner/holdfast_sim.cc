// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "sim/workloads/workload.h"

namespace {

using namespace holdfast;
using namespace holdfast::sim;

struct Arguments {
  /// 0: 100, or 1 with --hostile.
  std::uint64_t seeds = 0;
  std::uint64_t first = 1;
  std::string workload;
  /// Of 100 seeds, how many run twice.
  std::uint64_t determinism_percent = 10;
  std::uint64_t mutations = 0;
  bool one_seed = false;
  bool trace = false;
  bool statuses = false;
};

constexpr char kUsage[] =
    "usage: holdfast-sim [--seeds N] [--first S] [--workload NAME] [--check-determinism "
    "[PERCENT]]\n"
    "                    [--hostile N] [--seed S] [--trace] [--statuses] [--list]\n"
    "\n"
    "Runs the server's code in a virtual world, once for each seed, and judges what it did.\n"
    "  --seeds N               so many seeds, beginning with --first S (1)\n"
    "  --workload NAME         this story only, or those of a family (failover); without it every\n"
    "                          story gets its share of the seeds\n"
    "  --check-determinism P   P percent of the seeds run twice and must do the same (10; without\n"
    "                          a value: all)\n"
    "  --hostile N             the stories of a hostile client with N mutations of each request\n"
    "  --seed S                this one seed; --trace prints all that happens\n"
    "  --statuses              prints how often each command got each status\n"
    "  --list                  the stories\n";

/// What runs now, for a report from a signal handler.
char current[160];

extern "C" void report_crash() { (void)!write(STDERR_FILENO, current, std::strlen(current)); }
extern "C" void on_signal(int number) {
  report_crash();
  std::signal(number, SIG_DFL);
  std::raise(number);
}
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

bool is_number(const char* text) { return text != nullptr && *text >= '0' && *text <= '9'; }

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    const char* next = i + 1 < argc ? argv[i + 1] : nullptr;
    auto number = [&](std::uint64_t& value) {
      if (!is_number(next)) return false;
      value = std::strtoull(next, nullptr, 0);
      ++i;
      return true;
    };
    bool ok = true;
    if (name == "--seeds")
      ok = number(out.seeds);
    else if (name == "--first")
      ok = number(out.first);
    else if (name == "--hostile")
      ok = number(out.mutations);
    else if (name == "--seed")
      ok = out.one_seed = number(out.first);
    else if (name == "--trace")
      out.trace = true;
    else if (name == "--statuses")
      out.statuses = true;
    else if (name == "--check-determinism") {
      if (!number(out.determinism_percent)) out.determinism_percent = 100;
    } else if (name == "--workload" && next != nullptr) {
      out.workload = argv[++i];
      ok = std::ranges::any_of(workloads(),
                               [&](const Workload& w) { return is_named(w, out.workload); });
    } else {
      ok = false;
    }
    if (!ok) return false;
  }
  if (out.seeds == 0) out.seeds = out.mutations != 0 ? 1 : 100;
  if (out.one_seed) out.seeds = 1;
  return true;
}

/// The stories that a seed can be given.
std::vector<const Workload*> chosen(const Arguments& arguments) {
  std::vector<const Workload*> list;
  for (const Workload& w : workloads()) {
    bool hostile = std::strcmp(w.name, "hostile") == 0;
    if (!arguments.workload.empty() ? is_named(w, arguments.workload)
                                    : arguments.mutations == 0 || hostile)
      list.insert(list.end(), w.weight, &w);
  }
  return list;
}

RunResult run_one(const Workload& workload, const Arguments& arguments, std::uint64_t seed,
                  std::FILE* verbose) {
  RunOptions options;
  options.seed = seed;
  options.verbose = verbose;
  if (arguments.mutations != 0) options.mutations = arguments.mutations;
  std::snprintf(current, sizeof current,
                "\nholdfast-sim: died with seed %" PRIu64
                ", workload %s (--workload %s --seed %" PRIu64 " --trace)\n",
                seed, workload.name, workload.name, seed);
  return run_workload(workload, options);
}

void report(const Workload& workload, std::uint64_t seed, const RunResult& result) {
  std::printf("FAILED seed %" PRIu64 " workload %s: %s\n", seed, workload.name,
              result.failure.c_str());
  std::printf("%s", result.last_trace.c_str());
  std::printf("again: holdfast-sim --workload %s --seed %" PRIu64 " --trace\n", workload.name,
              seed);
}

void print_counters(const Counters& counters, bool statuses) {
  std::map<std::string, std::uint64_t> by_command;
  std::map<std::string, std::size_t> kinds;
  for (const auto& [what, count] : counters.answers) {
    by_command[std::string(name_of(what.first))] += count;
    ++kinds[std::string(name_of(what.first))];
    if (statuses)
      std::printf("  %-16s %-36s %" PRIu64 "\n", std::string(name_of(what.first)).c_str(),
                  to_string(what.second).c_str(), count);
  }
  std::printf("answers (statuses):");
  for (const auto& [command, count] : by_command)
    std::printf(" %s %" PRIu64 " (%zu)", command.c_str(), count, kinds[command]);
  std::printf("\n");
  if (counters.named.empty()) return;
  std::printf("events:");
  for (const auto& [name, count] : counters.named) std::printf(" %s %" PRIu64, name.c_str(), count);
  std::printf("\n");
}

int run_all(const Arguments& arguments) {
  std::vector<const Workload*> list = chosen(arguments);
  auto begin = std::chrono::steady_clock::now();
  std::uint64_t passed = 0, failed = 0, twice = 0, events = 0, virtual_us = 0, hash = 0;
  Counters counters;
  for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    const Workload& workload = *list[mix(seed + 99) % list.size()];
    RunResult result = run_one(workload, arguments, seed, arguments.trace ? stdout : nullptr);
    if (result.passed && mix(seed) % 100 < arguments.determinism_percent) {
      ++twice;
      RunResult again = run_one(workload, arguments, seed, nullptr);
      if (again.trace_hash != result.trace_hash) {
        result.passed = false;
        result.failure = "run twice, it did not do the same";
        result.last_trace = again.last_trace;
      }
    }
    counters.add(result.counters);
    events += result.events;
    virtual_us += result.virtual_us;
    hash = mix(hash ^ result.trace_hash);
    if (result.passed) {
      ++passed;
      continue;
    }
    ++failed;
    report(workload, seed, result);
    if (failed == 10) break;
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  print_counters(counters, arguments.statuses);
  std::printf("%" PRIu64 " seeds (%" PRIu64 " run twice) in %.1f s: %" PRIu64 " requests, %" PRIu64
              " events, %.0f s of virtual time, trace hash %016" PRIx64 "\n",
              passed + failed, twice, seconds, counters.requests, events,
              static_cast<double>(virtual_us) / 1e6, hash);
  std::printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    for (const Workload& w : workloads()) std::printf("%-12s %s\n", w.name, w.what);
    return 0;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(report_crash);
  } else {
    for (int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(number, on_signal);
  }
  return run_all(arguments);
}
