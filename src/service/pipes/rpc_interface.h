// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ports/pipe.h"
#include "service/pipes/server_view.h"
#include "wire/rpc/ndr.h"
#include "wire/rpc/pdu.h"

namespace holdfast::service::pipes {

/// NET_API_STATUS values (MS-ERREF 2.2, MS-SRVS 2.2.2).
namespace net_status {
inline constexpr std::uint32_t kSuccess = 0;
inline constexpr std::uint32_t kAccessDenied = 5;
inline constexpr std::uint32_t kInvalidParameter = 87;
inline constexpr std::uint32_t kInvalidName = 123;
inline constexpr std::uint32_t kInvalidLevel = 124;
inline constexpr std::uint32_t kMoreData = 234;
inline constexpr std::uint32_t kNetNameNotFound = 2310;
inline constexpr std::uint32_t kClientNameNotFound = 2312;
inline constexpr std::uint32_t kFileIdNotFound = 2314;
}  // namespace net_status

/// One call: its parameters in, its results out.
struct Call {
  ServerView& server;
  const ports::PipeClient& client;
  wire::rpc::NdrReader in;
  wire::rpc::NdrWriter out;

  bool administrator() const {
    return client.identity.is_administrator && !client.identity.is_guest &&
           !client.identity.is_anonymous;
  }
};

/// Answers one call: 0, or the status of the fault it is (wire::rpc::fault_status).
using Operation = std::uint32_t (*)(Call& call);

/// An interface that a pipe offers.
struct Interface {
  wire::rpc::SyntaxId syntax;
  /// The operation of an opnum; nullptr when there is none.
  Operation (*operation)(std::uint16_t opnum);
};

extern const Interface kSrvsvc;
extern const Interface kWkssvc;

}  // namespace holdfast::service::pipes
