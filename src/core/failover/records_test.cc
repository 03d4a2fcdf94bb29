// SPDX-License-Identifier: Apache-2.0
#include "core/failover/records.h"

#include <gtest/gtest.h>

namespace holdfast::core::failover {
namespace {

Guid guid(std::uint8_t n) {
  Guid g;
  g.octets.fill(n);
  return g;
}

OpenRecord sample() {
  OpenRecord r;
  r.persistent_id = 0x0102030405060708;
  r.create_guid = guid(1);
  r.client_guid = guid(2);
  r.owner = Sid(5, {21, 1, 2, 3, 1001});
  r.owner_name = "anna";
  r.app_instance = AppInstance{guid(3), AppInstance::Version{4, 5}};
  r.share = "data";
  r.key = {0x801, 4711};
  r.stream = "s";
  r.path = "a/b\xC3\xA4.txt";
  r.access = 0x12019F;
  r.share_access = 7;
  r.options = 0x40;
  r.delete_on_close = true;
  r.created = {0x01DA000000000000};
  r.durable = DurableKind::kPersistent;
  r.durable_timeout_ms = 60'000;
  r.resilient = true;
  r.resilient_timeout_ms = 1000;
  r.oplock_level = wire::smb2::OplockLevel::kLease;
  r.lease = OpenRecord::Lease{guid(6), guid(7), 7, 3, 2};
  r.locks = {{0, 10, true}, {~std::uint64_t{0} - 1, 1, false}};
  r.lock_sequence.done(1, 4);
  r.lock_sequence.done(64, 9);
  r.channel_sequence = 12;
  return r;
}

void expect_equal(const OpenRecord& a, const OpenRecord& b) {
  // Every member takes part in the encoding, so equal octets are equal records.
  EXPECT_EQ(encode_open(a), encode_open(b));
  EXPECT_EQ(a.path, b.path);
  EXPECT_EQ(a.locks, b.locks);
  EXPECT_EQ(a.lock_sequence, b.lock_sequence);
  EXPECT_EQ(a.lease, b.lease);
  EXPECT_EQ(a.app_instance, b.app_instance);
  EXPECT_EQ(a.key, b.key);
}

TEST(Records, AnOpenComesBackAsItWas) {
  const OpenRecord full = sample();
  auto back = decode_open(encode_open(full));
  ASSERT_TRUE(back.has_value());
  expect_equal(*back, full);
  EXPECT_EQ(back->durable, DurableKind::kPersistent);
  EXPECT_TRUE(back->delete_on_close);
  auto least = decode_open(encode_open(OpenRecord{}));
  ASSERT_TRUE(least.has_value());
  expect_equal(*least, OpenRecord{});
}

TEST(Records, WhatIsCutOffIsMalformedAndNeverRead) {
  const ByteVec whole = encode_open(sample());
  for (std::size_t n = 0; n < whole.size(); ++n) {
    auto open = decode_open(Bytes(whole).first(n));
    ASSERT_FALSE(open.has_value()) << n;
    EXPECT_EQ(open.error(), RecordProblem::kMalformed);
  }
}

TEST(Records, ANewerVersionIsReadWhenItAllowsIt) {
  ByteVec newer = encode_open(sample());
  store_u16(newer.data(), 9);
  newer.push_back(0xEE);
  EXPECT_TRUE(decode_open(newer).has_value());
  store_u16(newer.data() + 2, 9);
  auto refused = decode_open(newer);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), RecordProblem::kNewer);
}

TEST(Records, ValuesThatMeanNothingAreMalformed) {
  wire::state::OpenState s;
  for (int i = 0; i < 3; ++i) {
    s = {};
    if (i == 0) s.durable = 4;
    if (i == 1) s.oplock_level = 3;
    if (i == 2) s.flags = wire::state::OpenState::kHasParentLease;
    Buffer out;
    Writer writer(out);
    wire::state::encode(s, writer);
    EXPECT_FALSE(decode_open(out.view()).has_value()) << i;
  }
}

TEST(Records, ServersAndConnectionsComeBack) {
  wire::state::ServerState server;
  server.server_guid = guid(9);
  server.next_persistent_id = 77;
  EXPECT_EQ(decode_server(encode_server(server)).value(), server);
  wire::state::ConnectionState c;
  c.peer[15] = 1;
  c.peer_port = 50'000;
  c.local_port = 445;
  EXPECT_EQ(decode_connection(encode_connection(c)).value(), c);
  EXPECT_EQ(connection_key(c).size(), 36u);
  EXPECT_FALSE(decode_connection({}).has_value());
}

}  // namespace
}  // namespace holdfast::core::failover
