// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "wire/state/records.h"
#include "wire/state/testing/golden_files.h"

namespace holdfast::wire::state {
namespace {

OpenState open_version_1() {
  OpenState s;
  s.version = 1;
  s.flags = OpenState::kHasAppInstance | OpenState::kHasAppVersion | OpenState::kDeleteOnClose |
            OpenState::kResilient | OpenState::kHasLease | OpenState::kHasParentLease |
            OpenState::kHasLockSequence;
  s.persistent_id = 0x1122334455667788;
  s.create_guid = guid(0x10);
  s.client_guid = guid(0x20);
  s.owner = Sid(5, {21, 11, 22, 33, 1001});
  s.owner_name = as_bytes("anna");
  s.app_instance = guid(0x30);
  s.app_version_high = 1;
  s.app_version_low = 2;
  s.share = as_bytes("data");
  s.device = 0xFD01;
  s.inode = 4711;
  s.stream = as_bytes("notes");
  s.path = as_bytes(
      "plans/2026/b\xC3\xBC"
      "cher.txt");
  s.access = 0x0012019F;
  s.share_access = 7;
  s.options = 0x40;
  s.created = {0x01DA'1234'5678'9ABC};
  s.durable = 3;
  s.durable_timeout_ms = 60'000;
  s.resilient_timeout_ms = 120'000;
  s.oplock_level = 0xFF;
  s.lease_key = guid(0x40);
  s.parent_lease_key = guid(0x50);
  s.lease_state = 7;
  s.lease_epoch = 12;
  s.lease_version = 2;
  s.channel_sequence = 3;
  for (std::size_t i = 0; i < 64; ++i) s.lock_sequence[i] = static_cast<std::uint8_t>(i % 16);
  s.locks = {{0, 4096, 1}, {0x7FFF'FFFF'0000'0000, 1, 0}};
  return s;
}

OpenState open_version_2() {
  OpenState s = open_version_1();
  s.version = 2;
  s.flags |= OpenState::kDeletePending | OpenState::kPosix | OpenState::kMustSeal;
  s.create_action = 2;
  s.kept_times = 5;
  s.mode = 0x60;
  s.renaming_to = as_bytes("plans/2027/b");
  return s;
}

TEST(Golden, EveryReleasedVersionIsRead) {
  check_golden("open-v1", open_version_1());
  OpenState least_of_1;
  least_of_1.version = 1;
  check_golden("open-v1-least", least_of_1);
  check_golden("open-v2", open_version_2());
  check_golden("open-v2-least", OpenState{});
  ServerState server;
  server.server_guid = guid(0x60);
  server.next_persistent_id = 0x1000;
  server.next_session_id = 0x2000;
  check_golden("server-v1", server);
  ConnectionState connection;
  connection.flags = ConnectionState::kBehindProxy;
  connection.peer = guid(0x70).octets;
  connection.peer_port = 50'001;
  connection.local = guid(0x80).octets;
  connection.local_port = 445;
  connection.accepted = {0x01DA'0000'0000'0001};
  check_golden("connection-v1", connection);
  EpochState epoch;
  epoch.epoch = 5;
  epoch.instance = guid(0x90);
  epoch.boot = guid(0xA0);
  epoch.lease_ms = 10'000;
  epoch.renewals = 77;
  epoch.activity = EpochState::kActive;
  epoch.renewed_us = 123'456'789;
  epoch.taken = {0x01DA'0000'0000'0002};
  epoch.host = as_bytes("node1");
  check_golden("epoch-v1", epoch);
}

TEST(StateRecords, EveryCutIsRefused) {
  const ByteVec whole = encoded(open_version_2());
  OpenState s;
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(decode(Bytes(whole).first(n), s)) << n;
}

TEST(StateRecords, ChangedOctetsAreReadOrRefusedAndNeverMore) {
  const ByteVec whole = encoded(open_version_1());
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    ByteVec changed = whole;
    for (int n = 1 + static_cast<int>(random() % 4); n != 0; --n)
      changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    OpenState s;
    if (!decode(changed, s)) continue;
    const ByteVec again = encoded(s);
    ASSERT_LE(again.size(), changed.size());
    EXPECT_TRUE(equal(again, Bytes(changed).first(again.size())));
  }
}

TEST(StateRecords, UnknownFieldsAtTheEndArePassedOver) {
  ServerState server;
  server.version = 2;
  ByteVec octets = encoded(server);
  octets.push_back(1);
  ServerState read;
  EXPECT_TRUE(decode(octets, read));
  store_u16(octets.data() + 2, 2);
  EXPECT_FALSE(decode(octets, read));
}

}  // namespace
}  // namespace holdfast::wire::state
