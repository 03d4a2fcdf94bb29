// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.h"
#include "base/result.h"
#include "base/sid.h"
#include "base/writer.h"

namespace holdfast::wire::dtyp {

/// Octets of a SID on the wire: 8 + 4 for each sub-authority (MS-DTYP 2.4.2.2).
inline std::size_t size_of(const Sid& sid) { return 8 + 4 * std::size_t{sid.count}; }

/// Appends SID as a packet (MS-DTYP 2.4.2.2).
void append(const Sid& sid, Writer& w);

/// Reads a SID where the reader stands. nullopt and a failed reader when it is truncated, its
/// revision is not 1, or it has more than 15 sub-authorities.
std::optional<Sid> read_sid(Reader& r);

}  // namespace holdfast::wire::dtyp
