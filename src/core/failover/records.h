// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>

#include "core/object/open_record.h"
#include "wire/state/records.h"

/// Between what is in memory and what the state store keeps (wire/state).
namespace holdfast::core::failover {

enum class RecordProblem : std::uint8_t {
  kMalformed,
  /// Written by a newer server, in a form that this one cannot read.
  kNewer,
};
template <class T>
using Record = std::expected<T, RecordProblem>;

/// Key of an open: FileId.Persistent.
std::array<std::uint8_t, 8> open_key(std::uint64_t persistent_id);
/// Names beyond 65,535 octets, which no request can bring, are cut.
ByteVec encode_open(const OpenRecord& open);
Record<OpenRecord> decode_open(Bytes value);

ByteVec encode_server(const wire::state::ServerState& server);
Record<wire::state::ServerState> decode_server(Bytes value);

/// Key of a connection: its addresses and ports.
ByteVec connection_key(const wire::state::ConnectionState& connection);
ByteVec encode_connection(const wire::state::ConnectionState& connection);
Record<wire::state::ConnectionState> decode_connection(Bytes value);

}  // namespace holdfast::core::failover
