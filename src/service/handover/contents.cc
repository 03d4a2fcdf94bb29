// SPDX-License-Identifier: Apache-2.0
#include "service/handover/takeover.h"

namespace holdfast::service::handover {
namespace {

namespace state = wire::state;
using state::EntryKind;

constexpr const char* kDamaged = "the hand-over is damaged";

/// False: it is malformed, or of a kind that this binary would have to know.
bool add(const state::Entry& entry, Bytes value, Contents& out, state::HandoverEnd& end) {
  switch (static_cast<EntryKind>(entry.kind)) {
    case EntryKind::kHead: return decode(value, out.head);
    case EntryKind::kListener: return decode(value, out.listeners.emplace_back());
    case EntryKind::kConnection: return decode(value, out.connections.emplace_back());
    case EntryKind::kSession: return decode(value, out.sessions.emplace_back());
    case EntryKind::kOpen: return decode(value, out.opens.emplace_back());
    case EntryKind::kRequest: return decode(value, out.requests.emplace_back());
    case EntryKind::kAdmin: return decode(value, out.admin);
    case EntryKind::kEnd: return decode(value, end);
  }
  return entry.needed == 0;
}

}  // namespace

std::expected<Contents, std::string> read_contents(Bytes octets) {
  Contents out;
  state::HandoverEnd end;
  std::uint32_t entries = 0;
  bool ended = false;
  for (; !octets.empty() && !ended; ++entries) {
    state::Entry entry;
    if (octets.size() < state::Entry::kSize || !decode(octets, entry) ||
        entry.length > octets.size() - state::Entry::kSize)
      return std::unexpected(kDamaged);
    bool is_head = entry.kind == static_cast<std::uint16_t>(EntryKind::kHead);
    if (is_head != (entries == 0)) return std::unexpected(kDamaged);
    if (!add(entry, octets.subspan(state::Entry::kSize, entry.length), out, end))
      return std::unexpected(is_head ? "the hand-over is of a server that this one cannot follow"
                                     : kDamaged);
    ended = entry.kind == static_cast<std::uint16_t>(EntryKind::kEnd);
    octets = octets.subspan(state::Entry::kSize + entry.length);
  }
  if (!ended || !octets.empty() || end.entries + 1 != entries)
    return std::unexpected("the hand-over is not whole");
  return out;
}

}  // namespace holdfast::service::handover
