// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "ports/identity.h"

namespace holdfast::platform {

/// Makes the calling thread act as a user for the life of the object: a system call, never a wait.
/// Does nothing when act_as_user is false or the process already is that user. Objects of this
/// class do not nest.
class ActAs {
 public:
  explicit ActAs(const ports::Credentials& credentials);
  ~ActAs();
  ActAs(const ActAs&) = delete;
  ActAs& operator=(const ActAs&) = delete;

  /// False: the kernel refused (say, an id that the user namespace does not map). The thread is the
  /// service account then, and nothing may be done for the user.
  bool ok() const { return ok_; }

 private:
  bool switched_ = false;
  bool ok_ = true;
};

/// Quotas hold for what this thread and those it starts do from now on. To the kernel the writer of
/// octets is the thread, not the owner of the file, and one with CAP_SYS_RESOURCE passes every
/// limit (quotactl(2), ext4's reserved blocks): gives that capability up, for good.
void obey_quotas();

/// For the start of a server whose shares act as users: an explanation when it could not.
std::expected<void, std::string> check_can_act_as_users();

}  // namespace holdfast::platform
