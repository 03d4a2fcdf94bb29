// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of the server in one place. What the network can drive has one here.
namespace holdfast::limits {

/// Largest READ, WRITE and TRANSACT payload, octets (MS-SMB2 2.2.4; Windows and Samba offer 8 MiB).
inline constexpr std::uint32_t kMaxTransactSize = 8u << 20;
/// What a client without large MTU gets (MS-SMB2 3.3.5.4).
inline constexpr std::uint32_t kMaxSmallTransactSize = 64u << 10;
/// Header, fixed parts and contexts of a request beside its payload.
inline constexpr std::uint32_t kMaxRequestOverhead = 64u << 10;
/// Largest transport frame accepted after authentication.
inline constexpr std::uint32_t kMaxFrameSize = kMaxTransactSize + kMaxRequestOverhead;
/// Largest frame before a session exists: NEGOTIATE and SESSION_SETUP need no more.
inline constexpr std::uint32_t kMaxUnauthenticatedFrameSize = 128u << 10;
/// A connection that has not negotiated and logged on in this time is closed.
inline constexpr std::uint64_t kUnauthenticatedTimeout_us = 30'000'000;
/// A frame that was begun must be complete in this time.
inline constexpr std::uint64_t kPartialFrameTimeout_us = 60'000'000;
/// Octets waiting to be sent to one client beyond which its requests are no longer read.
inline constexpr std::size_t kSendQueueHighWater = 16u << 20;
/// Octets that the requests in progress of one connection (what they carry and what their answers
/// may have) may hold; beyond it no further request is read.
inline constexpr std::size_t kMaxInFlightBytes = 64u << 20;

/// Credits granted to one connection at most (MS-SMB2 3.3.1.2).
inline constexpr std::uint32_t kMaxCredits = 8192;
/// Requests in one compounded frame.
inline constexpr std::size_t kMaxCompound = 64;
/// Requests of one connection that have an interim response and wait.
inline constexpr std::size_t kMaxAsyncRequests = 512;
/// A client that has not confirmed a break notification (TCP) in this time gets it on another
/// channel. A few round trips even of slow networks.
/// For the acknowledgement of an oplock or lease break (MS-SMB2 3.3.2.1, 3.3.2.5 and their note).
inline constexpr std::uint64_t kBreakTimeout_us = 35'000'000;
inline constexpr std::uint64_t kNotificationRetry_us = 2'000'000;
/// How long an open is kept for a client that has lost its connection: what the client asks for up
/// to a limit, and what it gets without asking (Windows' values, notes on MS-SMB2 3.3.5.9.6,
/// 3.3.5.9.10 and 3.3.5.15.9).
inline constexpr std::uint32_t kDurableTimeoutVersion1_ms = 16u * 60 * 1000;
inline constexpr std::uint32_t kDurableTimeout_ms = 60'000;
inline constexpr std::uint32_t kMaxDurableTimeout_ms = 300'000;
inline constexpr std::uint32_t kResilientTimeout_ms = 120'000;
inline constexpr std::uint32_t kMaxResilientTimeout_ms = 300'000;
/// Opens of one file that one application takes over from another client.
inline constexpr std::size_t kMaxAppInstanceOpens = 1'024;
inline constexpr std::size_t kMaxConnections = 16'384;
inline constexpr std::size_t kMaxSessions = 65'536;
inline constexpr std::size_t kMaxSessionsPerConnection = 1'024;
inline constexpr std::size_t kMaxTreesPerSession = 1'024;
inline constexpr std::size_t kMaxOpensPerSession = 65'536;
inline constexpr std::size_t kMaxLocksPerOpen = 65'536;
/// Lock elements in one LOCK request.
inline constexpr std::size_t kMaxLockElements = 1'024;

/// A path of a request, UTF-16 units (MS-FSCC 2.1.5), and of one component.
inline constexpr std::size_t kMaxPathUnits = 32'760;
inline constexpr std::size_t kMaxComponentUnits = 255;
inline constexpr std::size_t kMaxPathDepth = 512;
/// Previous versions that a share tells of.
inline constexpr std::size_t kMaxSnapshots = 1'024;
inline constexpr std::size_t kMaxSecurityDescriptor = 64u << 10;
inline constexpr std::size_t kMaxEaList = 64u << 10;
/// SPNEGO and NTLM tokens.
inline constexpr std::size_t kMaxSecurityToken = 64u << 10;
/// One DCE/RPC fragment and one whole call.
inline constexpr std::size_t kMaxRpcFragment = 5'840;
inline constexpr std::size_t kMaxRpcCall = 1u << 20;
/// Calls of one association that wait for their answers.
inline constexpr std::size_t kMaxRpcWaitingCalls = 16;
/// DCE/RPC over TCP: connections, octets of one call (the interfaces there have small ones), and
/// octets waiting to be sent beyond which no further call is read.
inline constexpr std::size_t kMaxRpcConnections = 4'096;
inline constexpr std::size_t kMaxRpcTcpCall = 64u << 10;
inline constexpr std::size_t kMaxRpcSendQueue = 256u << 10;
/// A connection ends that has not logged on in this time and has no call waiting, that is idle for
/// so long, or that leaves a call incomplete for so long.
inline constexpr std::uint64_t kRpcUnauthenticatedTimeout_us = 60'000'000;
inline constexpr std::uint64_t kRpcIdleTimeout_us = 15ull * 60 * 1'000'000;
inline constexpr std::uint64_t kRpcPartialCallTimeout_us = 30'000'000;

}  // namespace holdfast::limits
