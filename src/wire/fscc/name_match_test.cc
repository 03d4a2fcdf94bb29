// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/name_match.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::wire::fscc {
namespace {

/// MS-FSA 2.1.4.4 word by word, exponential.
bool naive(std::string_view e, std::string_view name, std::size_t at) {
  bool at_end = at == name.size();
  if (e.empty()) return at_end;
  std::size_t last_dot = name.rfind('.');
  std::string_view rest = e.substr(1);
  switch (e[0]) {
    case '*': return naive(rest, name, at) || (!at_end && naive(e, name, at + 1));
    case '<':
      if (naive(rest, name, at)) return true;
      if (at_end) return false;
      return at == last_dot ? naive(rest, name, at + 1) : naive(e, name, at + 1);
    case '?': return !at_end && naive(rest, name, at + 1);
    case '>':
      if (at_end || name[at] == '.') return naive(rest, name, at);
      return naive(rest, name, at + 1);
    case '"':
      if (at_end) return naive(rest, name, at);
      return name[at] == '.' && naive(rest, name, at + 1);
    default: return !at_end && e[0] == name[at] && naive(rest, name, at + 1);
  }
}

TEST(NamePattern, Examples) {
  struct Row {
    const char *expression, *name;
    bool match;
  };
  const Row rows[] = {
      {"*", "anything", true},
      {"*.*", "nodot", true},
      {"**.*", "nodot", false},
      {"<<.txt", "a.b.txt", true},
      {"<<", "a.b.txt", true},
      {"", "", true},
      {"", "a", false},
      {"a", "", false},
      {"*", "", false},
      {"readme.txt", "README.TXT", true},
      {"readme.txt", "readme.tx", false},
      {"*.txt", "a.b.TXT", true},
      {"*.txt", "a.txt.bak", false},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"a?", "a", false},
      {"a>", "a", true},
      {"a>", "ab", true},
      {"a>", "abc", false},
      {"a>>>.t>>", "abc.txt", true},
      {"a>>>.t>>", "a.t", true},
      {"<.txt", "a.b.txt", true},
      {"<", "noext", true},
      {"<", "a.txt", false},
      {"<", "a.", true},
      {"<\"*", "noext", true},
      {"<\"*", "a.txt", true},
      {"abc\"", "abc", true},
      {"abc\"", "abc.", true},
      {"abc\"", "abcd", false},
      {"abc\"\"", "abc", true},
      {"\xC3\xA4*", "\xC3\x84pfel", true},
      {"**a**", "xay", true},
      {"?", "\xE2\x82\xAC", true},
  };
  for (const Row& row : rows)
    EXPECT_EQ(NamePattern(row.expression).matches(row.name), row.match)
        << row.expression << " " << row.name;
  EXPECT_FALSE(NamePattern("readme", true).matches("README"));
  EXPECT_TRUE(NamePattern("*").matches_all());
  EXPECT_FALSE(NamePattern("a").has_wildcards());
  EXPECT_TRUE(has_wildcards("a<"));
  EXPECT_FALSE(has_wildcards("ab"));
}

TEST(NamePattern, HostileExpressionsAreBounded) {
  std::string stars, name(255, 'a');
  for (int i = 0; i < 250; ++i) stars += "*a";
  EXPECT_TRUE(NamePattern(stars).matches(name));
  EXPECT_FALSE(NamePattern(stars + "b").matches(name));
  std::string mixed;
  for (int i = 0; i < 250; ++i) mixed += "*>";
  EXPECT_FALSE(NamePattern(mixed + "b").matches(name));
  EXPECT_FALSE(NamePattern(std::string(100000, '>')).matches(name));
  EXPECT_TRUE(NamePattern(std::string(100000, '*')).matches(name));
}

std::string text_of(const std::string& alphabet, int at_most) {
  return *rc::gen::resize(at_most, rc::gen::container<std::string>(rc::gen::elementOf(alphabet)));
}

RC_GTEST_PROP(NamePattern, AgreesWithTheNaiveMatcher, ()) {
  for (int i = 0; i < 50; ++i) {
    std::string expression = text_of("ab.*?<>\"", 10);
    std::string name = "a" + text_of("ab.", 10);
    if (i % 2 != 0) name.erase(0, 1);
    if (name.empty() || expression == "*.*") continue;
    bool expected = naive(expression, name, 0);
    RC_ASSERT(NamePattern(expression, true).matches(name) == expected);
    // The same behind a head that is too long for the states of short expressions.
    std::string head(60, 'h');
    RC_ASSERT(NamePattern(head + expression, true).matches(head + name) == expected);
  }
}

}  // namespace
}  // namespace holdfast::wire::fscc
