// SPDX-License-Identifier: Apache-2.0
#include "service/server/keeping.h"

#include <algorithm>

#include "service/failover/failover.h"
#include "service/server/closing.h"

namespace holdfast::service {
namespace {

Task<void> close_expired(Server& server, ports::Executor& loop, core::OpenId id) {
  std::optional<core::OpenView> open = server.opens().find(id);
  if (open && open->share != nullptr && open->share->failover != nullptr)
    server.failover().expired(*open, server.opens().path_of(id));
  (void)co_await close_open(server, loop, id);
  co_await server.failover().settle_all(loop);
}

}  // namespace

void expire_later(Server& server, ports::Executor& loop, core::OpenId id,
                  std::uint64_t expires_us) {
  server.set_keeper(loop);
  std::uint64_t now_us = loop.clock().monotonic_us();
  // A timer of an earlier disconnection finds an open that is connected, or has more time.
  loop.start_timer(std::max(expires_us, now_us) - now_us, [&server, &loop, id] {
    if (server.opens().expire(id, loop.clock().monotonic_us()))
      spawn(close_expired(server, loop, id));
  });
}

bool keep_open(Server& server, ports::Executor& loop, core::OpenId id) {
  // The next server has those that outlive this one.
  if (server.is_closing() && !server.opens().outlives_server(id)) return false;
  std::uint64_t now_us = loop.clock().monotonic_us();
  std::uint64_t expires_us;
  if (!server.opens().disconnect(id, now_us, expires_us)) return false;
  expire_later(server, loop, id, expires_us);
  return true;
}

Task<bool> close_kept(Server& server, ports::Executor& loop, core::OpenId id) {
  if (!server.opens().expire(id, ~0ull)) co_return false;
  co_return co_await close_open(server, loop, id);
}

}  // namespace holdfast::service
