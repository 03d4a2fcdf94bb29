// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "wire/rpc/ndr.h"
#include "wire/rpc/pdu.h"

/// The Service Witness Protocol (MS-SWN): clients that registered are told when what they use
/// comes, goes or moves. Requests and responses are whole stubs.
namespace holdfast::wire::rpc::witness {

inline constexpr SyntaxId kInterface{make_uuid("ccd8c074-d0e5-4a40-92b4-d074faa6ba28"), 1, 1};

/// Operation numbers (MS-SWN 3.1.4).
namespace opnum {
inline constexpr std::uint16_t kGetInterfaceList = 0;
inline constexpr std::uint16_t kRegister = 1;
inline constexpr std::uint16_t kUnRegister = 2;
inline constexpr std::uint16_t kAsyncNotify = 3;
inline constexpr std::uint16_t kRegisterEx = 4;
inline constexpr std::uint16_t kUnRegisterEx = 5;
}  // namespace opnum

inline constexpr std::uint32_t kVersion1 = 0x00010001;
inline constexpr std::uint32_t kVersion2 = 0x00020000;

/// Return values (MS-ERREF 2.2).
namespace error {
inline constexpr std::uint32_t kSuccess = 0;
inline constexpr std::uint32_t kAccessDenied = 5;
inline constexpr std::uint32_t kInvalidParameter = 0x57;
inline constexpr std::uint32_t kNoMoreItems = 0x103;
inline constexpr std::uint32_t kNotFound = 0x490;
inline constexpr std::uint32_t kRevisionMismatch = 0x51A;
inline constexpr std::uint32_t kTimeout = 0x5B4;
inline constexpr std::uint32_t kInvalidState = 0x139F;
inline constexpr std::uint32_t kNoSystemResources = 0x5AA;
}  // namespace error

/// A context handle (C706 14.3.13 appendix N): attributes and a UUID; all zeros is none.
using ContextHandle = std::array<std::uint8_t, 20>;

/// The state of an interface (2.2.2.5) and of a resource (2.2.2.3).
enum class State : std::uint16_t { kUnknown = 0, kAvailable = 1, kUnavailable = 0xFF };

/// WITNESS_INTERFACE_INFO.Flags (2.2.2.5).
namespace interface_flag {
inline constexpr std::uint32_t kIpv4 = 1;
inline constexpr std::uint32_t kIpv6 = 2;
/// Clients may register there.
inline constexpr std::uint32_t kWitness = 4;
}  // namespace interface_flag

/// WITNESS_INTERFACE_INFO (2.2.2.5).
struct InterfaceInfo {
  /// UTF-8, at most kMaxGroupName UTF-16 units; longer ones are cut.
  std::string group_name;
  std::uint32_t version = kVersion2;
  State state = State::kAvailable;
  /// Octets in network order.
  std::array<std::uint8_t, 4> ipv4{};
  std::array<std::uint8_t, 16> ipv6{};
  std::uint32_t flags = 0;

  bool operator==(const InterfaceInfo&) const = default;
};
inline constexpr std::size_t kMaxGroupName = 259;
/// The array is answered as a whole, half a kibibyte each.
inline constexpr std::size_t kMaxInterfaces = 256;

struct InterfaceListResponse {
  std::vector<InterfaceInfo> interfaces;
  std::uint32_t status = error::kSuccess;
};

/// WitnessrRegister and WitnessrRegisterEx (3.1.4.2, 3.1.4.5).
struct RegisterRequest {
  std::uint32_t version = kVersion2;
  WidePointer net_name;
  /// RegisterEx only.
  WidePointer share_name;
  WidePointer ip_address;
  WidePointer client_computer_name;
  /// RegisterEx only: 1 asks for changes of the addresses, too.
  std::uint32_t flags = 0;
  /// RegisterEx only; seconds.
  std::uint32_t keep_alive_timeout_s = 0;

  bool operator==(const RegisterRequest&) const = default;
};
inline constexpr std::uint32_t kRegisterIpNotification = 1;

struct HandleResponse {
  ContextHandle handle{};
  std::uint32_t status = error::kSuccess;
};

/// RESP_ASYNC_NOTIFY.MessageType (2.2.2.4).
enum class NotificationType : std::uint32_t {
  kResourceChange = 1,
  kClientMove = 2,
  kShareMove = 3,
  kIpChange = 4,
};

/// RESOURCE_CHANGE (2.2.2.3).
struct ResourceChange {
  State state = State::kUnknown;
  std::string resource_name;

  bool operator==(const ResourceChange&) const = default;
};

/// IPADDR_INFO (2.2.2.1).
struct AddressInfo {
  std::uint32_t flags = 0;
  std::array<std::uint8_t, 4> ipv4{};
  std::array<std::uint8_t, 16> ipv6{};

  bool operator==(const AddressInfo&) const = default;
};

namespace address_flag {
inline constexpr std::uint32_t kIpv4 = 1;
inline constexpr std::uint32_t kIpv6 = 2;
inline constexpr std::uint32_t kOnline = 8;
inline constexpr std::uint32_t kOffline = 0x10;
}  // namespace address_flag

/// RESP_ASYNC_NOTIFY (2.2.2.4): of its type either changes, or one list of addresses for each
/// message (IPADDR_INFO_LIST, 2.2.2.2).
struct Notification {
  NotificationType type = NotificationType::kResourceChange;
  std::vector<ResourceChange> changes;
  std::vector<std::vector<AddressInfo>> address_lists;

  bool operator==(const Notification&) const = default;
};

struct NotifyResponse {
  std::optional<Notification> notification;
  std::uint32_t status = error::kSuccess;
};

/// False when malformed; `out` is then unspecified.
[[nodiscard]] bool decode_register(Bytes stub, bool extended, RegisterRequest& out);
void encode_register(const RegisterRequest& request, bool extended, Buffer& out);

/// UnRegister, AsyncNotify and UnRegisterEx have a handle alone.
[[nodiscard]] bool decode_handle(Bytes stub, ContextHandle& out);
void encode_handle(const ContextHandle& handle, Buffer& out);

[[nodiscard]] bool decode_handle_response(Bytes stub, HandleResponse& out);
void encode_handle_response(const HandleResponse& response, Buffer& out);

[[nodiscard]] bool decode_interface_list(Bytes stub, InterfaceListResponse& out);
/// With a status that is not success the list is a null pointer.
void encode_interface_list(const InterfaceListResponse& response, Buffer& out);

[[nodiscard]] bool decode_notify_response(Bytes stub, NotifyResponse& out);
void encode_notify_response(const NotifyResponse& response, Buffer& out);

/// WitnessrUnRegister answers a status alone.
[[nodiscard]] bool decode_status(Bytes stub, std::uint32_t& status);
void encode_status(std::uint32_t status, Buffer& out);

}  // namespace holdfast::wire::rpc::witness
