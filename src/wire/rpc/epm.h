// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "wire/rpc/ndr.h"
#include "wire/rpc/pdu.h"

/// The endpoint mapper (C706 appendices L and O, MS-RPCE 2.2.1.2): where an interface listens.
/// Requests and responses are whole stubs.
namespace holdfast::wire::rpc::epm {

inline constexpr SyntaxId kInterface{make_uuid("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), 3, 0};
/// The port that every client asks on (MS-RPCE 2.1.1.1).
inline constexpr std::uint16_t kPort = 135;

namespace opnum {
inline constexpr std::uint16_t kLookup = 2;
inline constexpr std::uint16_t kMap = 3;
inline constexpr std::uint16_t kLookupHandleFree = 4;
}  // namespace opnum

/// error_status values (C706 appendix E).
namespace error {
inline constexpr std::uint32_t kOk = 0;
inline constexpr std::uint32_t kCannotPerform = 0x16C9A0CD;
/// Also: there are no more entries.
inline constexpr std::uint32_t kNotRegistered = 0x16C9A0D6;
}  // namespace error

/// Protocol identifiers of floors (C706 appendix I).
namespace protocol {
inline constexpr std::uint8_t kTcp = 0x07;
inline constexpr std::uint8_t kIp = 0x09;
inline constexpr std::uint8_t kConnectionOriented = 0x0B;
inline constexpr std::uint8_t kUuid = 0x0D;
}  // namespace protocol

/// Floors beyond which a tower is refused (MS-RPCE 2.2.1.2.2).
inline constexpr std::size_t kMaxFloors = 6;
/// Octets of a tower; six floors of the longest kinds have far fewer.
inline constexpr std::size_t kMaxTower = 2'048;
/// max_towers and max_ents in a request (MS-RPCE 2.2.1.2.5).
inline constexpr std::uint32_t kMaxTowers = 500;
/// Octets of an annotation with its NUL.
inline constexpr std::size_t kMaxAnnotation = 64;

/// A way to reach an interface (C706 appendix L). Only what is over TCP is understood further than
/// by the identifiers of its protocols.
struct Tower {
  SyntaxId interface;
  SyntaxId transfer_syntax;
  /// Identifiers of floors 3 and 4: kConnectionOriented and kTcp for ncacn_ip_tcp.
  std::uint8_t rpc_protocol = protocol::kConnectionOriented;
  std::uint8_t transport = protocol::kTcp;
  /// Of kTcp; 0 in a question.
  std::uint16_t port = 0;
  /// Network order; zeros in a question, and where the server is reached by IPv6.
  std::array<std::uint8_t, 4> ipv4{};

  bool is_tcp() const {
    return rpc_protocol == protocol::kConnectionOriented && transport == protocol::kTcp;
  }
  bool operator==(const Tower&) const = default;
};

/// nullopt: malformed, or more floors than allowed.
std::optional<Tower> decode_tower(Bytes octets);
/// Of an ncacn_ip_tcp tower: five floors, 75 octets.
ByteVec encode_tower(const Tower& tower);

/// A context handle (C706 appendix N); zeros: none.
using Handle = std::array<std::uint8_t, 20>;

struct MapRequest {
  std::optional<Guid> object;
  /// The octets; empty: a null pointer.
  ByteVec tower;
  Handle handle{};
  std::uint32_t max_towers = 0;

  bool operator==(const MapRequest&) const = default;
};
struct MapResponse {
  Handle handle{};
  /// size_is of the array.
  std::uint32_t max_towers = 0;
  std::vector<ByteVec> towers;
  std::uint32_t status = error::kOk;

  bool operator==(const MapResponse&) const = default;
};

/// What ept_lookup looks for (C706 appendix O).
enum class Inquiry : std::uint32_t { kAll = 0, kByInterface = 1, kByObject = 2, kByBoth = 3 };
/// How versions compare with the one asked for (C706 appendix O).
enum class Versions : std::uint32_t {
  kAll = 1,
  kCompatible = 2,
  kExact = 3,
  kMajorOnly = 4,
  kUpTo = 5,
};

struct LookupRequest {
  Inquiry inquiry = Inquiry::kAll;
  std::optional<Guid> object;
  std::optional<SyntaxId> interface;
  Versions versions = Versions::kAll;
  Handle handle{};
  std::uint32_t max_entries = 0;

  bool operator==(const LookupRequest&) const = default;
};
struct Entry {
  Guid object;
  ByteVec tower;
  /// ASCII, at most kMaxAnnotation - 1 octets.
  std::string annotation;

  bool operator==(const Entry&) const = default;
};
struct LookupResponse {
  Handle handle{};
  std::uint32_t max_entries = 0;
  std::vector<Entry> entries;
  std::uint32_t status = error::kOk;

  bool operator==(const LookupResponse&) const = default;
};

/// False when malformed; `out` is then unspecified.
[[nodiscard]] bool decode_map_request(Bytes stub, MapRequest& out);
void encode_map_request(const MapRequest& request, Buffer& out);
[[nodiscard]] bool decode_map_response(Bytes stub, MapResponse& out);
void encode_map_response(const MapResponse& response, Buffer& out);
[[nodiscard]] bool decode_lookup_request(Bytes stub, LookupRequest& out);
void encode_lookup_request(const LookupRequest& request, Buffer& out);
[[nodiscard]] bool decode_lookup_response(Bytes stub, LookupResponse& out);
void encode_lookup_response(const LookupResponse& response, Buffer& out);
/// ept_lookup_handle_free takes a handle, and gives one and a status.
[[nodiscard]] bool decode_handle(Bytes stub, Handle& out);

}  // namespace holdfast::wire::rpc::epm
