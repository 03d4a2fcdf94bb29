// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/guid.h"
#include "base/nt_status.h"
#include "base/nt_time.h"
#include "base/reader.h"
#include "base/sid.h"
#include "base/slot_map.h"
#include "base/task.h"
#include "base/utf16.h"
#include "base/writer.h"

namespace holdfast {
namespace {

TEST(Reader, FailsOnceAndStaysFailed) {
  const std::uint8_t octets[] = {1, 2, 3};
  Reader r(octets);
  EXPECT_EQ(r.u16(), 0x0201);
  EXPECT_EQ(r.u16(), 0);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.u8(), 0);
}

TEST(Reader, AtRefusesOverflowingRanges) {
  const std::uint8_t octets[8] = {};
  Reader r(octets);
  EXPECT_EQ(r.at(8, 0).size(), 0u);
  EXPECT_EQ(r.at(100, 0).size(), 0u);
  EXPECT_TRUE(r.ok());
  r.at(4, SIZE_MAX - 2);
  EXPECT_FALSE(r.ok());
}

TEST(Writer, PatchesBehindAPrefix) {
  Buffer b(0, 8);
  b.append(as_bytes("xy"));
  Writer w(b);
  w.u32(0);
  w.u8(7);
  w.align(4);
  w.patch_u32(0, 0x11223344);
  EXPECT_EQ(w.position(), 8u);
  EXPECT_EQ(load_u32(b.data() + 2), 0x11223344u);
  b.prepend(8);
  EXPECT_EQ(b.size(), 18u);
}

TEST(Utf16, EveryUnitMakesTheRoundTrip) {
  for (std::uint32_t unit = 0; unit < 0x10000; ++unit) {
    ByteVec in = {static_cast<std::uint8_t>(unit), static_cast<std::uint8_t>(unit >> 8)};
    std::string utf8 = utf16le_to_utf8(in);
    EXPECT_EQ(utf8_to_utf16le(utf8), in) << unit;
  }
  EXPECT_EQ(utf16_to_utf8(u"\xD83D\xDE00"), "\xF0\x9F\x98\x80");
}

TEST(Utf16, InvalidUtf8IsRefused) {
  EXPECT_FALSE(utf8_to_utf16le("\xC0\x80"));
  EXPECT_FALSE(utf8_to_utf16le("\xFF"));
  EXPECT_FALSE(utf8_to_utf16le("\xE2\x82"));
  EXPECT_EQ(utf8_to_utf16("a\xFF"), u"a\xFFFD");
}

TEST(Utf16, NamesFoldAsWindowsDoes) {
  EXPECT_TRUE(same_name("README.txt", "readme.TXT"));
  EXPECT_TRUE(same_name("\u00E4\u00F6", "\u00C4\u00D6"));
  EXPECT_TRUE(same_name("\u03B1", "\u0391"));
  EXPECT_FALSE(same_name("stra\u00DFe", "strasse"));
  EXPECT_FALSE(same_name("\u0131", "i"));
  EXPECT_FALSE(same_name("a", "ab"));
  EXPECT_EQ(fold_name("\xFFx"), "\xFFX");
}

TEST(SlotMap, AnOldIdNeverNamesTheSuccessor) {
  SlotMap<int> map;
  auto first = map.emplace(1);
  EXPECT_TRUE(map.erase(first));
  auto second = map.emplace(2);
  EXPECT_NE(first, second);
  EXPECT_EQ(map.find(first), nullptr);
  EXPECT_EQ(*map.find(second), 2);
  EXPECT_EQ(map.find(0), nullptr);
}

TEST(Sid, TextMakesTheRoundTrip) {
  for (const char* text :
       {"S-1-5-21-1-2-3-500", "S-1-1-0", "S-1-22-1-1000", "S-1-0x123456789ABC-1"})
    EXPECT_EQ(Sid::parse(text)->to_string(), text);
  for (const char* text : {"", "S-1", "S-1-", "S-1-5-", "S-1-5-4294967296", "X-1-5-1", "S-1-5--1"})
    EXPECT_FALSE(Sid::parse(text)) << text;
  EXPECT_TRUE(sids::kUnixUsers.is_domain_of(sids::kUnixUsers.with(1000)));
}

TEST(NtStatus, HasNames) {
  EXPECT_EQ(status_name(NtStatus::kNotAReparsePoint), "STATUS_NOT_A_REPARSE_POINT");
  EXPECT_EQ(to_string(static_cast<NtStatus>(0xC0FFEE01)), "0xC0FFEE01");
  EXPECT_TRUE(is_error(NtStatus::kAccessDenied));
  EXPECT_TRUE(is_warning(NtStatus::kBufferOverflow));
}

TEST(NtTime, ConvertsBothWays) {
  NtTime t = NtTime::from_unix(1'700'000'000, 123'456'700);
  EXPECT_EQ(t.unix_seconds(), 1'700'000'000);
  EXPECT_EQ(t.unix_nanoseconds(), 123'456'700u);
}

Task<int> add(OneShot<int>& a, int b) { co_return co_await a + b; }
Task<int> immediate(int v) { co_return v; }
Task<void> sum(OneShot<int>& a, int& out) {
  for (int i = 0; i < 100'000; ++i) out += co_await immediate(1);
  out += co_await add(a, 2);
}

TEST(Task, WaitsAndEndsWithoutGrowingTheStack) {
  OneShot<int> later;
  int out = 0;
  spawn(sum(later, out));
  EXPECT_EQ(out, 100'000);
  later.set(40);
  EXPECT_EQ(out, 100'042);
}

}  // namespace
}  // namespace holdfast
