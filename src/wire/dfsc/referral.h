// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"

/// DFS referrals (MS-DFSC). Paths are UTF-8 with backslashes, one in front: "\server\share\link".
namespace holdfast::wire::dfsc {

/// REQ_GET_DFS_REFERRAL (2.2.2) and REQ_GET_DFS_REFERRAL_EX (2.2.3).
struct ReferralRequest {
  std::uint16_t max_referral_level = 4;
  /// "" asks for the domains, "\domain" for a domain's roots or controllers.
  std::string path{};
  /// Of the client; only in the EX form, and optional there.
  std::string site{};
  bool operator==(const ReferralRequest&) const = default;
};
/// STATUS_INVALID_PARAMETER: too short, a name without its end, or not UTF-16.
Result<ReferralRequest> decode_request(Bytes bytes);
Result<ReferralRequest> decode_request_ex(Bytes bytes);
void append(const ReferralRequest& x, Writer& w);

/// One target of DFS_REFERRAL_V1 to V4 (2.2.5).
struct Referral {
  /// "\server\share\dir".
  std::string network_address{};
  /// The end of a set of targets of equal cost (V4, 2.2.5.4).
  bool target_set_boundary = false;
  bool operator==(const Referral&) const = default;
};

/// RESP_GET_DFS_REFERRAL (2.2.4).
struct ReferralResponse {
  static constexpr std::uint32_t kReferralServers = 0x1, kStorageServers = 0x2,
                                 kTargetFailback = 0x4;
  static constexpr std::size_t kMaxReferrals = 256;
  /// Octets of the request's path, in UTF-16, that dfs_path stands for.
  std::uint16_t path_consumed = 0;
  std::uint32_t header_flags = 0;
  /// A namespace's root rather than a link in it.
  bool is_root = false;
  std::uint32_t time_to_live_s = 300;
  std::string dfs_path{};
  std::vector<Referral> referrals{};
  bool operator==(const ReferralResponse&) const = default;
};
/// version: 1 to 4 (the highest that the client knows; above 4 is 4). V1 has no time to live.
void append(const ReferralResponse& x, std::uint16_t version, Writer& w);
/// As a client reads it, versions 2 to 4. STATUS_INVALID_PARAMETER.
Result<ReferralResponse> decode_response(Bytes bytes);

}  // namespace holdfast::wire::dfsc
