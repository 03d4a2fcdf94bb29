// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ports/vfs.h"

namespace holdfast::ports {

/// What a volume allows one user, and what they have. Octets.
struct UserQuota {
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  std::uint32_t uid = 0;
  std::uint64_t used = 0;
  /// At which the user is warned (a Unix soft limit), and which is not exceeded (hard limit).
  std::uint64_t threshold = kNoLimit;
  std::uint64_t limit = kNoLimit;
};

/// The quotas of the volume a share is on. Thread-safe. kNotSupported where the volume keeps none.
class QuotaProvider {
 public:
  virtual ~QuotaProvider() = default;

  /// Whether the volume counts what users have, and refuses what is beyond their limits.
  struct State {
    bool tracked = false;
    bool enforced = false;
  };
  virtual Task<Result<State>> state(IoContext io) = 0;
  virtual Task<Result<UserQuota>> get(IoContext io, std::uint32_t uid) = 0;
  /// Users with anything or with limits, uid ascending from first_uid, at most limit of them.
  virtual Task<Result<std::vector<UserQuota>>> list(IoContext io, std::uint32_t first_uid,
                                                    std::size_t limit) = 0;
  /// Sets the limits; `used` is not looked at. Made as the service: the caller has checked who
  /// asks.
  virtual Task<Result<void>> set(IoContext io, const UserQuota& quota) = 0;
};

}  // namespace holdfast::ports
