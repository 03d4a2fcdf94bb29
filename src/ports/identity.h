// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/sid.h"

namespace holdfast::ports {

/// The Unix side of a user: who a system call is made as.
struct Credentials {
  /// False: as the service account itself; Holdfast's own access check alone decides.
  bool act_as_user = false;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;
};

/// Who has logged on. Immutable once a session has it.
struct Identity {
  /// The account as Holdfast knows it; empty for anonymous.
  std::string user;
  std::string domain;
  Sid sid;
  /// Groups and well-known SIDs (Everyone, Network, ...), without the user's own.
  std::vector<Sid> groups;
  bool is_guest = false;
  bool is_anonymous = false;
  bool is_administrator = false;
  Credentials credentials;
};

}  // namespace holdfast::ports
