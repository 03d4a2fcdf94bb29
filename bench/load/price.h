// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/load/program.h"

namespace holdfast::load {

enum class HandleKind : std::uint8_t { kPlain, kDurable, kPersistent };

/// One measurement: one connection of one client.
struct PriceOptions {
  enum class What : std::uint8_t {
    /// Streams over a file of file_size octets, again and again.
    kWrite,
    kRead,
    /// CREATE and CLOSE of files that exist, each request in flight with one of its own.
    kOpens,
    /// Opens `opens` files one after the other, then closes them one after the other, with nothing
    /// else under way; says "begin", "opened" and "closed" and awaits a line before the next step.
    kLone,
  } what = What::kWrite;
  /// kPersistent fails when the server does not grant it.
  HandleKind handle = HandleKind::kPlain;
  std::uint32_t in_flight = 8;
  std::uint32_t block = 1u << 20;
  std::uint64_t file_size = 256u << 20;
  std::uint64_t warm_up_us = 500'000;
  std::uint64_t measured_us = 3'000'000;
  /// What the names of the files begin with.
  std::string prefix = "price";
  /// Not 0: exactly so many opens, without warm-up.
  std::uint64_t opens = 0;
};

/// Prints one number: MiB or opens per second. The exit status.
int run_price(const Target& target, const PriceOptions& options, std::uint64_t seed);

}  // namespace holdfast::load
