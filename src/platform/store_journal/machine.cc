// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/machine.h"

#include <unistd.h>

#include <fstream>

namespace holdfast::platform {

Guid boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(file, text);
  Guid id;
  std::size_t nibble = 0;
  for (char c : text) {
    if (c == '-') continue;
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0 || nibble == 32) return {};
    std::uint8_t& octet = id.octets[nibble++ / 2];
    octet = static_cast<std::uint8_t>(octet << 4 | digit);
  }
  return nibble == 32 ? id : Guid{};
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace holdfast::platform
