// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/event.h"
#include "core/session/share.h"
#include "platform/loop_group/loop_group.h"
#include "wire/smb2/types.h"

namespace holdfast::cli {

/// The command line of `holdfast serve`.
struct ServeArguments {
  std::string directory;
  std::vector<std::string> listen;
  /// 0: 445 where that can be bound, else 4450.
  unsigned port = 0;
  /// Empty: the directory's own name.
  std::string name;
  std::string user;
  std::string password_file;
  bool read_only = false;
  bool guest = false;
  bool quiet = false;
  core::Requirement encryption = core::Requirement::kDesired;
  core::Requirement signing = core::Requirement::kRequired;
  std::uint16_t min_dialect = wire::smb2::Dialect::kSmb202;
  std::uint16_t max_dialect = wire::smb2::Dialect::kSmb311;
  platform::LoopKind loop = platform::LoopKind::kAuto;
  unsigned threads = 0;
  Severity log_level = Severity::kInfo;
  /// Empty: no admin socket.
  std::string admin_socket;
};

/// Serves until SIGINT or SIGTERM. The exit status.
int serve(const ServeArguments& arguments);

/// A message of the server with the configuration's settings replaced by this command's options.
std::string in_option_words(std::string message);

/// The name of a share for a directory: its last component, without what a share's name cannot
/// have.
std::string default_share_name(const std::string& directory);

}  // namespace holdfast::cli
