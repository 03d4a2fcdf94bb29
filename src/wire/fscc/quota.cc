// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/quota.h"

#include "base/reader.h"
#include "wire/dtyp/sid_codec.h"

namespace holdfast::wire::fscc {
namespace {

constexpr std::size_t kFixedSize = 40;

/// A SID that must fill its octets.
Result<Sid> read_whole_sid(Bytes bytes) {
  Reader r(bytes);
  std::optional<Sid> sid = dtyp::read_sid(r);
  if (!sid || r.remaining() != 0) return fail(NtStatus::kInvalidSid);
  return *sid;
}

Result<std::vector<Sid>> decode_sid_list(Bytes bytes) {
  std::vector<Sid> sids;
  while (!bytes.empty()) {
    Reader r(bytes);
    std::size_t next = r.u32();
    Bytes octets = r.bytes(r.u32());
    if (!r.ok()) return fail(NtStatus::kInvalidParameter);
    Result<Sid> sid = read_whole_sid(octets);
    if (!sid) return fail(sid.error());
    sids.push_back(*sid);
    if (next == 0) break;
    if (next < r.position() || next % 4 != 0 || next >= bytes.size())
      return fail(NtStatus::kInvalidParameter);
    bytes = bytes.subspan(next);
  }
  return sids;
}

}  // namespace

std::size_t append_quota_list(const std::vector<QuotaInformation>& quotas, std::size_t first,
                              std::size_t maximum, Writer& w) {
  std::size_t begin = w.position(), last = 0, written = 0;
  for (std::size_t i = first; i < quotas.size(); ++i) {
    const QuotaInformation& x = quotas[i];
    std::size_t padding = (8 - (w.position() - begin) % 8) % 8;
    std::size_t sid_size = dtyp::size_of(x.sid);
    if (w.position() - begin + padding + kFixedSize + sid_size > maximum) break;
    w.zeros(padding);
    std::size_t at = w.position();
    w.u32(0);
    w.u32(static_cast<std::uint32_t>(sid_size));
    w.u64(x.change_time.ticks);
    w.u64(x.quota_used);
    w.u64(x.quota_threshold);
    w.u64(x.quota_limit);
    dtyp::append(x.sid, w);
    if (written != 0) w.patch_u32(last, static_cast<std::uint32_t>(at - last));
    last = at;
    ++written;
  }
  return written;
}

Result<std::vector<QuotaInformation>> decode_quota_list(Bytes bytes) {
  std::vector<QuotaInformation> quotas;
  while (!bytes.empty()) {
    Reader r(bytes);
    std::size_t next = r.u32();
    std::size_t sid_size = r.u32();
    QuotaInformation x;
    x.change_time.ticks = r.u64();
    x.quota_used = r.u64();
    x.quota_threshold = r.u64();
    x.quota_limit = r.u64();
    Bytes octets = r.bytes(sid_size);
    if (!r.ok()) return fail(NtStatus::kInvalidParameter);
    Result<Sid> sid = read_whole_sid(octets);
    if (!sid) return fail(sid.error());
    x.sid = *sid;
    quotas.push_back(x);
    if (next == 0) break;
    if (next < r.position() || next % 8 != 0 || next >= bytes.size())
      return fail(NtStatus::kInvalidParameter);
    bytes = bytes.subspan(next);
  }
  return quotas;
}

Result<QueryQuotaInfo> decode_query_quota(Bytes bytes) {
  Reader r(bytes);
  QueryQuotaInfo x;
  x.return_single = r.u8() != 0;
  x.restart_scan = r.u8() != 0;
  r.skip(2);
  std::size_t list_length = r.u32();
  std::size_t start_length = r.u32();
  std::size_t start_offset = r.u32();
  Bytes buffer = r.rest();
  if (!r.ok()) return fail(NtStatus::kInvalidParameter);

  Reader in(buffer);
  if (list_length != 0) {
    Bytes list = in.at(0, list_length);
    if (!in.ok()) return fail(NtStatus::kInvalidParameter);
    Result<std::vector<Sid>> sids = decode_sid_list(list);
    if (!sids) return fail(sids.error());
    x.sids = std::move(*sids);
  } else if (start_length != 0) {
    Bytes octets = in.at(start_offset, start_length);
    if (!in.ok()) return fail(NtStatus::kInvalidParameter);
    Result<Sid> sid = read_whole_sid(octets);
    if (!sid) return fail(sid.error());
    x.start_sid = *sid;
  }
  return x;
}

}  // namespace holdfast::wire::fscc
