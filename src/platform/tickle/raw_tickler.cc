// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/raw_tickler.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/failover_limits.h"
#include "platform/loop/socket.h"
#include "platform/tickle/segment.h"

namespace holdfast::platform {
namespace {

using ports::TickleOutcome;
using ports::TickleResult;

/// Spreads the numbers of three segments evenly: at most one can lie in a window.
constexpr std::uint32_t kSequenceStep = 0x55555555;

/// 0, or the errno with which the kernel refuses the address as a source.
int source_error(const ports::Endpoint& local) {
  sockaddr_storage address;
  ports::Endpoint any_port = local;
  any_port.port = 0;
  socklen_t size = socket_address(any_port, any_port.is_v4(), address);
  UniqueFd fd(::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno;
  return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 ? 0 : errno;
}

TickleResult failed(int error) {
  if (error == EPERM || error == EACCES)
    return {TickleOutcome::kNotPermitted, "raw sockets are not permitted (CAP_NET_RAW)"};
  return {TickleOutcome::kFailed, error_text(error)};
}

}  // namespace

RawTickler::RawTickler(bool revives, Farewell::Done ended)
    : revives_(revives), reviver_(std::move(ended)) {}

bool RawTickler::is_permitted() { return RawSender().open(true) == 0; }

void RawTickler::expect(const ports::TcpConnection& connection) {
  if (revives_) reviver_.expect(connection);
}

TickleResult RawTickler::tickle(const ports::TcpConnection& connection, unsigned nth) {
  ByteVec packet = tickle_segment(connection, nth * kSequenceStep);
  if (packet.empty()) return {TickleOutcome::kFailed, "the addresses are of two kinds"};
  if (int error = sender_.open(connection.local.is_v4()); error != 0) return failed(error);
  int error = source_error(connection.local);
  if (error != 0 && error != EADDRNOTAVAIL) return failed(error);
  // The answer to the last one is a reset, if nothing else has helped. What was revived by the
  // first is not expected again.
  if (nth == 0 || error != 0)
    expect(connection);
  else if (nth + 1 >= limits::kTickles)
    reviver_.give_up(connection);
  if (error != 0) return {TickleOutcome::kNotOurs, "the address is not one of this machine's"};
  if (error = sender_.send(connection.peer, packet); error != 0) return failed(error);
  return {};
}

}  // namespace holdfast::platform
