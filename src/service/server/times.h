// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/object/open_notes.h"
#include "service/server/request.h"

namespace holdfast::service {

/// Made so lately that the file system may not have written its name yet; they do at least every
/// 30 s.
inline bool is_young(const ports::FileInfo& info, NtTime now) {
  constexpr std::uint64_t kYoung_ticks = 60ull * 10'000'000;
  return info.creation_time.ticks + kYoung_ticks > now.ticks;
}

/// Times that an open has set or frozen (MS-FSA 2.1.5.15.2) stay as they are while that open reads
/// and writes; the file system changes them all the same, so they are put back:
///     auto kept = co_await times_to_keep(r, open);
///     ... what changes them ...
///     co_await put_back(r, open, kept);
/// Costs a relaxed load where nothing is kept. `which`: OpenNotes::kAccess and the like, those that
/// the operation would change.
Task<std::optional<ports::SetBasic>> times_to_keep(Request& r, const core::OpenView& open,
                                                   std::uint8_t which);
Task<void> put_back(Request& r, const core::OpenView& open,
                    const std::optional<ports::SetBasic>& kept);

}  // namespace holdfast::service
