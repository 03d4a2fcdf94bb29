// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/raw_tickler.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "platform/loop/socket.h"
#include "platform/tickle/segment.h"

namespace holdfast::platform {
namespace {

using ports::TickleOutcome;
using ports::TickleResult;

/// Spreads the numbers of three segments evenly: at most one can lie in a window.
constexpr std::uint32_t kSequenceStep = 0x55555555;

socklen_t to_sockaddr(const ports::Endpoint& endpoint, sockaddr_storage& out) {
  std::memset(&out, 0, sizeof out);
  if (endpoint.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
    v4->sin_family = AF_INET;
    std::memcpy(&v4->sin_addr, endpoint.address.data() + 12, 4);
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
  v6->sin6_family = AF_INET6;
  std::memcpy(&v6->sin6_addr, endpoint.address.data(), 16);
  return sizeof *v6;
}

/// 0, or the errno with which the kernel refuses the address as a source.
int source_error(const ports::Endpoint& local) {
  sockaddr_storage address;
  socklen_t size = to_sockaddr(local, address);
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

int RawTickler::open(bool v4, int& error) {
  UniqueFd& fd = v4 ? v4_ : v6_;
  error = 0;
  // IPPROTO_RAW: the IP header is ours, in both families.
  if (!fd.valid()) {
    fd.reset(
        ::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
    if (!fd.valid()) error = errno;
  }
  return fd.get();
}

bool RawTickler::is_permitted() {
  int error = 0;
  (void)open(true, error);
  return error == 0;
}

TickleResult RawTickler::tickle(const ports::TcpConnection& connection, unsigned nth) {
  ByteVec packet = tickle_segment(connection, nth * kSequenceStep);
  if (packet.empty()) return {TickleOutcome::kFailed, "the addresses are of two kinds"};
  int error = 0;
  int fd = open(connection.local.is_v4(), error);
  if (error != 0) return failed(error);
  if (error = source_error(connection.local); error == EADDRNOTAVAIL)
    return {TickleOutcome::kNotOurs, "the address is not one of this machine's"};
  if (error != 0) return failed(error);
  sockaddr_storage to;
  socklen_t size = to_sockaddr(connection.peer, to);
  if (::sendto(fd, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to), size) < 0)
    return failed(errno);
  return {};
}

}  // namespace holdfast::platform
