// SPDX-License-Identifier: Apache-2.0
#include "platform/loop/listener.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "platform/loop/stream_base.h"

namespace holdfast::platform {
namespace {

/// Accepted in one turn, so that a storm of connections does not starve those that exist.
constexpr int kAcceptsPerTurn = 64;
constexpr std::uint64_t kFirstBackOff_us = 50'000;
constexpr std::uint64_t kLongestBackOff_us = 1'000'000;
constexpr std::uint64_t kRefusalEventEvery_us = 10'000'000;

}  // namespace

Listener::Listener(EventLoop& loop, UniqueFd socket, ports::AcceptHandler handler)
    : loop_(loop),
      socket_(std::move(socket)),
      handler_(std::move(handler)),
      local_(local_endpoint(socket_.get())) {
  watch();
}

Listener::~Listener() {
  if (retry_timer_ != 0) loop_.cancel_timer(retry_timer_);
}

void Listener::pause() {
  if (retry_timer_ != 0) loop_.cancel_timer(std::exchange(retry_timer_, 0));
  watch_.reset();
}

void Listener::resume() {
  if (watch_ == nullptr) watch();
}

void Listener::watch() {
  watch_ = loop_.watch_readable(socket_.get(), [this] { accept_some(); });
}

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i)
    if (!accept_one()) return;
}

bool Listener::accept_one() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  UniqueFd fd(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                        SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) return on_error(errno);
  if (back_off_us_ != 0) {
    back_off_us_ = 0;
    loop_.emit({Severity::kNotice,
                "listen.resumed",
                "accepting connections on " + local_.to_string() + " again",
                {{"address", local_.to_string()}}});
  }
  ports::Endpoint peer = to_endpoint(address);
  auto& connections = *loop_.options().connections;
  if (!connections.take()) {
    refuse(std::move(fd), peer);
    return true;
  }
  tune_stream_socket(fd.get(), loop_.options().keep_alive);
  handler_(loop_, loop_.make_stream(std::move(fd), peer));
  return true;
}

bool Listener::on_error(int error) {
  switch (error) {
    case EAGAIN: return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: back_off(error); return false;
    // Everything else is a failure of the one connection that would have been accepted (accept(2)).
    default: return true;
  }
}

void Listener::back_off(int error) {
  if (back_off_us_ == 0) {
    std::string why = error_text(error);
    loop_.emit(
        {Severity::kError,
         "listen.paused",
         "cannot accept connections on " + local_.to_string() + ": " + why +
             "; trying again every second. Raise the limit of open files (LimitNOFILE, ulimit -n) "
             "or lower the limit of connections",
         {{"address", local_.to_string()}, {"error", why}}});
  }
  back_off_us_ = std::clamp(2 * back_off_us_, kFirstBackOff_us, kLongestBackOff_us);
  watch_.reset();
  retry_timer_ = loop_.start_timer(back_off_us_, [this] {
    retry_timer_ = 0;
    watch();
  });
}

void Listener::refuse(UniqueFd fd, const ports::Endpoint& peer) {
  linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ++refused_;
  std::uint64_t now = loop_.clock().monotonic_us();
  if (now < next_refusal_event_us_) return;
  next_refusal_event_us_ = now + kRefusalEventEvery_us;
  std::size_t max = loop_.options().connections->max();
  loop_.emit({Severity::kWarning,
              "connection.refused.limit",
              "refused a connection from " + peer.address_string() + ": the limit of " +
                  std::to_string(max) + " connections is reached",
              {{"client", peer.to_string()}, {"refused", std::to_string(refused_)}}});
}

}  // namespace holdfast::platform
