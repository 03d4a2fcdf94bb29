// SPDX-License-Identifier: Apache-2.0
#include "service/server/keeping.h"

#include "service/server/closing.h"

namespace holdfast::service {
namespace {

Task<void> close_and_forget(Server& server, ports::Executor& loop, core::OpenId id) {
  (void)co_await close_open(server, loop, id);
}

}  // namespace

bool keep_open(Server& server, ports::Executor& loop, core::OpenId id) {
  if (server.is_closing()) return false;
  std::uint64_t now_us = loop.clock().monotonic_us();
  std::uint64_t expires_us;
  if (!server.opens().disconnect(id, now_us, expires_us)) return false;
  server.set_keeper(loop);
  // A timer of an earlier disconnection finds an open that is connected, or has more time.
  loop.start_timer(expires_us - now_us, [&server, &loop, id] {
    if (server.opens().expire(id, loop.clock().monotonic_us()))
      spawn(close_and_forget(server, loop, id));
  });
  return true;
}

Task<bool> close_kept(Server& server, ports::Executor& loop, core::OpenId id) {
  if (!server.opens().expire(id, ~0ull)) co_return false;
  co_return co_await close_open(server, loop, id);
}

}  // namespace holdfast::service
