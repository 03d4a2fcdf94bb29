// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// The bounds of moving from one instance to the next, and of proxies in front of both. As
/// limits.h, which most files include; few need these.
namespace holdfast::limits {

/// Times that each old connection is tickled, and the pause between: clients answer one segment
/// that is out of their window per half second and connection (Linux, tcp_invalid_ratelimit).
inline constexpr unsigned kTickles = 3;
inline constexpr std::uint64_t kTickleInterval_us = 600'000;
/// How long an address that has not come to this machine yet is waited for before its connections
/// are given up.
inline constexpr std::uint64_t kTickleAddressWait_us = 30'000'000;
/// Segments sent in one turn of a loop.
inline constexpr std::size_t kTicklesPerTurn = 256;

/// How long the place of a lost machine's connection is held for a segment that tells its numbers,
/// if not for the last tickle: neighbours may take a second to find each other (RFC 4861 10). And
/// how many of them are revived at once; the rest is reset.
inline constexpr std::uint64_t kRevivalWait_us = 1'500'000;
inline constexpr std::size_t kMaxRevivals = 1'024;
/// Their kFarewellQuiet_us: a client that has waited for room to send is woken first, which took up
/// to 120 ms on a busy machine.
inline constexpr std::uint64_t kRevivedQuiet_us = 150'000;

/// A connection of an earlier instance is ended when its client has sent nothing for so long, or
/// has sent all the while (8,192 credits are 512 MiB): it is to connect anew within a second. Then
/// the client has so long to end its side, and is read meanwhile.
inline constexpr std::uint64_t kFarewellQuiet_us = 50'000;
inline constexpr std::uint64_t kFarewellLongest_us = 600'000;
inline constexpr std::uint64_t kFarewellLinger_us = 1'000'000;

/// A client that has its handle back is told to give caching up no sooner. Linux handles the break
/// beside the answer to the reclaim, and loses locks that it cached when the break is faster.
inline constexpr std::uint64_t kBreakAfterReclaim_us = 50'000;
/// A client that has its handle back, and neither reads nor writes through it for so long, is asked
/// for what it has not written. Less than half the second that Linux keeps handles of closed files.
inline constexpr std::uint64_t kRestAfterReclaim_us = 200'000;
/// A client that has not written for so long does not.
inline constexpr std::uint64_t kWritingRest_us = 5'000'000;

/// Times that a moved address is announced, and the first pause between; each is twice the last.
inline constexpr unsigned kAnnouncements = 5;
inline constexpr std::uint64_t kAnnounceInterval_us = 100'000;

/// How long a TREE_CONNECT waits for a share whose volume an earlier instance still holds, or whose
/// opens are being restored: more than the longest usual lease.
inline constexpr std::uint64_t kVolumeWait_us = 60'000'000;
/// Between two attempts to open a volume's storage or to take its epoch.
inline constexpr std::uint64_t kVolumeRetry_us = 200'000;
/// How long a restored handle waits for a client that nobody can tell of the takeover, when it left
/// the time to the server: a Linux client gives a silent connection up after 180 s.
inline constexpr std::uint32_t kUntoldTimeout_ms = 240'000;
/// Between two attempts to serve a volume whose store cannot be read.
inline constexpr std::uint64_t kFailedVolumeRetry_us = 2'000'000;
/// Between two attempts to renew an epoch, at least.
inline constexpr std::uint64_t kEpochRetry_us = 250'000;
/// Objects made lately whose names are known to be on the disk.
inline constexpr std::size_t kMaxKnownOnDisk = 65'536;
/// What happens to many opens at a takeover is told once in this time.
inline constexpr std::uint64_t kFailoverTellEvery_us = 500'000;
/// How long the end of a server in order waits for requests in progress.
inline constexpr std::uint64_t kDrainTime_us = 8'000'000;

/// How long an upgrade waits for requests in progress, with connections held; then the old binary
/// goes on. A client's pause is that at most, and the start of the new binary.
inline constexpr std::uint64_t kUpgradeHold_us = 600'000;
/// How long the new binary waits for volumes that the old one has served, with connections held.
inline constexpr std::uint64_t kUpgradeVolumes_us = 5'000'000;
/// Octets of a hand-over between two binaries, at most.
inline constexpr std::size_t kMaxHandover = std::size_t{4} << 30;

/// Octets of a PROXY header, with what follows the addresses. Version 1 has at most 107.
inline constexpr std::size_t kMaxProxyHeader = 4'096;
inline constexpr std::size_t kMaxProxyHeaderV1 = 107;
/// A proxy sends the header as the first thing, so it comes with the connection.
inline constexpr std::uint64_t kProxyHeaderTimeout_us = 5'000'000;
/// Refusals on one listener are reported at most this often.
inline constexpr std::uint64_t kProxyRefusalEventEvery_us = 10'000'000;

}  // namespace holdfast::limits
