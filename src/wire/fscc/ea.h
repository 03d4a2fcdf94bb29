// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/writer.h"

namespace holdfast::wire::fscc {

/// One extended attribute (MS-FSCC 2.4.16 FILE_FULL_EA_INFORMATION).
struct FullEa {
  std::uint8_t flags = 0;
  /// 1 to 255 octets of an 8-bit character set, without the NUL.
  std::string name{};
  /// Up to 65,535 octets; empty in a set = remove the EA.
  ByteVec value{};
  bool operator==(const FullEa&) const = default;
};

/// True when the name has 1 to 255 octets and none that MS-FSCC 2.4.16 forbids (controls and
/// `" * + , / : ; < = > ? [ \ ] |`).
bool is_valid_ea_name(std::string_view name);

struct EaListError {
  NtStatus status;
  /// Offset of the entry at fault; goes into EaErrorOffset where a protocol has one.
  std::size_t offset;
  bool operator==(const EaListError&) const = default;
};

/// Reads a list of FILE_FULL_EA_INFORMATION (SET_INFO FileFullEaInformation, and the
/// SMB2_CREATE_EA_BUFFER create context). An empty buffer is an empty list.
/// Errors: STATUS_EA_LIST_INCONSISTENT (layout), STATUS_INVALID_EA_NAME, STATUS_EA_TOO_LARGE (more
/// than limits::kMaxEaList octets).
std::expected<std::vector<FullEa>, EaListError> decode_ea_list(Bytes bytes);

/// Appends EAs from index `first`, each at a multiple of 4, as long as a whole one fits into
/// `maximum` octets. Returns how many were written; NextEntryOffset of the last one is 0.
std::size_t append_ea_list(const std::vector<FullEa>& eas, std::size_t first, std::size_t maximum,
                           Writer& w);

/// Reads FILE_GET_EA_INFORMATION (MS-FSCC 2.4.16.1): names asked for in QUERY_INFO.
/// Errors: STATUS_EA_LIST_INCONSISTENT, STATUS_INVALID_EA_NAME.
Result<std::vector<std::string>> decode_get_ea_list(Bytes bytes);
/// For clients.
void append_get_ea_list(const std::vector<std::string>& names, Writer& w);

/// What FileEaInformation.EaSize says of these EAs: octets of the OS/2 list form (4, and for each
/// 5 + name + value), 0 without EAs (MS-FSA 2.1.5.12.9).
std::uint32_t ea_size(const std::vector<FullEa>& eas);

}  // namespace holdfast::wire::fscc
