// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "platform/vfs_posix/share.h"
#include "ports/executor.h"

/// The one place that says which system calls run on a loop's thread and which on the pool
/// (README.md has the measurements).
namespace holdfast::platform::posix {

enum class Cost : std::uint8_t {
  /// Paths, attributes, extended attributes, creating, renaming, unlinking: 1-30 us when cached.
  kMetadata,
  /// Reads directories, syncs, moves or frees data: as long as it takes.
  kLong,
};

inline bool runs_inline(const Share& share, Cost cost) {
  return cost == Cost::kMetadata && !share.features().remote;
}

/// Runs fn(Blocking) where it belongs. What answers kWouldBlock on the loop is asked again on the
/// pool. The caller's frame outlives the work.
template <class F>
Task<std::invoke_result_t<F&, Blocking>> run(ports::IoContext io, const Share& share, Cost cost,
                                             F fn) {
  if (io.is_fenced()) co_return fail(NtStatus::kFileForcedClosed);
  if (runs_inline(share, cost)) {
    auto result = fn(Blocking::kNo);
    if (result || result.error() != kWouldBlock) co_return result;
  }
  co_return co_await ports::run_blocking(io.loop,
                                         [&fn, io]() -> std::invoke_result_t<F&, Blocking> {
                                           // It may have waited for its turn.
                                           if (io.is_fenced())
                                             return fail(NtStatus::kFileForcedClosed);
                                           return fn(Blocking::kYes);
                                         });
}

}  // namespace holdfast::platform::posix
