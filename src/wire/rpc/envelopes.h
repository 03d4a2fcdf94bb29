// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "wire/rpc/ndr.h"

/// The parameter shapes that the calls of MS-SRVS and MS-WKST have in common.
namespace holdfast::wire::rpc {

/// What an *Enum call asks, after the parameters of its own: an enumeration structure (its input
/// container must be empty), PreferedMaximumLength, ResumeHandle.
struct EnumRequest {
  std::uint32_t level = 0;
  std::uint32_t preferred_maximum_length = 0xFFFFFFFF;
  std::optional<std::uint32_t> resume_handle;
};

/// knows_level: whether the union has an arm for a level; one without carries nothing.
template <class KnowsLevel>
EnumRequest read_enum_request(NdrReader& r, KnowsLevel&& knows_level) {
  EnumRequest q;
  q.level = r.u32();
  if (r.u32() != q.level) r.fail();
  if (knows_level(q.level) && r.unique()) {
    (void)r.u32();  // EntriesRead, meaningless in a request
    if (r.unique() && r.u32() != 0) r.fail();
  }
  q.preferred_maximum_length = r.u32();
  q.resume_handle = r.unique_u32();
  return q;
}

/// As a client sends it.
inline void write_enum_request(NdrWriter& w, const EnumRequest& q, bool knows_level = true) {
  w.u32(q.level);
  w.u32(q.level);
  if (knows_level) {
    w.pointer(true);
    w.u32(0);
    w.pointer(false);
  }
  w.u32(q.preferred_maximum_length);
  w.unique_u32(q.resume_handle);
}

/// What an *Enum call answers.
template <class Entry>
struct EnumResponse {
  std::uint32_t level = 0;
  std::vector<Entry> entries;
  std::uint32_t total_entries = 0;
  std::optional<std::uint32_t> resume_handle;
  /// NET_API_STATUS.
  std::uint32_t status = 0;
};

template <class Entry>
void write_enum_response(NdrWriter& w, const EnumResponse<Entry>& answer) {
  w.u32(answer.level);
  w.u32(answer.level);
  w.pointer(true);
  w.u32(static_cast<std::uint32_t>(answer.entries.size()));
  w.pointer(!answer.entries.empty());
  if (!answer.entries.empty()) write_array(w, answer.entries);
  w.u32(answer.total_entries);
  w.unique_u32(answer.resume_handle);
  w.u32(answer.status);
}

/// The answer to a level that the union has no arm for.
inline void write_unknown_level(NdrWriter& w, const EnumRequest& q, std::uint32_t status) {
  w.u32(q.level);
  w.u32(q.level);
  w.u32(0);
  w.unique_u32(q.resume_handle);
  w.u32(status);
}

template <class Entry>
EnumResponse<Entry> read_enum_response(NdrReader& r) {
  EnumResponse<Entry> answer;
  answer.level = r.u32();
  if (r.u32() != answer.level) r.fail();
  if (r.unique()) {
    const std::uint32_t count = r.u32();
    if (r.unique()) answer.entries = read_array<Entry>(r);
    if (answer.entries.size() != count) r.fail();
  }
  answer.total_entries = r.u32();
  answer.resume_handle = r.unique_u32();
  answer.status = r.u32();
  return answer;
}

/// The answer of a *GetInfo call: a union with a pointer to one structure.
template <class Info>
void write_info_response(NdrWriter& w, std::uint32_t level, const Info& info) {
  w.u32(level);
  w.pointer(true);
  write_structure(w, info);
  w.u32(0);
}

/// The same for a failure. knows_level: the union has an arm, which is null then.
inline void write_info_failure(NdrWriter& w, std::uint32_t level, bool knows_level,
                               std::uint32_t status) {
  w.u32(level);
  if (knows_level) w.pointer(false);
  w.u32(status);
}

/// Reads what write_info_response wrote; info stays when the pointer is null. Returns the status.
template <class Info>
std::uint32_t read_info_response(NdrReader& r, std::uint32_t level, Info& info) {
  if (r.u32() != level) r.fail();
  if (r.unique()) read_structure(r, info);
  return r.u32();
}

}  // namespace holdfast::wire::rpc
