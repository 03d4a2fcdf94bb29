// SPDX-License-Identifier: Apache-2.0
#include "sim/world/world.h"

#include <algorithm>
#include <cinttypes>

namespace holdfast::sim {

World::World(std::uint64_t seed) : seed_(seed), ties_(seed, 1) {}

EventId World::schedule(std::uint64_t delay_us, UniqueFunction fn) {
  EventId id{now_us_ + delay_us, ties_.u64(), next_number_++};
  queue_.emplace(id, std::move(fn));
  return id;
}

bool World::cancel(const EventId& id) { return queue_.erase(id) != 0; }

bool World::run(std::uint64_t limit_us) {
  while (!queue_.empty() && !failed()) {
    auto first = queue_.begin();
    if (first->first.time_us > limit_us) return false;
    now_us_ = first->first.time_us;
    ++events_;
    hash_ = mix(hash_ ^ now_us_ ^ first->first.number << 20);
    UniqueFunction fn = std::move(first->second);
    queue_.erase(first);
    fn();
  }
  return queue_.empty();
}

void World::trace(const char* what, std::uint64_t a, std::uint64_t b) {
  // The text counts, not its address.
  for (const char* c = what; *c != 0; ++c)
    hash_ = (hash_ ^ static_cast<unsigned char>(*c)) * 0x100000001B3ull;
  hash_ = mix(hash_ ^ mix(a) ^ b);
  kept_[traced_++ % kTraceKept] = {now_us_, what, a, b};
  if (verbose_ != nullptr)
    std::fprintf(verbose_, "%12" PRIu64 " %-28s %" PRIx64 " %" PRIx64 "\n", now_us_, what, a, b);
}

void World::note(const std::string& text) {
  if (verbose_ != nullptr) std::fprintf(verbose_, "%12" PRIu64 "   %s\n", now_us_, text.c_str());
}

std::string World::last_trace(std::size_t count) const {
  std::string out;
  std::uint64_t kept = std::min<std::uint64_t>({traced_, kTraceKept, count});
  for (std::uint64_t i = traced_ - kept; i < traced_; ++i) {
    const Entry& e = kept_[i % kTraceKept];
    char line[160];
    std::snprintf(line, sizeof line, "%12" PRIu64 " %-28s %" PRIx64 " %" PRIx64 "\n", e.time_us,
                  e.what, e.a, e.b);
    out += line;
  }
  return out;
}

void World::fail(std::string why) {
  if (!failure_) failure_ = std::move(why);
}

}  // namespace holdfast::sim
