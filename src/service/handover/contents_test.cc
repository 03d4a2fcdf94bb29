// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "service/handover/takeover.h"

namespace holdfast::service::handover {
namespace {

namespace state = wire::state;

template <class T>
void add(ByteVec& out, state::EntryKind kind, const T& value, std::uint16_t needed = 1) {
  Buffer octets;
  Writer writer(octets);
  encode(value, writer);
  state::Entry entry;
  entry.kind = static_cast<std::uint16_t>(kind);
  entry.needed = needed;
  entry.length = static_cast<std::uint32_t>(octets.size());
  Buffer head;
  Writer head_writer(head);
  encode(entry, head_writer);
  out.insert(out.end(), head.data(), head.data() + head.size());
  out.insert(out.end(), octets.data(), octets.data() + octets.size());
}

ByteVec sample(state::EntryKind extra = state::EntryKind::kSession, std::uint16_t needed = 1) {
  ByteVec out;
  add(out, state::EntryKind::kHead, state::HandoverHead{});
  state::HeldSession session;
  session.id = 5;
  session.channels = {1};
  add(out, extra, session, needed);
  state::HeldConnection connection;
  connection.id = 1;
  add(out, state::EntryKind::kConnection, connection);
  state::HandoverEnd end;
  end.entries = 3;
  add(out, state::EntryKind::kEnd, end);
  return out;
}

TEST(HandoverContents, AreRead) {
  ByteVec octets = sample();
  auto contents = read_contents(octets);
  ASSERT_TRUE(contents) << contents.error();
  ASSERT_EQ(contents->sessions.size(), 1u);
  EXPECT_EQ(contents->sessions[0].id, 5u);
  EXPECT_EQ(contents->connections.size(), 1u);
}

TEST(HandoverContents, ThatAreCutAnywhereAreRefused) {
  ByteVec octets = sample();
  for (std::size_t n = 0; n < octets.size(); ++n)
    EXPECT_FALSE(read_contents(Bytes(octets).first(n))) << n;
  octets.push_back(0);
  EXPECT_FALSE(read_contents(octets));
}

TEST(HandoverContents, OfAnUnknownKindArePassedOverWhenTheySayThatTheyMay) {
  EXPECT_FALSE(read_contents(sample(static_cast<state::EntryKind>(99), 1)));
  ByteVec octets = sample(static_cast<state::EntryKind>(99), 0);
  auto contents = read_contents(octets);
  ASSERT_TRUE(contents) << contents.error();
  EXPECT_TRUE(contents->sessions.empty());
}

TEST(HandoverContents, OfAServerThatCannotBeFollowedAreRefusedAsSuch) {
  ByteVec octets = sample();
  store_u16(octets.data() + state::Entry::kSize + 6, 99);
  auto contents = read_contents(octets);
  ASSERT_FALSE(contents);
  EXPECT_NE(contents.error().find("cannot follow"), std::string::npos);
}

TEST(HandoverContents, DamageIsNoCrash) {
  const ByteVec whole = sample();
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (std::uint8_t x : {0x00, 0x01, 0x7F, 0xFF}) {
      ByteVec changed = whole;
      changed[i] ^= x;
      (void)read_contents(changed);
    }
}

}  // namespace
}  // namespace holdfast::service::handover
