// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace holdfast::wire::fscc {

/// A search expression of QUERY_DIRECTORY, prepared once for many names.
///
/// Wildcards of MS-FSA 2.1.4.4 over UTF-16 units: `*` any run; `?` one unit; DOS_STAR `<` any run,
/// of which the last dot of the name can only be the end; DOS_QM `>` one unit that is not a dot, or
/// nothing before a dot or at the end; DOS_DOT `"` a dot, or nothing at the end. "*.*" is "*".
/// Other units match themselves, upcased unless case_sensitive.
///
/// A name costs at most (units of name) * (units of expression) steps; a name of ASCII is not
/// copied to the heap. An expression of more than kMaxUnits units (runs of stars counted once)
/// matches nothing: no name of a directory could need it.
class NamePattern {
 public:
  static constexpr std::size_t kMaxUnits = 512;

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
  /// "*" and no other wildcard: the name's end is compared.
  bool tail_ = false;
};

/// True when the text has one of `* ? < > "`.
bool has_wildcards(std::string_view utf8);

}  // namespace holdfast::wire::fscc
