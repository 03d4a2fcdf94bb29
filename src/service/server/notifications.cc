// SPDX-License-Identifier: Apache-2.0
#include "service/server/notifications.h"

#include <algorithm>
#include <utility>

#include "service/server/driver.h"

namespace holdfast::service {
namespace {

namespace smb2 = wire::smb2;

/// One notification under way. Used on one loop at a time: it goes from channel to channel by
/// post().
struct Delivery {
  Server& server;
  core::SessionId session;
  core::Notification message;
  /// Only on the newest channel, and only once.
  bool once;
  BreakHooks hooks;
  /// Channels that had their turn.
  std::vector<core::ConnectionId> tried;
  bool sent = false;
};
using DeliveryPtr = std::shared_ptr<Delivery>;

void try_next_channel(DeliveryPtr delivery);

/// 0: none is left.
core::ConnectionId choose_channel(Delivery& d) {
  core::SessionPtr session = d.server.sessions().find(d.session);
  if (session == nullptr || (d.once && d.sent)) return 0;
  Lock lock(session->mutex);
  const std::vector<core::ConnectionId>& channels = session->channels;
  auto untried = [&d](core::ConnectionId id) { return std::ranges::count(d.tried, id) == 0; };
  // The oldest channel first, as MS-SMB2 has had it; where nothing is sent twice, the newest, which
  // is the least likely to be dead.
  if (d.once) {
    auto found = std::find_if(channels.rbegin(), channels.rend(), untried);
    return found == channels.rend() ? 0 : *found;
  }
  auto found = std::find_if(channels.begin(), channels.end(), untried);
  return found == channels.end() ? 0 : *found;
}

/// On the loop of the connection.
void send_on(Driver& driver, DeliveryPtr delivery) {
  std::optional<std::uint64_t> mark = driver.notify(delivery->message);
  if (!mark) return try_next_channel(std::move(delivery));
  delivery->sent = true;
  if (delivery->once) return;
  std::uint64_t watch = driver.when_closed([delivery] { try_next_channel(delivery); });
  driver.loop().start_timer(limits::kNotificationRetry_us,
                            [weak = driver.weak_from_this(), delivery, watch, mark = *mark] {
                              auto self = weak.lock();
                              if (self == nullptr || !self->forget_when_closed(watch)) return;
                              if (self->confirmed() < mark) try_next_channel(delivery);
                            });
}

void try_next_channel(DeliveryPtr delivery) {
  Delivery& d = *delivery;
  if (d.sent && (!d.hooks.still_wanted || !d.hooks.still_wanted())) return;
  while (core::ConnectionId id = choose_channel(d)) {
    d.tried.push_back(id);
    if (d.server.on_connection(
            id,
            [delivery](Driver* driver) {
              if (driver == nullptr) return try_next_channel(delivery);
              send_on(*driver, delivery);
            },
            std::exchange(d.hooks.here, nullptr)))
      return;
  }
  if (!d.sent && d.hooks.undeliverable) std::exchange(d.hooks.undeliverable, nullptr)();
}

template <class Body>
core::Notification notification_of(core::SessionId session, const Body& body, bool must_seal) {
  core::Notification n;
  n.session = session;
  n.must_seal = must_seal;
  Buffer octets;
  Writer writer(octets);
  writer.zeros(smb2::kHeaderSize);
  encode(body, writer);
  n.message = to_vec(octets);
  return n;
}

}  // namespace

void send_oplock_break(Server& server, core::SessionId session,
                       const smb2::OplockBreak& notification, bool must_seal, BreakHooks hooks) {
  core::Notification message = notification_of(session, notification, must_seal);
  // MS-SMB2 3.3.4.6: the session's id, while a lease break has none (3.3.4.7).
  message.names_session = true;
  bool once = !server.settings()->policy.oplock_break_retry;
  try_next_channel(std::make_shared<Delivery>(server, session, std::move(message), once,
                                              std::move(hooks), std::vector<core::ConnectionId>{},
                                              false));
}

void send_lease_break(Server& server, core::SessionId session,
                      const smb2::LeaseBreakNotification& notification, bool must_seal,
                      BreakHooks hooks) {
  try_next_channel(std::make_shared<Delivery>(
      server, session, notification_of(session, notification, must_seal), false, std::move(hooks),
      std::vector<core::ConnectionId>{}, false));
}

}  // namespace holdfast::service
