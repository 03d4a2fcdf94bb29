// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>

#include "ports/async_lock.h"
#include "ports/vfs.h"
#include "wire/fscc/name_match.h"

namespace holdfast::core {

/// The enumeration of one directory handle (Open.EnumerationLocation and EnumerationSearchPattern,
/// MS-SMB2 3.3.1.10): entries read from the file system and not yet told to the client. Used by one
/// request at a time: whoever holds `lock`.
class DirectoryScan {
 public:
  bool has_pattern() const { return pattern_.has_value(); }
  const wire::fscc::NamePattern& pattern() const { return *pattern_; }
  const std::string& pattern_text() const { return text_; }
  /// Begins anew, with this pattern.
  void restart(std::string_view utf8_pattern) {
    text_ = utf8_pattern.empty() ? "*" : utf8_pattern;
    pattern_.emplace(text_);
    must_rewind = true;
    at_end = false;
    any_told = false;
    pending.clear();
  }

  ports::AsyncLock lock;
  /// The next read of the directory begins at its first entry.
  bool must_rewind = true;
  /// The file system has no further entries.
  bool at_end = false;
  /// The client was told at least one entry since the scan began: an empty answer is then
  /// kNoMoreFiles, and kNoSuchFile before (MS-SMB2 3.3.5.18).
  bool any_told = false;
  std::deque<ports::DirEntry> pending;
  /// The directory's last write time when `pending` was read; 0: it may have changed unnoticed.
  NtTime read_as_of;

 private:
  std::optional<wire::fscc::NamePattern> pattern_;
  std::string text_;
};

}  // namespace holdfast::core
