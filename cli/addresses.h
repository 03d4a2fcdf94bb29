// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ports/stream.h"

namespace holdfast::cli {

/// How clients reach one share, in the form that each system wants.
struct ShareAddress {
  /// Without brackets.
  std::string host;
  bool is_v6 = false;
  std::uint16_t port = 445;
  std::string share;
  /// Empty: guests only.
  std::string user;
};

/// "smb://user@host:port/share", percent-encoded.
std::string smb_url(const ShareAddress& at);
/// "\\host\share", or "" where Windows cannot be told the port.
std::string windows_path(const ShareAddress& at);
/// "mount -t cifs //host/share /mnt -o port=4450,username=user".
std::string mount_command(const ShareAddress& at);
/// "smbclient //host/share -p 4450 -U user".
std::string smbclient_command(const ShareAddress& at);

/// The addresses by which others may reach a listener: itself, or, for all addresses, those of this
/// machine's interfaces that are up (IPv4 first, loopback last, no link-local ones).
std::vector<ports::Endpoint> reachable(const ports::Endpoint& listener);

}  // namespace holdfast::cli
