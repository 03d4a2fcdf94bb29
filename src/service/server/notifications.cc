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
  std::vector<core::ConnectionId> tried{};
  /// Of these, the silent ones: they get it when all others have failed.
  std::vector<core::ConnectionId> skipped{};
  bool last_resort = false;
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
  // The oldest channel first, as MS-SMB2 has had it; where nothing is sent twice, the newest, as
  // Windows does: it is the least likely to be dead.
  if (d.once) {
    auto found = std::find_if(channels.rbegin(), channels.rend(), untried);
    return found == channels.rend() ? 0 : *found;
  }
  auto found = std::find_if(channels.begin(), channels.end(), untried);
  return found == channels.end() ? 0 : *found;
}

/// What was sent went unconfirmed for so long that the client is tried elsewhere.
void silence(Driver& driver, const DeliveryPtr& delivery, std::uint64_t mark) {
  if (!driver.silent())
    driver.server().event(Severity::kInfo, "connection.silent",
                          "The client at " + driver.peer().to_string() +
                              " does not confirm what it is sent; its other connections are used.",
                          {{"peer", driver.peer().to_string()}});
  driver.doubt(mark);
  try_next_channel(delivery);
}

/// On the loop of the connection.
void send_on(Driver& driver, DeliveryPtr delivery) {
  if (driver.silent() && !delivery->once && !delivery->last_resort) {
    delivery->skipped.push_back(driver.connection().id());
    return try_next_channel(std::move(delivery));
  }
  std::optional<std::uint64_t> mark = driver.notify(delivery->message);
  if (!mark) return try_next_channel(std::move(delivery));
  delivery->sent = true;
  if (delivery->once) return;
  std::uint64_t watch = driver.when_closed([delivery] { try_next_channel(delivery); });
  driver.loop().start_timer(limits::kNotificationRetry_us,
                            [weak = driver.weak_from_this(), delivery, watch, mark = *mark] {
                              auto self = weak.lock();
                              if (self == nullptr || !self->forget_when_closed(watch)) return;
                              if (self->confirmed() < mark) silence(*self, delivery, mark);
                            });
}

/// Now those channels too that did not confirm what they were sent before.
bool resort_to_silent(Delivery& d) {
  if (d.last_resort || d.skipped.empty()) return false;
  d.last_resort = true;
  std::erase_if(d.tried, [&](core::ConnectionId id) { return std::ranges::count(d.skipped, id); });
  return true;
}

void try_next_channel(DeliveryPtr delivery) {
  Delivery& d = *delivery;
  if (d.sent && d.hooks.still_wanted && !d.hooks.still_wanted()) return;
  do {
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
  } while (resort_to_silent(d));
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
  try_next_channel(
      std::make_shared<Delivery>(server, session, std::move(message), once, std::move(hooks)));
}

void send_lease_break(Server& server, core::SessionId session,
                      const smb2::LeaseBreakNotification& notification, bool must_seal,
                      BreakHooks hooks) {
  try_next_channel(std::make_shared<Delivery>(
      server, session, notification_of(session, notification, must_seal), false, std::move(hooks)));
}

}  // namespace holdfast::service
