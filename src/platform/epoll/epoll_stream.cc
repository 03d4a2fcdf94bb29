// SPDX-License-Identifier: Apache-2.0
#include "platform/epoll/epoll_stream.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace holdfast::platform {
namespace {

/// Octets taken from one stream before others have their turn.
constexpr std::size_t kReceivePerTurn = 1u << 20;
constexpr std::size_t kPiecesPerSend = 128;

}  // namespace

EpollStream::EpollStream(EpollLoop& loop, UniqueFd fd, const ports::Endpoint& peer)
    : StreamBase(loop, std::move(fd), peer), epoll_loop_(loop) {}

void EpollStream::begin() { update_interest(); }

void EpollStream::receive_again() { update_interest(); }

bool EpollStream::release() {
  if (registered_) ::epoll_ctl(epoll_loop_.epoll_fd(), EPOLL_CTL_DEL, fd(), nullptr);
  return true;
}

void EpollStream::set_interest(std::uint32_t interest) {
  if (registered_ && interest == interest_) return;
  interest_ = interest;
  epoll_event event{.events = interest, .data = {.ptr = static_cast<EpollSource*>(this)}};
  int operation = std::exchange(registered_, true) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(epoll_loop_.epoll_fd(), operation, fd(), &event) != 0) failed();
}

void EpollStream::update_interest() {
  if (is_ending()) return;
  set_interest((wants_octets() ? EPOLLIN : 0u) | (kernel_full_ ? EPOLLOUT : 0u));
}

void EpollStream::on_events(std::uint32_t events) {
  if (is_ending()) return;
  if ((events & EPOLLERR) != 0) return failed();
  if ((events & (EPOLLOUT | EPOLLHUP)) != 0 && std::exchange(kernel_full_, false)) {
    loop_.schedule(*this);
    // It does not send now, and would be told of the room again and again.
    if (is_suspended()) update_interest();
  }
  if ((events & (EPOLLIN | EPOLLHUP)) == 0) return;
  // Interest in octets is taken back only when some arrive unwanted: pausing alone costs no call.
  if (wants_octets()) {
    receive();
  } else if ((events & EPOLLHUP) != 0) {
    failed();
  } else {
    update_interest();
  }
}

void EpollStream::receive() {
  std::size_t left = kReceivePerTurn;
  while (wants_octets()) {
    MutBytes room = target();
    if (room.empty()) room = epoll_loop_.receive_buffer();
    ssize_t n = ::recv(fd(), room.data(), room.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) return failed();
    if (n == 0) {
      peer_ended();
      return update_interest();
    }
    auto received = static_cast<std::size_t>(n);
    deliver(room.first(received));
    if (received < room.size() || received >= left) return;
    left -= received;
  }
}

void EpollStream::flush() {
  if (kernel_full_) return;
  while (!queue_.empty()) {
    iovec pieces[kPiecesPerSend];
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = queue_.fill(pieces, kPiecesPerSend);
    ssize_t n = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      kernel_full_ = true;
      break;
    }
    if (n < 0) return failed();
    sent(static_cast<std::size_t>(n));
    if (is_ending()) return;
  }
  update_interest();
}

}  // namespace holdfast::platform
