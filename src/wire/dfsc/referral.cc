// SPDX-License-Identifier: Apache-2.0
#include "wire/dfsc/referral.h"

#include <algorithm>

#include "base/reader.h"
#include "base/utf16.h"

namespace holdfast::wire::dfsc {
namespace {

constexpr std::uint16_t kV1 = 1, kV2 = 2, kV4 = 4;
constexpr std::uint16_t kSizeV1 = 8, kSizeV2 = 22, kSizeV3 = 34;
constexpr std::uint16_t kRootTargets = 1;
constexpr std::uint16_t kNameListReferral = 0x2, kTargetSetBoundary = 0x4;
constexpr std::uint32_t kSiteName = 0x1;

/// UTF-16 up to a terminator that must be there.
Result<std::string> terminated(Bytes bytes) {
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
    if (bytes[i] == 0 && bytes[i + 1] == 0) return utf16le_to_utf8(bytes.first(i));
  return fail(NtStatus::kInvalidParameter);
}

/// The EX form counts octets, and says of some names that they end with a terminator.
std::string counted(Bytes bytes) {
  if (bytes.size() >= 2 && load_u16(bytes.data() + bytes.size() - 2) == 0)
    bytes = bytes.first(bytes.size() - 2);
  return utf16le_to_utf8(bytes);
}

void append_name(std::string_view name, Writer& w) {
  w.bytes(to_utf16le(name));
  w.u16(0);
}

std::uint16_t size_of(std::uint16_t version) {
  return version == kV1 ? kSizeV1 : version == kV2 ? kSizeV2 : kSizeV3;
}

/// Where the strings of one entry are, from the begin of the whole.
struct Strings {
  std::size_t path = 0, address = 0;
};

void append_entry(const ReferralResponse& x, const Referral& referral, std::uint16_t version,
                  const Strings& strings, Writer& w, std::size_t begin) {
  std::size_t at = w.position() - begin;
  auto offset = [at](std::size_t to) { return static_cast<std::uint16_t>(to - at); };
  w.u16(version);
  w.u16(size_of(version));
  w.u16(x.is_root ? kRootTargets : 0);
  w.u16(version == kV4 && referral.target_set_boundary ? kTargetSetBoundary : 0);
  if (version == kV2) w.u32(0);  // Proximity
  w.u32(x.time_to_live_s);
  w.u16(offset(strings.path));
  w.u16(offset(strings.path));  // 8.3 form: servers give the same (2.2.5.3.1)
  w.u16(offset(strings.address));
  if (version != kV2) w.zeros(16);  // ServiceSiteGuid
}

void append_v1(const ReferralResponse& x, Writer& w) {
  for (const Referral& referral : x.referrals) {
    ByteVec name = to_utf16le(referral.network_address);
    w.u16(kV1);
    w.u16(static_cast<std::uint16_t>(kSizeV1 + name.size() + 2));
    w.u16(x.is_root ? kRootTargets : 0);
    w.u16(0);
    append_name(referral.network_address, w);
  }
}

Result<Referral> decode_entry(Bytes bytes, std::size_t at, ReferralResponse& out,
                              std::uint16_t& size) {
  Reader r(bytes);
  r.seek(at);
  std::uint16_t version = r.u16();
  size = r.u16();
  out.is_root = r.u16() == kRootTargets;
  std::uint16_t flags = r.u16();
  if (version < kV2 || version > kV4 || size < size_of(version) || (flags & kNameListReferral) != 0)
    return fail(NtStatus::kInvalidParameter);
  if (version == kV2) r.skip(4);
  out.time_to_live_s = r.u32();
  std::size_t path = at + r.u16();
  r.skip(2);
  std::size_t address = at + r.u16();
  if (!r.ok() || path > bytes.size() || address > bytes.size())
    return fail(NtStatus::kInvalidParameter);
  Result<std::string> dfs_path = terminated(bytes.subspan(path));
  Result<std::string> network_address = terminated(bytes.subspan(address));
  if (!dfs_path || !network_address) return fail(NtStatus::kInvalidParameter);
  out.dfs_path = std::move(*dfs_path);
  return Referral{std::move(*network_address), version == kV4 && (flags & kTargetSetBoundary) != 0};
}

}  // namespace

Result<ReferralRequest> decode_request(Bytes bytes) {
  Reader r(bytes);
  ReferralRequest x;
  x.max_referral_level = r.u16();
  Bytes name = r.rest();
  if (!r.ok()) return fail(NtStatus::kInvalidParameter);
  Result<std::string> path = terminated(name);
  if (!path) return fail(path.error());
  x.path = std::move(*path);
  return x;
}

Result<ReferralRequest> decode_request_ex(Bytes bytes) {
  Reader r(bytes);
  ReferralRequest x;
  x.max_referral_level = r.u16();
  std::uint16_t flags = r.u16();
  Reader data(r.bytes(r.u32()));
  Bytes path = data.bytes(data.u16());
  Bytes site;
  if ((flags & kSiteName) != 0) site = data.bytes(data.u16());
  if (!r.ok() || !data.ok() || path.size() % 2 != 0 || site.size() % 2 != 0)
    return fail(NtStatus::kInvalidParameter);
  x.path = counted(path);
  x.site = counted(site);
  return x;
}

void append(const ReferralRequest& x, Writer& w) {
  w.u16(x.max_referral_level);
  append_name(x.path, w);
}

void append(const ReferralResponse& x, std::uint16_t version, Writer& w) {
  version = std::clamp(version, kV1, kV4);
  std::size_t begin = w.position();
  w.u16(x.path_consumed);
  w.u16(static_cast<std::uint16_t>(x.referrals.size()));
  w.u32(x.header_flags);
  if (version == kV1) return append_v1(x, w);
  // All entries first, then what they point at: the path once, and each address.
  std::size_t strings = 8 + x.referrals.size() * size_of(version);
  std::size_t address = strings + to_utf16le(x.dfs_path).size() + 2;
  for (const Referral& referral : x.referrals) {
    append_entry(x, referral, version, {strings, address}, w, begin);
    address += to_utf16le(referral.network_address).size() + 2;
  }
  append_name(x.dfs_path, w);
  for (const Referral& referral : x.referrals) append_name(referral.network_address, w);
}

Result<ReferralResponse> decode_response(Bytes bytes) {
  Reader r(bytes);
  ReferralResponse x;
  x.path_consumed = r.u16();
  std::size_t count = r.u16();
  x.header_flags = r.u32();
  if (!r.ok() || count > ReferralResponse::kMaxReferrals) return fail(NtStatus::kInvalidParameter);
  std::size_t at = 8;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t size = 0;
    Result<Referral> referral = decode_entry(bytes, at, x, size);
    if (!referral) return fail(referral.error());
    x.referrals.push_back(std::move(*referral));
    at += size;
  }
  return x;
}

}  // namespace holdfast::wire::dfsc
