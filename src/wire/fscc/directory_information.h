// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/nt_time.h"
#include "base/result.h"
#include "base/sid.h"
#include "base/writer.h"
#include "wire/fscc/info_class.h"

namespace holdfast::wire::fscc {

/// FileIdBothDirectoryInformation to a client of Apple: what stands in the place of the 8.3 name
/// and behind it. EaSize is the maximal access then.
struct AppleAttributes {
  std::uint64_t resource_fork_size = 0;
  std::array<std::uint8_t, 16> finder_info{};
  std::uint16_t mode = 0;
  bool operator==(const AppleAttributes&) const = default;
};

/// One entry of a directory: all that any directory class carries (MS-FSCC 2.4.8, 2.4.10, 2.4.17 to
/// 2.4.25, 2.4.33; class 100 of the SMB3 POSIX extensions). A class takes what it has room for.
struct DirectoryEntry {
  std::uint32_t file_index = 0;
  NtTime creation_time{}, last_access_time{}, last_write_time{}, change_time{};
  std::uint64_t end_of_file = 0, allocation_size = 0;
  std::uint32_t file_attributes = 0;
  /// EaSize; replaced by reparse_tag in the classes without a field for the tag when
  /// FILE_ATTRIBUTE_REPARSE_POINT is set.
  std::uint32_t ea_size = 0;
  std::uint32_t reparse_tag = 0;
  std::uint64_t file_id = 0;
  /// The 128-bit id; file_id and 8 zeros when the volume has none.
  std::array<std::uint8_t, 16> file_id_128{};
  /// UTF-8.
  std::string file_name{};
  /// 8.3 name, at most 12 units; empty = none.
  std::string short_name{};
  std::optional<AppleAttributes> apple{};
  // Class 100 only.
  std::uint32_t device_id = 0, hard_links = 0, mode = 0;
  Sid owner{}, group{};

  bool operator==(const DirectoryEntry&) const = default;
};

/// True for the classes that QUERY_DIRECTORY answers.
bool is_directory_class(FileInfoClass info_class);

/// Writes entries of one class into a buffer of at most `maximum` octets.
///
/// Each entry starts at a multiple of 8 from the first; NextEntryOffset of an entry is set when its
/// successor is written, so that the last one has 0. No padding after the last one.
class DirectoryAppender {
 public:
  /// The entries are put behind what `out` holds. info_class must be a directory class.
  DirectoryAppender(FileInfoClass info_class, Buffer& out, std::size_t maximum);

  /// Appends the entry if all of it fits. Otherwise writes nothing and returns false; the caller
  /// ends the answer and keeps the entry for the next one.
  [[nodiscard]] bool append(const DirectoryEntry& entry);

  /// For a first entry that does not fit whole (MS-SMB2 3.3.5.18, MS-FSA 2.1.5.6.3): writes its
  /// fixed part with the true FileNameLength and as much of the name as fits, for
  /// STATUS_BUFFER_OVERFLOW. False, and nothing written, when not even the fixed part fits
  /// (STATUS_INFO_LENGTH_MISMATCH) or entries were written before.
  [[nodiscard]] bool append_truncated(const DirectoryEntry& entry);

  std::size_t count() const { return count_; }
  /// Octets written.
  std::size_t size() const { return out_.size() - begin_; }

 private:
  std::size_t put(const DirectoryEntry& entry, std::size_t at);

  FileInfoClass info_class_;
  Buffer& out_;
  std::size_t begin_;
  std::size_t maximum_;
  std::size_t last_ = 0;
  std::size_t count_ = 0;
};

/// Octets of the fixed part, FieldOffset(FileName) (for class 100: without SIDs). A smaller
/// OutputBufferLength is STATUS_INFO_LENGTH_MISMATCH.
std::size_t directory_entry_fixed_size(FileInfoClass info_class);

/// Reads a whole answer (for clients: simulator, bench). STATUS_INVALID_NETWORK_RESPONSE when it is
/// not well formed.
Result<std::vector<DirectoryEntry>> decode_directory(FileInfoClass info_class, Bytes bytes);

}  // namespace holdfast::wire::fscc
