// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/unique_function.h"
#include "ports/pipe.h"
#include "service/pipes/server_view.h"
#include "wire/rpc/ndr.h"
#include "wire/rpc/pdu.h"

namespace holdfast::service::pipes {

/// NET_API_STATUS values (MS-ERREF 2.2, MS-SRVS 2.2.2).
namespace net_status {
inline constexpr std::uint32_t kSuccess = 0;
inline constexpr std::uint32_t kAccessDenied = 5;
inline constexpr std::uint32_t kWriteFault = 29;
inline constexpr std::uint32_t kNotSupported = 50;
inline constexpr std::uint32_t kInvalidParameter = 87;
inline constexpr std::uint32_t kInvalidName = 123;
inline constexpr std::uint32_t kInvalidLevel = 124;
inline constexpr std::uint32_t kMoreData = 234;
inline constexpr std::uint32_t kUnknownDirectory = 2116;
inline constexpr std::uint32_t kDuplicateShare = 2118;
inline constexpr std::uint32_t kNetNameNotFound = 2310;
inline constexpr std::uint32_t kDeviceNotShared = 2311;
inline constexpr std::uint32_t kClientNameNotFound = 2312;
inline constexpr std::uint32_t kFileIdNotFound = 2314;
}  // namespace net_status

/// The context handles of one association (C706 6.1.6): what a client opened and may name. Which
/// they are is all that is kept; every interface here that has handles decides by who calls.
class ContextHandles {
 public:
  static constexpr std::size_t kSize = 20;
  static constexpr std::size_t kMax = 256;
  using Octets = std::array<std::uint8_t, kSize>;

  /// nullopt: there are too many.
  std::optional<Octets> open();
  bool knows(Bytes handle) const;
  /// False: there is no such handle.
  bool close(Bytes handle);

 private:
  std::vector<Octets> open_;
  std::uint64_t next_ = 1;
};

struct Interface;

/// A call that its operation answers later.
class DeferredCall {
 public:
  virtual ~DeferredCall() = default;
  /// Each: once, from any thread. Nothing happens when the client has given the call up meanwhile.
  virtual void answer(Bytes stub) = 0;
  virtual void fault(std::uint32_t status) = 0;
};

/// What an operation may ask of the association that the call came by.
class CallHost {
 public:
  virtual ~CallHost() = default;
  /// The call that is being made is answered later; what its operation returns and writes is
  /// dropped. on_cancel: called once if the client gives it up or goes, from any thread; it must
  /// not come back to the association. nullptr: too many calls wait, or this transport has no
  /// place for them.
  virtual std::shared_ptr<DeferredCall> defer(UniqueFunction on_cancel) = 0;
  /// C706 9.5.4: what context handles belong to.
  virtual std::uint32_t association_group() const = 0;
};

/// One call: its parameters in, its results out.
struct Call {
  ServerView& server;
  const ports::PipeClient& client;
  wire::rpc::NdrReader in;
  wire::rpc::NdrWriter out;
  ContextHandles* handles = nullptr;
  /// The interface that the pipe was opened for.
  const Interface* endpoint = nullptr;
  CallHost* host = nullptr;

  bool administrator() const {
    return client.identity.is_administrator && !client.identity.is_guest &&
           !client.identity.is_anonymous;
  }
};

/// Answers one call: 0, or the status of the fault it is (wire::rpc::fault_status).
using Operation = std::uint32_t (*)(Call& call);

/// An interface that a pipe or a TCP port offers.
struct Interface {
  wire::rpc::SyntaxId syntax;
  /// The operation of an opnum; nullptr when there is none.
  Operation (*operation)(std::uint16_t opnum);
  /// Calls on associations with a lower level of authentication (wire::rpc::auth_level) are denied.
  std::uint8_t least_level = 0;
};

extern const Interface kSrvsvc;
extern const Interface kWkssvc;
extern const Interface kLsarpc;
/// Remote management (C706 Q): every pipe has it beside its own.
extern const Interface kManagement;

}  // namespace holdfast::service::pipes
