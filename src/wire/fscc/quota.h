// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/nt_time.h"
#include "base/result.h"
#include "base/sid.h"
#include "base/writer.h"

namespace holdfast::wire::fscc {

/// FILE_QUOTA_INFORMATION (MS-FSCC 2.4.41): 40 octets and the SID.
struct QuotaInformation {
  /// Limits: ~0 = none; ~0 - 1 in a set = remove the entry.
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  NtTime change_time{};
  std::uint64_t quota_used = 0, quota_threshold = kNoLimit, quota_limit = kNoLimit;
  Sid sid{};
  bool operator==(const QuotaInformation&) const = default;
};

/// Appends entries from index first, each at a multiple of 8, as long as a whole one fits into
/// maximum octets; returns how many were written.
std::size_t append_quota_list(const std::vector<QuotaInformation>& quotas, std::size_t first,
                              std::size_t maximum, Writer& w);
/// STATUS_QUOTA_LIST_INCONSISTENT is not used by SMB2 servers here: a malformed list is
/// STATUS_INVALID_PARAMETER, a bad SID STATUS_INVALID_SID.
Result<std::vector<QuotaInformation>> decode_quota_list(Bytes bytes);

/// SMB2_QUERY_QUOTA_INFO (MS-SMB2 2.2.37.1): which quotas are asked for.
struct QueryQuotaInfo {
  bool return_single = false, restart_scan = false;
  /// From a FILE_GET_QUOTA_INFORMATION list (MS-FSCC 2.4.41.1) or the StartSid form.
  std::vector<Sid> sids{};
  std::optional<Sid> start_sid{};
};
Result<QueryQuotaInfo> decode_query_quota(Bytes bytes);

}  // namespace holdfast::wire::fscc
