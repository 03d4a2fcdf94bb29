// SPDX-License-Identifier: Apache-2.0
#include "core/apple/afp_info.h"

#include <algorithm>

#include "base/reader.h"
#include "base/utf16.h"

namespace holdfast::core::apple {
namespace {

constexpr std::uint32_t kSignature = 0x41465000;  // "AFP\0"
constexpr std::uint32_t kVersion = 0x00000100;
constexpr std::size_t kFinderInfoAt = 16;
constexpr std::size_t kProdosAt = 48;

void put_u32_be(std::uint8_t* p, std::uint32_t v) { store_u32(p, __builtin_bswap32(v)); }

}  // namespace

SpecialStream special_stream(std::string_view stream) {
  if (stream.size() == kAfpInfoName.size() && same_name(stream, kAfpInfoName))
    return SpecialStream::kAfpInfo;
  if (stream.size() == kResourceForkName.size() && same_name(stream, kResourceForkName))
    return SpecialStream::kResourceFork;
  return SpecialStream::kNone;
}

CompressedFinderInfo compress(const FinderInfo& info) {
  CompressedFinderInfo out{};
  // finder_type and finder_creator of a file (a directory's are its window), finder_flags.
  std::copy_n(info.begin(), 10, out.begin());
  std::copy_n(info.begin() + 24, 2, out.begin() + 10);  // finder_ext_flags
  std::copy_n(info.begin() + 20, 4, out.begin() + 12);  // finder_date_added
  return out;
}

std::optional<AfpInfo> decode_afp_info(Bytes octets) {
  Reader r(octets);
  std::uint32_t signature = r.u32_be();
  std::uint32_t version = r.u32_be();
  r.skip(4);
  AfpInfo out;
  out.backup_time = r.u32_be();
  Bytes finder = r.bytes(kFinderInfoSize);
  Bytes prodos = r.bytes(out.prodos_info.size());
  r.skip(6);
  if (!r.ok() || signature != kSignature || version != kVersion) return std::nullopt;
  std::ranges::copy(finder, out.finder_info.begin());
  std::ranges::copy(prodos, out.prodos_info.begin());
  return out;
}

std::array<std::uint8_t, AfpInfo::kSize> encode(const AfpInfo& info) {
  std::array<std::uint8_t, AfpInfo::kSize> out{};
  put_u32_be(out.data(), kSignature);
  put_u32_be(out.data() + 4, kVersion);
  put_u32_be(out.data() + 12, info.backup_time);
  std::ranges::copy(info.finder_info, out.begin() + kFinderInfoAt);
  std::ranges::copy(info.prodos_info, out.begin() + kProdosAt);
  return out;
}

std::size_t read_afp_info(const AfpInfo& info, std::uint64_t offset, MutBytes out) {
  if (offset > AfpInfo::kSize) return 0;
  auto octets = encode(info);
  std::size_t size = std::min(out.size(), octets.size());
  std::copy_n(octets.begin(), size, out.begin());
  return size;
}

Result<AfpInfo> written_afp_info(std::uint64_t offset, Bytes data) {
  constexpr std::string_view kMark = "AFP";
  if (offset != 0 || data.size() < kMark.size()) return fail(NtStatus::kInvalidParameter);
  auto octets = encode(AfpInfo{});
  std::copy_n(data.begin(), std::min(data.size(), octets.size()), octets.begin());
  std::optional<AfpInfo> given = decode_afp_info(octets);
  if (!given) return fail(NtStatus::kInvalidParameter);
  return *given;
}

NtStatus check_end_of_afp_info(std::uint64_t size) {
  return size > AfpInfo::kSize ? NtStatus::kAllottedSpaceExceeded : NtStatus::kSuccess;
}

}  // namespace holdfast::core::apple
