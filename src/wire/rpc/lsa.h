// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sid.h"
#include "wire/rpc/ndr.h"
#include "wire/rpc/pdu.h"

/// Structures of the Local Security Authority protocols (MS-LSAD 2.2, MS-LSAT 2.2). Their arrays
/// hold structures with pointers in them, so they are written and read in two passes by hand.
namespace holdfast::wire::rpc::lsa {

inline constexpr SyntaxId kInterface{make_uuid("12345778-1234-abcd-ef00-0123456789ab"), 0, 0};

/// Operation numbers (MS-LSAD 3.1.4, MS-LSAT 3.1.4).
namespace opnum {
inline constexpr std::uint16_t kClose = 0;
inline constexpr std::uint16_t kOpenPolicy = 6;
inline constexpr std::uint16_t kQueryInformationPolicy = 7;
inline constexpr std::uint16_t kEnumerateAccounts = 11;
inline constexpr std::uint16_t kLookupNames = 14;
inline constexpr std::uint16_t kLookupSids = 15;
inline constexpr std::uint16_t kOpenPolicy2 = 44;
inline constexpr std::uint16_t kGetUserName = 45;
inline constexpr std::uint16_t kQueryInformationPolicy2 = 46;
inline constexpr std::uint16_t kLookupSids2 = 57;
inline constexpr std::uint16_t kLookupNames2 = 58;
inline constexpr std::uint16_t kLookupNames3 = 68;
}  // namespace opnum

/// SID_NAME_USE (MS-LSAT 2.2.13).
enum class SidType : std::uint16_t {
  kUser = 1,
  kGroup = 2,
  kDomain = 3,
  kAlias = 4,
  kWellKnownGroup = 5,
  kUnknown = 8,
};

/// Names and SIDs in one lookup, beyond which a request is refused (MS-LSAT 3.1.4.5, 3.1.4.9).
inline constexpr std::uint32_t kMaxNames = 1'000;
inline constexpr std::uint32_t kMaxSids = 20'480;

/// The fixed part of an RPC_UNICODE_STRING (MS-DTYP 2.3.10).
struct StringHeader {
  std::uint16_t length = 0;
  std::uint16_t maximum_length = 0;
  bool present = false;
};
StringHeader read_string_header(NdrReader& r);
/// What its pointer leads to; nothing when it is null. UTF-8.
std::string read_string_body(NdrReader& r, const StringHeader& header);
void write_string_header(NdrWriter& w, std::string_view utf8);
void write_string_body(NdrWriter& w, std::string_view utf8);
/// Both parts, one behind the other, as a parameter is.
void write_string(NdrWriter& w, std::string_view utf8);

/// RPC_SID behind a pointer (MS-DTYP 2.4.2.3).
Sid read_sid(NdrReader& r);
void write_sid(NdrWriter& w, const Sid& sid);

/// [size_is(count)] RPC_UNICODE_STRING* and LSAPR_SID_ENUM_BUFFER (MS-LSAT 2.2.17). More than the
/// limit fails.
std::vector<std::string> read_names(NdrReader& r);
std::vector<Sid> read_sids(NdrReader& r);
void write_names(NdrWriter& w, const std::vector<std::string>& names);
void write_sids(NdrWriter& w, const std::vector<Sid>& sids);

/// LSAPR_REFERENCED_DOMAIN_LIST (MS-LSAT 2.2.12).
struct Domain {
  std::string name;
  Sid sid;
};
void write_domains(NdrWriter& w, const std::vector<Domain>& domains);
std::vector<Domain> read_domains(NdrReader& r);

/// LSAPR_TRANSLATED_NAME and _EX (MS-LSAT 2.2.19, 2.2.21).
struct TranslatedName {
  SidType use = SidType::kUnknown;
  std::string name;
  /// Into the domains; -1: none.
  std::int32_t domain_index = -1;
};
void write_translated_names(NdrWriter& w, const std::vector<TranslatedName>& names, bool extended);
std::vector<TranslatedName> read_translated_names(NdrReader& r, bool extended);

/// LSA_TRANSLATED_SID, LSAPR_TRANSLATED_SID_EX and _EX2 (MS-LSAT 2.2.14, 2.2.24, 2.2.26).
struct TranslatedSid {
  SidType use = SidType::kUnknown;
  Sid sid;
  std::int32_t domain_index = -1;
};
enum class SidForm : std::uint8_t { kRid, kRidWithFlags, kWhole };
void write_translated_sids(NdrWriter& w, const std::vector<TranslatedSid>& sids, SidForm form);
/// kRid and kRidWithFlags: sid has the RID alone.
std::vector<TranslatedSid> read_translated_sids(NdrReader& r, SidForm form);

}  // namespace holdfast::wire::rpc::lsa
