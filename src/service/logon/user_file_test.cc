// SPDX-License-Identifier: Apache-2.0
#include "service/logon/user_file.h"

#include <gtest/gtest.h>

#include "service/logon/ntlm_crypto.h"

namespace holdfast::service {
namespace {

constexpr const char* kGood =
    "# accounts\n"
    "holdfast-users 1\n"
    "\n"
    "machine-sid S-1-5-21-1-2-3\n"
    "next-rid 1007\n"
    "  # a comment\n"
    "user \"alice\" rid=1000 nt-hash=00112233445566778899AABBccddeeff unix=\"al\" admin\n"
    "user \"J\xC3\xBCrgen B.\"  rid=1006 disabled nt-hash=00000000000000000000000000000000\n";

TEST(UserFile, ReadsWhatItDocuments) {
  const auto file = parse_user_file(kGood);
  ASSERT_TRUE(file) << file.error().line << ": " << file.error().text;
  EXPECT_EQ(file->machine_sid.to_string(), "S-1-5-21-1-2-3");
  EXPECT_EQ(file->next_rid, 1007u);
  ASSERT_EQ(file->users.size(), 2u);
  EXPECT_EQ(file->users[0].name, "alice");
  EXPECT_EQ(file->users[0].unix_name, "al");
  EXPECT_EQ(file->users[0].nt_hash[15], 0xff);
  EXPECT_TRUE(file->users[0].admin && !file->users[0].disabled);
  EXPECT_EQ(file->users[1].name, "J\xC3\xBCrgen B.");
  EXPECT_TRUE(!file->users[1].admin && file->users[1].disabled);
}

TEST(UserFile, MakesTheRoundTrip) {
  const auto file = parse_user_file(kGood);
  const auto again = parse_user_file(serialize_user_file(*file));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *file);
}

TEST(UserFile, EveryMistakeHasItsLine) {
  const std::string head = "holdfast-users 1\nmachine-sid S-1-5-21-1-2-3\nnext-rid 1007\n";
  const std::string hash = " nt-hash=00112233445566778899aabbccddeeff";
  const struct {
    std::string text;
    std::size_t line;
    const char* contains;
  } kCases[] = {
      {"", 1, "empty"},
      {"users 1\n", 1, "no file of users"},
      {"holdfast-users 2\n", 1, "version `2`"},
      {"holdfast-users 1\n\n", 2, "machine-sid"},
      {"holdfast-users 1\nmachine-sid S-1-5-32\n", 2, "S-1-5-21"},
      {"holdfast-users 1\nmachine-sid S-1-5-21-1-2-3\n", 2, "next-rid"},
      {head + "machine-sid S-1-5-21-1-2-3\n", 4, "twice"},
      {head + "next-rid 2000\n", 4, "twice"},
      {head + "group \"x\"\n", 4, "group"},
      {head + "user alice rid=1000" + hash, 4, "user \"NAME\""},
      {head + "user \"alice rid=1000" + hash, 4, "user \"NAME\""},
      {head + "user \"a/b\" rid=1000" + hash, 4, "cannot have"},
      {head + "user \"\" rid=1000" + hash, 4, "empty"},
      {head + "user \"a\" rid=999" + hash, 4, "1000"},
      {head + "user \"a\" rid=x" + hash, 4, "1000"},
      {head + "user \"a\" rid=1000", 4, "nt-hash"},
      {head + "user \"a\"" + hash, 4, "rid"},
      {head + "user \"a\" rid=1000 nt-hash=00", 4, "32"},
      {head + "user \"a\" rid=1000 nt-hash=+0112233445566778899aabbccddeefg", 4, "32"},
      {head + "user \"a\" rid=1000" + hash + " unix=al", 4, "unix=\"NAME\""},
      {head + "user \"a\" rid=1000" + hash + " color=red", 4, "color"},
      {head + "user \"a\" rid=1000 rid=1001" + hash, 4, "twice"},
      {head + "user \"a\" rid=1000" + hash + "\nuser \"A\" rid=1001" + hash, 5, "twice"},
      {head + "user \"a\" rid=1000" + hash + "\nuser \"b\" rid=1000" + hash, 5, "another"},
      {head + "user \"a\" rid=1007" + hash + "\n", 4, "above"},
  };
  for (const auto& c : kCases) {
    const auto file = parse_user_file(c.text);
    ASSERT_FALSE(file) << c.text;
    EXPECT_EQ(file.error().line, c.line) << c.text << file.error().text;
    EXPECT_NE(file.error().text.find(c.contains), std::string::npos)
        << c.text << " -> " << file.error().text;
  }
}

TEST(UserFile, ErrorsDoNotRepeatHashes) {
  const auto file = parse_user_file(
      "holdfast-users 1\nmachine-sid S-1-5-21-1-2-3\nnext-rid 1007\n"
      "user \"a\" rid=1000 nt-hash=0123456789abcdef0123456789abcde\n");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().text.find("abcdef"), std::string::npos);
}

TEST(UserFile, RidsAreNeverUsedAgain) {
  UserFile file;
  file.machine_sid = make_machine_sid(ByteVec(12, 9));
  UserRecord user;
  user.name = "a";
  EXPECT_TRUE(add_user(file, user));
  EXPECT_FALSE(add_user(file, user));
  user.name = "A";
  EXPECT_FALSE(add_user(file, user));
  EXPECT_TRUE(remove_user(file, "A"));
  EXPECT_FALSE(remove_user(file, "A"));
  EXPECT_TRUE(add_user(file, user));
  EXPECT_EQ(file.users[0].rid, 1001u);
  EXPECT_EQ(*parse_user_file(serialize_user_file(file)), file);
}

TEST(UserNames, WhatCanBeOne) {
  for (const char* good : {"a", "Alice B.", "j\xC3\xBCrgen", "x-y_z$"})
    EXPECT_EQ(user_name_error(good), nullptr) << good;
  for (const char* bad : {"", ".", " . ", "a\\b", "a@b", "a\"b", "a\nb", "a:b", "\xFF"})
    EXPECT_NE(user_name_error(bad), nullptr) << bad;
  EXPECT_EQ(user_name_error(std::string(64, 'x')), nullptr);
  EXPECT_NE(user_name_error(std::string(65, 'x')), nullptr);
}

TEST(StaticUsers, AreFoundInAnyCase) {
  UserFile file;
  for (const char* name : {"zoe", "Alice", "J\xC3\xBCrgen", "bob"}) {
    UserRecord user;
    user.name = name;
    ASSERT_TRUE(add_user(file, user));
  }
  const StaticUserDatabase users(file.machine_sid, file.users);
  EXPECT_EQ(users.find("ALICE")->name, "Alice");
  EXPECT_EQ(users.find("j\xC3\x9CRGEN")->rid, 1002u);
  EXPECT_EQ(users.find("Zoe")->rid, 1000u);
  EXPECT_FALSE(users.find("mallory"));
  EXPECT_FALSE(users.find(""));
}

}  // namespace
}  // namespace holdfast::service
