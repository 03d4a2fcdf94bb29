// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/writer.h"

namespace holdfast::wire::fscc {

/// FILE_ACTION_* (MS-FSCC 2.7.1).
enum class FileAction : std::uint32_t {
  kAdded = 1,
  kRemoved = 2,
  kModified = 3,
  kRenamedOldName = 4,
  kRenamedNewName = 5,
  kAddedStream = 6,
  kRemovedStream = 7,
  kModifiedStream = 8,
  kRemovedByDelete = 9,
  kIdNotTunnelled = 10,
  kTunnelledIdCollision = 11,
};

/// CompletionFilter bits (MS-SMB2 2.2.35).
namespace notify_filter {
inline constexpr std::uint32_t kFileName = 0x001;
inline constexpr std::uint32_t kDirName = 0x002;
inline constexpr std::uint32_t kAttributes = 0x004;
inline constexpr std::uint32_t kSize = 0x008;
inline constexpr std::uint32_t kLastWrite = 0x010;
inline constexpr std::uint32_t kLastAccess = 0x020;
inline constexpr std::uint32_t kCreation = 0x040;
inline constexpr std::uint32_t kEa = 0x080;
inline constexpr std::uint32_t kSecurity = 0x100;
inline constexpr std::uint32_t kStreamName = 0x200;
inline constexpr std::uint32_t kStreamSize = 0x400;
inline constexpr std::uint32_t kStreamWrite = 0x800;
inline constexpr std::uint32_t kValid = 0xFFF;
}  // namespace notify_filter

/// FILE_NOTIFY_INFORMATION (MS-FSCC 2.7.1).
struct NotifyInformation {
  FileAction action = FileAction::kModified;
  /// UTF-8, relative to the watched directory, components separated by '\'.
  std::string file_name{};
  bool operator==(const NotifyInformation&) const = default;
};

/// Octets of one entry without padding: 12 and the name.
std::size_t size_of(const NotifyInformation& x);
/// Appends all entries, each at a multiple of 4. False, and nothing written, when they do not fit
/// into maximum octets (the answer is STATUS_NOTIFY_ENUM_DIR, MS-SMB2 3.3.4.4).
bool append_notify_list(const std::vector<NotifyInformation>& changes, std::size_t maximum,
                        Writer& w);
/// For clients.
Result<std::vector<NotifyInformation>> decode_notify_list(Bytes bytes);

}  // namespace holdfast::wire::fscc
