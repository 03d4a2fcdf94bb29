// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace holdfast::wire::fscc {

/// A search expression of QUERY_DIRECTORY, prepared once for many names.
///
/// Wildcards of MS-FSA 2.1.4.4 over UTF-16 units: `*` any run; `?` one unit; DOS_STAR `<` any run
/// up to and including the last dot; DOS_QM `>` one unit, or nothing before a dot or at the end;
/// DOS_DOT
/// `"` a dot, or nothing at the end. Other units match themselves, upcased unless case_sensitive.
/// Matching costs at most (units of expression) * (units of name) steps and allocates nothing for
/// expressions of up to 256 units.
class NamePattern {
 public:
  explicit NamePattern(std::string_view utf8_expression, bool case_sensitive = false);

  /// True when every name matches ("*").
  bool matches_all() const { return all_; }
  bool has_wildcards() const { return wildcards_; }
  /// The expression, upcased unless case sensitive.
  const std::u16string& units() const { return units_; }

  bool matches(std::string_view utf8_name) const;
  bool matches(std::u16string_view name) const;

 private:
  std::u16string units_;
  bool case_sensitive_;
  bool wildcards_ = false;
  bool all_ = false;
};

/// True when the text has one of `* ? < > "`.
bool has_wildcards(std::string_view utf8);

}  // namespace holdfast::wire::fscc
