// SPDX-License-Identifier: Apache-2.0
#include "wire/state/handover.h"

#include <gtest/gtest.h>

#include <random>

#include "wire/state/testing/golden_files.h"

namespace holdfast::wire::state {
namespace {

const ByteVec kKey(16, 0x5A);
const ByteVec kMessage(80, 0x11);

HandoverHead head() {
  HandoverHead h;
  h.held_us = 123'456'789;
  h.started = {0x01DA'0000'0000'0001};
  h.next_connection = 42;
  h.next_persistent_id = 0x1000;
  h.connections_total = 99;
  h.closed = 1;
  h.reasons = {{as_bytes("a log-on is in progress")}};
  return h;
}

HeldConnection connection() {
  HeldConnection c;
  c.id = 7;
  c.flags = HeldConnection::kBehindProxy | HeldConnection::kLoggedOn | HeldConnection::kNegotiated |
            HeldConnection::kInFrame;
  c.socket = 21;
  c.loop = 1;
  c.peer = {guid(0x10).octets, 50'001};
  c.local = {guid(0x20).octets, 445};
  c.wire_peer = {guid(0x30).octets, 50'002};
  c.wire_local = {guid(0x40).octets, 4445};
  c.agreed.dialect = 0x0311;
  c.agreed.client_guid = guid(0x50);
  c.agreed.client_capabilities = 0x7F;
  c.agreed.client_security_mode = 1;
  c.agreed.client_dialects = {0x0302, 0x0311};
  c.agreed.server_capabilities = 0x4F;
  c.agreed.server_security_mode = 3;
  c.agreed.cipher = 2;
  c.agreed.signing = 2;
  c.agreed.compression = {3, 4};
  c.agreed.max_transact = 8u << 20;
  c.preauth.fill(0xA5);
  c.window_begin = 100;
  c.window_end = 200;
  c.outstanding = 98;
  c.used = {3, 5};
  c.next_async_id = 12;
  c.octets_sent = 1'000'000;
  HeldChannel channel;
  channel.session = 0x1234;
  channel.flags = HeldChannel::kBound;
  channel.preauth.fill(0x77);
  channel.signing_key.octets = kKey;
  c.channels = {channel};
  c.frame.octets = Bytes(kMessage).first(10);
  c.frame_length = 80;
  c.received.octets = Bytes(kMessage).first(5);
  c.unsent.octets = kMessage;
  return c;
}

HeldSession session() {
  HeldSession s;
  s.id = 0x1234;
  s.connection = 7;
  s.flags = HeldSession::kSigningRequired | HeldSession::kEncrypt;
  s.dialect = 0x0311;
  s.signing = 2;
  s.cipher = 2;
  s.client_guid = guid(0x50);
  s.full_key.octets = s.signing_key.octets = s.seal_key.octets = s.open_key.octets = kKey;
  s.created = {0x01DA'0000'0000'0002};
  s.client_address.octets = as_bytes("192.0.2.1");
  s.next_nonce = 4'711;
  s.apple_capabilities = 1;
  s.identity.flags = HeldIdentity::kAdministrator | HeldIdentity::kActsAsUser;
  s.identity.user.octets = as_bytes("anna");
  s.identity.domain.octets = as_bytes("HOLDFAST");
  s.identity.sid = Sid(5, {21, 11, 22, 33, 1001});
  s.identity.groups = {Sid(1, {0})};
  s.identity.uid = 1'000;
  s.identity.gid = 100;
  s.identity.unix_groups = {100, 200};
  s.trees = {{3, {as_bytes("data")}, 0x001F01FF, 1, {0x01DA'0000'0000'0003}}};
  s.next_tree_id = 4;
  s.channels = {7, 8};
  return s;
}

HeldOpen open() {
  HeldOpen o;
  o.state.octets = kMessage;
  o.volatile_id = 0x0000'0001'0400'0001;
  o.session = 0x1234;
  o.connection = 7;
  o.tree = 3;
  o.flags = HeldOpen::kHasDeleter | HeldOpen::kBreaking | HeldOpen::kWatched | HeldOpen::kScans |
            HeldOpen::kHasPattern;
  o.expires_us = 5;
  o.position = 4'096;
  o.deleter_parent_lease = guid(0x60);
  o.breaking_to = 1;
  o.wanted = 0;
  o.watch_filter = 3;
  o.watch_room = 1'000;
  o.pattern.octets = as_bytes("*");
  o.names = {{as_bytes("a")}, {as_bytes("b")}};
  return o;
}

HeldRequest request() {
  HeldRequest r;
  r.connection = 7;
  r.flags = HeldRequest::kChained | HeldRequest::kHasFileId;
  r.async_id = 11;
  r.sealed_by = 0x1234;
  r.chain_session = 0x1234;
  r.chain_tree = 3;
  r.persistent_id = 1;
  r.volatile_id = 2;
  r.messages = {{HeldMessage::kSealed | HeldMessage::kHasChannel, 0, 0x1234, {kMessage}}};
  return r;
}

HeldAdmin admin() {
  HeldAdmin a;
  a.flags = HeldAdmin::kHasAsker;
  a.listener = 5;
  a.asker = 9;
  a.path.octets = as_bytes("/run/holdfast/admin.sock");
  return a;
}

TEST(HandoverGolden, EveryReleasedVersionIsRead) {
  check_golden("handover-head-v1", head());
  check_golden("handover-connection-v1", connection());
  check_golden("handover-connection-v1-least", HeldConnection{});
  check_golden("handover-session-v1", session());
  check_golden("handover-open-v1", open());
  check_golden("handover-open-v1-least", HeldOpen{});
  check_golden("handover-request-v1", request());
  check_golden("handover-admin-v1", admin());
  HeldListener listener;
  listener.bound = {guid(0x70).octets, 445};
  listener.sockets = {3, 4};
  check_golden("handover-listener-v1", listener);
}

TEST(Handover, AHeadOfANewerServerIsRefusedUnlessItSaysThatItCanBeRead) {
  HandoverHead h = head();
  h.version = kHandoverVersion + 1;
  ByteVec octets = encoded(h);
  HandoverHead read;
  EXPECT_TRUE(decode(octets, read));
  store_u16(octets.data() + 6, kHandoverVersion + 1);
  EXPECT_FALSE(decode(octets, read));
}

template <class T>
void every_cut_is_refused(const T& value) {
  const ByteVec whole = encoded(value);
  T read;
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(decode(Bytes(whole).first(n), read)) << n;
}

TEST(Handover, EveryCutIsRefused) {
  every_cut_is_refused(head());
  every_cut_is_refused(connection());
  every_cut_is_refused(session());
  every_cut_is_refused(open());
  every_cut_is_refused(request());
  every_cut_is_refused(admin());
}

template <class T>
void damage_is_read_or_refused(const T& value) {
  const ByteVec whole = encoded(value);
  std::mt19937 random(1);
  for (int i = 0; i < 5'000; ++i) {
    ByteVec changed = whole;
    for (int n = 1 + static_cast<int>(random() % 4); n != 0; --n)
      changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    T read;
    if (!decode(changed, read)) continue;
    const ByteVec again = encoded(read);
    ASSERT_LE(again.size(), changed.size());
    EXPECT_TRUE(equal(again, Bytes(changed).first(again.size())));
  }
}

TEST(Handover, ChangedOctetsAreReadOrRefusedAndNeverMore) {
  damage_is_read_or_refused(connection());
  damage_is_read_or_refused(session());
  damage_is_read_or_refused(open());
  damage_is_read_or_refused(request());
}

}  // namespace
}  // namespace holdfast::wire::state
