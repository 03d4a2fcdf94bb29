// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

/// A security identifier (MS-DTYP 2.4.2).
struct Sid {
  static constexpr std::size_t kMaxSubAuthorities = 15;

  std::uint8_t revision = 1;
  std::uint8_t count = 0;
  /// Identifier authority, 48 bits.
  std::uint64_t authority = 0;
  std::array<std::uint32_t, kMaxSubAuthorities> sub{};

  Sid() = default;
  Sid(std::uint64_t identifier_authority, std::initializer_list<std::uint32_t> subs)
      : authority(identifier_authority) {
    for (std::uint32_t s : subs)
      if (count < kMaxSubAuthorities) sub[count++] = s;
  }
  auto operator<=>(const Sid&) const = default;

  /// This SID with one more sub-authority; itself when it is full.
  Sid with(std::uint32_t rid) const {
    Sid longer = *this;
    if (longer.count < kMaxSubAuthorities) longer.sub[longer.count++] = rid;
    return longer;
  }
  /// The last sub-authority; 0 when there is none.
  std::uint32_t rid() const { return count == 0 ? 0 : sub[count - 1u]; }
  /// True when other is this SID plus exactly one sub-authority.
  bool is_domain_of(const Sid& other) const;
  /// "S-1-5-21-..." (MS-DTYP 2.4.2.1).
  std::string to_string() const;
  static std::optional<Sid> parse(std::string_view text);
};

/// Well-known SIDs (MS-DTYP 2.4.2.4), and Samba's for Unix accounts.
namespace sids {
inline const Sid kNull{0, {0}};
inline const Sid kEveryone{1, {0}};
inline const Sid kCreatorOwner{3, {0}};
inline const Sid kCreatorGroup{3, {1}};
inline const Sid kOwnerRights{3, {4}};
inline const Sid kNetwork{5, {2}};
inline const Sid kAnonymous{5, {7}};
inline const Sid kAuthenticatedUsers{5, {11}};
inline const Sid kSystem{5, {18}};
inline const Sid kBuiltinAdministrators{5, {32, 544}};
inline const Sid kBuiltinUsers{5, {32, 545}};
inline const Sid kBuiltinGuests{5, {32, 546}};
/// S-1-22-1-uid and S-1-22-2-gid: a Unix account without any other SID, as Samba writes them to
/// disk.
inline const Sid kUnixUsers{22, {1}};
inline const Sid kUnixGroups{22, {2}};
}  // namespace sids

}  // namespace holdfast
