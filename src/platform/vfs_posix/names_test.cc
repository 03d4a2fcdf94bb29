// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/names.h"

#include <gtest/gtest.h>

#include <random>

#include "base/utf16.h"

namespace holdfast::platform::posix {
namespace {

std::string wire_of(char32_t c) {
  return utf16_to_utf8(std::u16string(1, static_cast<char16_t>(c)));
}

TEST(Names, WhatWindowsCannotShowIsMapped) {
  EXPECT_EQ(to_wire("plain.txt"), "plain.txt");
  EXPECT_EQ(to_wire("a:b"), "a" + wire_of(0xF022) + "b");
  EXPECT_EQ(to_wire("\x01"), wire_of(0xF001));
  EXPECT_EQ(to_wire("end "), "end" + wire_of(0xF028));
  EXPECT_EQ(to_wire("end."), "end" + wire_of(0xF029));
  EXPECT_EQ(to_wire("end.."), "end." + wire_of(0xF029));
  EXPECT_EQ(to_wire("\xE4"), wire_of(0xF7E4));
  const char* forbidden = "\"*:<>?\\|";
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(to_wire(std::string(1, forbidden[i])), wire_of(0xF020 + static_cast<char32_t>(i)));
}

TEST(Names, WhatNoClientMaySendIsRefused) {
  for (const char* bad : {"", ".", "..", "a/b", "a:b", "a\\b", "a*", "a?", "<", ">", "|", "\"",
                          "\x1F", "\xFF", "\xC3"})
    EXPECT_EQ(to_disk(bad).error(), NtStatus::kObjectNameInvalid) << bad;
  EXPECT_EQ(to_disk(std::string("a\0b", 3)).error(), NtStatus::kObjectNameInvalid);
  EXPECT_EQ(to_disk(std::string(256, 'x')).error(), NtStatus::kObjectNameInvalid);
  EXPECT_TRUE(to_disk(std::string(255, 'x')));
  // Mapped periods may not add up to a way out.
  EXPECT_FALSE(to_disk(wire_of(0xF029)));
  EXPECT_FALSE(to_disk(wire_of(0xF029) + wire_of(0xF029)));
  EXPECT_FALSE(to_disk("." + wire_of(0xF029)));
  for (const char* bad : {"/a", "a/", "a//b", "a/../b", "../a", "a/."})
    EXPECT_FALSE(path_to_disk(bad)) << bad;
  EXPECT_EQ(*path_to_disk(""), "");
}

TEST(Names, HalfASurrogatePairIsAName) {
  for (char32_t c : {0xD800, 0xDBFF, 0xDC00, 0xDFFF}) {
    std::string name = "a" + wire_of(c) + "b";
    ASSERT_TRUE(to_disk(name));
    EXPECT_EQ(to_wire(*to_disk(name)), name);
  }
}

TEST(Names, NoFileHasTwoNames) {
  std::string octets_of_a_surrogate = wire_of(0xF7ED) + wire_of(0xF7A0) + wire_of(0xF780);
  EXPECT_FALSE(to_disk(octets_of_a_surrogate));
  EXPECT_FALSE(to_disk(wire_of(0xF7C3) + wire_of(0xF7A4)));
  EXPECT_TRUE(to_disk(wire_of(0xF7C3)));
  EXPECT_FALSE(to_disk("a" + wire_of(0xF029) + "b"));
  EXPECT_TRUE(to_disk("a" + wire_of(0xF029)));
}

TEST(Names, EveryDiskNameMakesTheRoundTripThroughUtf16) {
  std::mt19937 random(7);
  const std::string pieces[] = {"a",
                                ".",
                                " ",
                                ":",
                                "\\",
                                "\xFF",
                                "\xC3",
                                "\xA4",
                                "\xEF\x80",
                                "\xEF\x80\xA2",
                                "\xED\xA0\xBD",
                                "\xED\xB8\x80",
                                "\xF0\x9F\x98\x80",
                                "\xEF\x9F\xA4",
                                "\x02"};
  for (int i = 0; i < 200'000; ++i) {
    std::string disk;
    for (auto n = random() % 8 + 1; n > 0; --n) {
      if (random() % 2 == 0) {
        disk += pieces[random() % std::size(pieces)];
      } else {
        char c = static_cast<char>(random());
        if (c != '/' && c != '\0') disk += c;
      }
    }
    if (disk.empty() || disk == "." || disk == "..") continue;
    std::string wire = to_wire(disk);
    ASSERT_TRUE(is_valid_utf8(wire));
    auto utf16 = utf8_to_utf16le(wire);
    ASSERT_TRUE(utf16);
    auto back = to_disk(utf16le_to_utf8(*utf16));
    ASSERT_TRUE(back) << testing::PrintToString(disk);
    ASSERT_EQ(*back, disk) << testing::PrintToString(disk);
    ASSERT_EQ(wire.find_first_of("\"*:<>?\\|/"), std::string::npos);
    ASSERT_TRUE(wire.back() != ' ' && wire.back() != '.');
  }
}

TEST(Names, PathsSplitAndJoin) {
  EXPECT_EQ(split_path("a/b/c").parent, "a/b");
  EXPECT_EQ(split_path("a/b/c").name, "c");
  EXPECT_EQ(split_path("c").parent, "");
  EXPECT_EQ(join_path("", "c"), "c");
  EXPECT_EQ(join_path("a", "c"), "a/c");
  EXPECT_EQ(path_to_wire("a/b:/c"), "a/b" + wire_of(0xF022) + "/c");
}

}  // namespace
}  // namespace holdfast::platform::posix
