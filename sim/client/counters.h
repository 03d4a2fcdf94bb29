// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "wire/smb2/header.h"

namespace holdfast::sim {

/// What a run exercised: how often each command got each status.
struct Counters {
  std::map<std::pair<wire::smb2::Command, NtStatus>, std::uint64_t> answers;
  std::map<std::string, std::uint64_t> named;
  std::uint64_t requests = 0;

  void add(const Counters& other) {
    for (const auto& [what, count] : other.answers) answers[what] += count;
    for (const auto& [what, count] : other.named) named[what] += count;
    requests += other.requests;
  }
};

}  // namespace holdfast::sim
