// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/apple/afp_info.h"

/// AppleDouble (RFC 1740): magic 0x00051607, version 0x00020000, 16 octets of filler, the number of
/// entries, and for each its id, offset and length; everything big-endian.
///
/// A `._name` file beside `name` holds its FinderInfo and, as the last entry, its resource fork.
/// The one that Samba and Netatalk write has a head of 82 octets (kHeadSize); the one that macOS
/// writes has extended attributes between the two ("ATTR" header of its copyfile).
namespace holdfast::core::apple {

/// The `._` file of a path ("a/b" -> "a/._b").
std::string double_path(std::string_view path);
/// The path that a `._` file stands for; nullopt: it has no such name.
std::optional<std::string> path_of_double(std::string_view path);
bool is_double_name(std::string_view name);

/// Where an entry lies in its file, octets.
struct Extent {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const Extent&) const = default;
};

/// What is of use in the head of an AppleDouble file.
struct DoubleHead {
  std::optional<Extent> finder_info;
  std::optional<Extent> resource_fork;
  std::optional<Extent> dates;
  /// Its first kFinderInfoSize octets are there, and not all 0.
  bool says_finder_info = false;

  /// As Samba writes it: the resource fork is the file from kHeadSize on, and Finder information is
  /// kept elsewhere.
  bool is_plain() const;
};

inline constexpr std::size_t kHeadSize = 82;
/// More than any head has, entries and all.
inline constexpr std::size_t kMaxHead = 26 + 12 * 32;
/// The length of the resource fork stands there in a plain head.
inline constexpr std::size_t kForkLengthAt = 46;
/// Of macOS's file in front of the resource fork, attributes and all.
inline constexpr std::size_t kMaxFinderEntry = 64u << 10;

/// nullopt: it is no AppleDouble file. octets: its beginning, at most kMaxHead of use.
std::optional<DoubleHead> decode_double_head(Bytes octets);
/// A plain head.
std::array<std::uint8_t, kHeadSize> encode_plain_head(std::uint32_t fork_length);

/// An extended attribute in a `._` file of macOS.
struct DoubleAttribute {
  std::string name;
  ByteVec value;
};
/// The attributes in the FinderInfo entry, which begins at entry_offset of its file; what does not
/// fit into it is left out.
std::vector<DoubleAttribute> decode_attributes(Bytes entry, std::uint32_t entry_offset);

/// The EA in which Netatalk 3 and Samba (fruit:metadata = netatalk) keep FinderInfo.
inline constexpr std::string_view kNetatalkMetadata = "org.netatalk.Metadata";
std::optional<AfpInfo> decode_netatalk_metadata(Bytes ea);
/// old: what is there now, which keeps everything else; empty: nothing. One whose parts lie in each
/// other is made anew.
ByteVec encode_netatalk_metadata(const AfpInfo& info, Bytes old);

}  // namespace holdfast::core::apple
