// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>

#include "base/mutex.h"
#include "service/logon/user_db.h"

namespace holdfast::platform {

/// Unix accounts by NSS (getpwnam_r, getgrouplist), remembered for a minute: a directory service
/// behind NSS can be slow, and clients log on again and again.
class NssAccounts final : public service::UnixAccounts {
 public:
  std::optional<service::UnixAccount> find(const std::string& name) override;
  /// Forgets everything, as a reload of the configuration should.
  void clear();

 private:
  struct Entry {
    std::optional<service::UnixAccount> account;
    std::uint64_t expires_s = 0;
  };

  Mutex mutex_;
  std::unordered_map<std::string, Entry> cache_;
};

}  // namespace holdfast::platform
