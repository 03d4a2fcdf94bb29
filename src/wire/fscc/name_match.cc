// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/name_match.h"

#include <bitset>

#include "base/utf16.h"

namespace holdfast::wire::fscc {
namespace {

constexpr char16_t kDosStar = u'<';
constexpr char16_t kDosQm = u'>';
constexpr char16_t kDosDot = u'"';

bool is_wildcard(char16_t c) {
  return c == u'*' || c == u'?' || c == kDosStar || c == kDosQm || c == kDosDot;
}

/// Positions in the expression that can be reached; its size is the end.
using States = std::bitset<NamePattern::kMaxUnits + 1>;

/// Moves every position over one unit of the name. Positions are visited in rising order, so that
/// what is reached without a unit is visited in the same pass.
States step(std::u16string_view expression, States now, char16_t unit, bool is_last_dot) {
  States next;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    if (!now[i]) continue;
    switch (expression[i]) {
      case u'*':
        next.set(i);
        now.set(i + 1);
        break;
      case kDosStar:
        next.set(is_last_dot ? i + 1 : i);
        now.set(i + 1);
        break;
      case kDosQm:
        if (unit == u'.')
          now.set(i + 1);
        else
          next.set(i + 1);
        break;
      case kDosDot:
        if (unit == u'.') next.set(i + 1);
        break;
      case u'?': next.set(i + 1); break;
      default:
        if (expression[i] == unit) next.set(i + 1);
    }
  }
  return next;
}

/// True when the end can be reached without another unit.
bool accepts(std::u16string_view expression, States now) {
  for (std::size_t i = 0; i < expression.size(); ++i)
    if (now[i] && is_wildcard(expression[i]) && expression[i] != u'?') now.set(i + 1);
  return now[expression.size()];
}

}  // namespace

NamePattern::NamePattern(std::string_view utf8_expression, bool case_sensitive)
    : case_sensitive_(case_sensitive) {
  for (char16_t c : utf8_to_utf16(utf8_expression)) {
    wildcards_ |= is_wildcard(c);
    if (c == u'*' && units_.ends_with(u'*')) continue;
    units_ += case_sensitive ? c : upcase(c);
  }
  all_ = units_ == u"*" || units_ == u"*.*";
}

bool NamePattern::matches(std::string_view utf8_name) const {
  if (all_) return !utf8_name.empty();
  return matches(std::u16string_view(utf8_to_utf16(utf8_name)));
}

bool NamePattern::matches(std::u16string_view name) const {
  if (name.empty() || units_.empty()) return name.empty() && units_.empty();
  if (all_) return true;
  auto unit_at = [&](std::size_t i) { return case_sensitive_ ? name[i] : upcase(name[i]); };
  if (!wildcards_) {
    if (name.size() != units_.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i)
      if (unit_at(i) != units_[i]) return false;
    return true;
  }
  if (units_.size() > kMaxUnits) return false;

  std::size_t last_dot = name.rfind(u'.');
  States now;
  now.set(0);
  for (std::size_t i = 0; i < name.size(); ++i) {
    now = step(units_, now, unit_at(i), i == last_dot);
    if (now.none()) return false;
  }
  return accepts(units_, now);
}

bool has_wildcards(std::string_view utf8) {
  return utf8.find_first_of("*?<>\"") != std::string_view::npos;
}

}  // namespace holdfast::wire::fscc
