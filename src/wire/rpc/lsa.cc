// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc/lsa.h"

namespace holdfast::wire::rpc::lsa {
namespace {

/// RIDs of what has none: domains and what was not found (MS-LSAT 2.2.14).
std::uint32_t rid_of(const TranslatedSid& sid) {
  return sid.use == SidType::kDomain || sid.use == SidType::kUnknown ? 0xFFFFFFFF : sid.sid.rid();
}

/// The count that stands before an array of its own: both must agree.
std::uint32_t array_of(NdrReader& r, std::uint32_t count, std::size_t element_size,
                       std::uint32_t most) {
  std::uint32_t conformance = r.conformance(element_size);
  if (conformance != count || count > most) r.fail();
  return r.ok() ? count : 0;
}

}  // namespace

StringHeader read_string_header(NdrReader& r) {
  StringHeader header;
  r.align(4);
  header.length = r.u16();
  header.maximum_length = r.u16();
  header.present = r.unique();
  if (header.length % 2 != 0 || header.length > header.maximum_length) r.fail();
  return header;
}

std::string read_string_body(NdrReader& r, const StringHeader& header) {
  if (!header.present) {
    if (header.length != 0) r.fail();
    return {};
  }
  // A conformant varying array of units, without a NUL of its own.
  const std::uint32_t maximum = r.u32(), offset = r.u32(), actual = r.u32();
  if (maximum != header.maximum_length / 2u || offset != 0 || actual != header.length / 2u)
    r.fail();
  if (!r.ok()) return {};
  return utf16le_to_utf8(r.octets(header.length));
}

void write_string_header(NdrWriter& w, std::string_view utf8) {
  auto size = static_cast<std::uint16_t>(to_utf16le(utf8).size());
  w.align(4);
  w.u16(size);
  w.u16(size);
  w.pointer(true);
}

void write_string_body(NdrWriter& w, std::string_view utf8) {
  ByteVec units = to_utf16le(utf8);
  auto count = static_cast<std::uint32_t>(units.size() / 2);
  w.u32(count);
  w.u32(0);
  w.u32(count);
  w.octets(units);
}

void write_string(NdrWriter& w, std::string_view utf8) {
  write_string_header(w, utf8);
  write_string_body(w, utf8);
}

Sid read_sid(NdrReader& r) {
  Sid sid;
  const std::uint32_t conformance = r.u32();
  sid.revision = r.u8();
  sid.count = r.u8();
  if (conformance != sid.count || sid.count > Sid::kMaxSubAuthorities) r.fail();
  for (int i = 0; i < 6; ++i) sid.authority = sid.authority << 8 | r.u8();
  if (!r.ok()) return {};
  for (std::size_t i = 0; i < sid.count; ++i) sid.sub[i] = r.u32();
  return sid;
}

void write_sid(NdrWriter& w, const Sid& sid) {
  w.u32(sid.count);
  w.u8(sid.revision);
  w.u8(sid.count);
  for (int shift = 40; shift >= 0; shift -= 8)
    w.u8(static_cast<std::uint8_t>(sid.authority >> shift));
  for (std::size_t i = 0; i < sid.count; ++i) w.u32(sid.sub[i]);
}

std::vector<std::string> read_names(NdrReader& r) {
  const std::uint32_t count = r.u32();
  std::vector<StringHeader> headers(array_of(r, count, 8, kMaxNames));
  for (StringHeader& header : headers) header = read_string_header(r);
  std::vector<std::string> names;
  for (const StringHeader& header : headers)
    if (r.ok()) names.push_back(read_string_body(r, header));
  if (!r.ok()) names.clear();
  return names;
}

void write_names(NdrWriter& w, const std::vector<std::string>& names) {
  w.u32(static_cast<std::uint32_t>(names.size()));
  w.u32(static_cast<std::uint32_t>(names.size()));
  for (const std::string& name : names) write_string_header(w, name);
  for (const std::string& name : names) write_string_body(w, name);
}

std::vector<Sid> read_sids(NdrReader& r) {
  const std::uint32_t count = r.u32();
  if (!r.unique()) {
    if (count != 0) r.fail();
    return {};
  }
  std::uint32_t present = array_of(r, count, 4, kMaxSids);
  // A SID that is not there cannot be looked up (MS-LSAT 3.1.4.9).
  for (std::uint32_t i = 0; i < present; ++i)
    if (!r.unique()) r.fail();
  std::vector<Sid> sids;
  for (std::uint32_t i = 0; i < present && r.ok(); ++i) sids.push_back(read_sid(r));
  if (!r.ok()) sids.clear();
  return sids;
}

void write_sids(NdrWriter& w, const std::vector<Sid>& sids) {
  w.u32(static_cast<std::uint32_t>(sids.size()));
  w.pointer(true);
  w.u32(static_cast<std::uint32_t>(sids.size()));
  for (std::size_t i = 0; i < sids.size(); ++i) w.pointer(true);
  for (const Sid& sid : sids) write_sid(w, sid);
}

void write_domains(NdrWriter& w, const std::vector<Domain>& domains) {
  auto count = static_cast<std::uint32_t>(domains.size());
  w.pointer(true);
  w.u32(count);
  w.pointer(count != 0);
  w.u32(32);  // MaxEntries, which is not used
  if (count == 0) return;
  w.u32(count);
  for (const Domain& domain : domains) {
    write_string_header(w, domain.name);
    w.pointer(true);
  }
  for (const Domain& domain : domains) {
    write_string_body(w, domain.name);
    write_sid(w, domain.sid);
  }
}

std::vector<Domain> read_domains(NdrReader& r) {
  if (!r.unique()) return {};
  const std::uint32_t count = r.u32();
  const bool present = r.unique();
  (void)r.u32();
  std::vector<Domain> domains(present ? array_of(r, count, 12, kMaxSids) : 0);
  std::vector<StringHeader> headers;
  for (std::size_t i = 0; i < domains.size(); ++i) {
    headers.push_back(read_string_header(r));
    if (!r.unique()) r.fail();
  }
  for (std::size_t i = 0; i < domains.size() && r.ok(); ++i) {
    domains[i].name = read_string_body(r, headers[i]);
    domains[i].sid = read_sid(r);
  }
  return domains;
}

void write_translated_names(NdrWriter& w, const std::vector<TranslatedName>& names, bool extended) {
  auto count = static_cast<std::uint32_t>(names.size());
  w.u32(count);
  w.pointer(count != 0);
  if (count == 0) return;
  w.u32(count);
  for (const TranslatedName& name : names) {
    w.align(4);
    w.u16(static_cast<std::uint16_t>(name.use));
    write_string_header(w, name.name);
    w.u32(static_cast<std::uint32_t>(name.domain_index));
    if (extended) w.u32(0);
  }
  for (const TranslatedName& name : names) write_string_body(w, name.name);
}

std::vector<TranslatedName> read_translated_names(NdrReader& r, bool extended) {
  const std::uint32_t count = r.u32();
  if (!r.unique()) return {};
  std::vector<TranslatedName> names(array_of(r, count, 16, kMaxSids));
  std::vector<StringHeader> headers;
  for (TranslatedName& name : names) {
    r.align(4);
    name.use = static_cast<SidType>(r.u16());
    headers.push_back(read_string_header(r));
    name.domain_index = static_cast<std::int32_t>(r.u32());
    if (extended) (void)r.u32();
  }
  for (std::size_t i = 0; i < names.size() && r.ok(); ++i)
    names[i].name = read_string_body(r, headers[i]);
  return names;
}

void write_translated_sids(NdrWriter& w, const std::vector<TranslatedSid>& sids, SidForm form) {
  auto count = static_cast<std::uint32_t>(sids.size());
  w.u32(count);
  w.pointer(count != 0);
  if (count == 0) return;
  w.u32(count);
  for (const TranslatedSid& sid : sids) {
    w.align(4);
    w.u16(static_cast<std::uint16_t>(sid.use));
    if (form == SidForm::kWhole) {
      w.pointer(sid.use != SidType::kUnknown);
    } else {
      w.u32(rid_of(sid));
    }
    w.u32(static_cast<std::uint32_t>(sid.domain_index));
    if (form != SidForm::kRid) w.u32(0);
  }
  if (form != SidForm::kWhole) return;
  for (const TranslatedSid& sid : sids)
    if (sid.use != SidType::kUnknown) write_sid(w, sid.sid);
}

std::vector<TranslatedSid> read_translated_sids(NdrReader& r, SidForm form) {
  const std::uint32_t count = r.u32();
  if (!r.unique()) return {};
  std::vector<TranslatedSid> sids(array_of(r, count, 12, kMaxNames));
  std::vector<bool> present;
  for (TranslatedSid& sid : sids) {
    r.align(4);
    sid.use = static_cast<SidType>(r.u16());
    if (form == SidForm::kWhole) {
      present.push_back(r.unique());
    } else {
      sid.sid = Sid(0, {r.u32()});
    }
    sid.domain_index = static_cast<std::int32_t>(r.u32());
    if (form != SidForm::kRid) (void)r.u32();
  }
  for (std::size_t i = 0; i < present.size() && r.ok(); ++i)
    if (present[i]) sids[i].sid = read_sid(r);
  return sids;
}

}  // namespace holdfast::wire::rpc::lsa
