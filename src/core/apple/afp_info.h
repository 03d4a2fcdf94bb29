// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::core::apple {

/// The two streams that macOS means its own things with.
enum class SpecialStream : std::uint8_t { kNone, kAfpInfo, kResourceFork };

inline constexpr std::string_view kAfpInfoName = "AFP_AfpInfo";
inline constexpr std::string_view kResourceForkName = "AFP_Resource";

/// By its name beside the path (ports/vfs.h), whatever its case.
SpecialStream special_stream(std::string_view stream);

inline constexpr std::size_t kFinderInfoSize = 32;
/// FInfo and FXInfo of a file, or DInfo and DXInfo of a directory.
using FinderInfo = std::array<std::uint8_t, kFinderInfoSize>;
/// The parts of FinderInfo that are still in use, as listings carry them: type, creator, flags,
/// extended flags, date added (Apple's SMB client, "ReadDirAttr Support").
using CompressedFinderInfo = std::array<std::uint8_t, 16>;

inline bool is_empty(const FinderInfo& info) { return info == FinderInfo{}; }
CompressedFinderInfo compress(const FinderInfo& info);

/// The content of AFP_AfpInfo. On the wire 60 octets, big-endian: "AFP\0", version 0x00000100, a
/// file id that is 0, the time of the last backup, FinderInfo, 6 octets for ProDOS, 6 reserved.
struct AfpInfo {
  static constexpr std::size_t kSize = 60;
  /// Seconds before or after 2000 that stand for "never".
  static constexpr std::uint32_t kNever = 0x80000000;

  std::uint32_t backup_time = kNever;
  FinderInfo finder_info{};
  std::array<std::uint8_t, 6> prodos_info{};

  bool operator==(const AfpInfo&) const = default;
  /// It says nothing, and macOS does not see a stream that says nothing.
  bool is_null() const { return is_empty(finder_info); }
};

/// nullopt: it is shorter, or signature or version are not these.
std::optional<AfpInfo> decode_afp_info(Bytes octets);
std::array<std::uint8_t, AfpInfo::kSize> encode(const AfpInfo& info);

/// How a READ of the stream is answered: up to offset 60 it begins at the first octet wherever it
/// says, as Apple's server does; behind, there is nothing. Returns the octets written to out.
std::size_t read_afp_info(const AfpInfo& info, std::uint64_t offset, MutBytes out);

/// What a WRITE of the stream sets: all of it, from its first octet on; what it leaves out is empty
/// (smbtorture vfs.fruit.writing_afpinfo). kInvalidParameter when it does not begin as one.
Result<AfpInfo> written_afp_info(std::uint64_t offset, Bytes data);

/// Whether the end of the stream may be set there: kAllottedSpaceExceeded behind its 60 octets. It
/// never moves.
NtStatus check_end_of_afp_info(std::uint64_t size);

}  // namespace holdfast::core::apple
