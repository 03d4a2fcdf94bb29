// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace holdfast::service {

/// What an administrator's tool wants of a share. What is not said stays, or is as usual.
struct ShareChange {
  std::string name;
  /// Of a directory of this machine, "/srv/data".
  std::optional<std::string> path;
  std::optional<std::string> comment;
  std::optional<bool> access_based_enumeration;
  std::optional<bool> encrypted;
  std::optional<bool> compress_data;
};

/// Changes the configured shares. Thread-safe. A change is kept when the call returns; clients see
/// it once the server has taken it, a moment later.
class ShareEditor {
 public:
  enum class Outcome : std::uint8_t {
    kDone,
    /// The configuration leaves changing shares to those who can change the file.
    kNotAllowed,
    kExists,
    kMissing,
    kBadName,
    kNoDirectory,
    kFailed,
  };

  virtual ~ShareEditor() = default;
  virtual Outcome add(const ShareChange& share) = 0;
  virtual Outcome change(const ShareChange& share) = 0;
  virtual Outcome remove(const std::string& name) = 0;
};

}  // namespace holdfast::service
