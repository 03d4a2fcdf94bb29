// SPDX-License-Identifier: Apache-2.0
#include "service/server/times.h"

namespace holdfast::service {

Task<std::optional<ports::SetBasic>> times_to_keep(Request& r, const core::OpenView& open,
                                                   std::uint8_t which) {
  using core::OpenNotes;
  if (open.notes == nullptr) co_return std::nullopt;
  std::uint8_t kept = open.notes->kept_times.load(std::memory_order_relaxed) & which;
  if (kept == 0) co_return std::nullopt;
  Result<ports::FileInfo> info = co_await open.file->info(r.io());
  if (!info) co_return std::nullopt;
  ports::SetBasic times;
  if ((kept & OpenNotes::kAccess) != 0) times.last_access_time = info->last_access_time;
  if ((kept & OpenNotes::kWrite) != 0) times.last_write_time = info->last_write_time;
  if ((kept & OpenNotes::kChange) != 0) times.change_time = info->change_time;
  co_return times;
}

Task<void> put_back(Request& r, const core::OpenView& open,
                    const std::optional<ports::SetBasic>& kept) {
  // The operation itself has succeeded; a time that cannot be put back is no reason to say
  // otherwise.
  if (kept) (void)co_await open.file->set_basic(r.io(), *kept);
}

}  // namespace holdfast::service
