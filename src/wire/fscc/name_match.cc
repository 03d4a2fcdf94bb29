// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/name_match.h"

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstdint>

#include "base/utf16.h"

namespace holdfast::wire::fscc {
namespace {

constexpr char16_t kDosStar = u'<';
constexpr char16_t kDosQm = u'>';
constexpr char16_t kDosDot = u'"';

bool is_wildcard(char16_t c) {
  return c == u'*' || c == u'?' || c == kDosStar || c == kDosQm || c == kDosDot;
}

/// Positions in the expression that can be reached; its size is the end. For short expressions.
struct Word {
  std::uint64_t bits = 0;
  void set(std::size_t i) { bits |= std::uint64_t{1} << i; }
  bool test(std::size_t i) const { return (bits >> i & 1) != 0; }
  bool none() const { return bits == 0; }
  /// The first position from i on; `end` when there is none.
  std::size_t next(std::size_t i, std::size_t end) const {
    std::uint64_t rest = bits >> i;
    return rest == 0 ? end : i + static_cast<std::size_t>(std::countr_zero(rest));
  }
};
/// The same for long ones.
struct Words {
  std::bitset<NamePattern::kMaxUnits + 1> bits;
  void set(std::size_t i) { bits.set(i); }
  bool test(std::size_t i) const { return bits[i]; }
  bool none() const { return bits.none(); }
  std::size_t next(std::size_t i, std::size_t end) const {
    while (i < end && !bits[i]) ++i;
    return i;
  }
};

/// Moves every position over one unit of the name. Positions are visited in rising order, so that
/// what is reached without a unit is visited in the same pass.
template <class States>
States step(std::u16string_view expression, States now, char16_t unit, bool is_last_dot) {
  States after;
  std::size_t end = expression.size();
  for (std::size_t i = now.next(0, end); i < end; i = i + 1 < end ? now.next(i + 1, end) : end) {
    switch (expression[i]) {
      case u'*':
        after.set(i);
        now.set(i + 1);
        break;
      case kDosStar:
        after.set(is_last_dot ? i + 1 : i);
        now.set(i + 1);
        break;
      case kDosQm:
        if (unit == u'.')
          now.set(i + 1);
        else
          after.set(i + 1);
        break;
      case kDosDot:
        if (unit == u'.') after.set(i + 1);
        break;
      case u'?': after.set(i + 1); break;
      default:
        if (expression[i] == unit) after.set(i + 1);
    }
  }
  return after;
}

/// True when the end can be reached without another unit.
template <class States>
bool accepts(std::u16string_view expression, States now) {
  for (std::size_t i = 0; i < expression.size(); ++i)
    if (now.test(i) && is_wildcard(expression[i]) && expression[i] != u'?') now.set(i + 1);
  return now.test(expression.size());
}

template <class States, class UnitAt>
bool run(std::u16string_view expression, std::u16string_view name, UnitAt unit_at) {
  std::size_t last_dot = name.rfind(u'.');
  States now;
  now.set(0);
  for (std::size_t i = 0; i < name.size(); ++i) {
    now = step(expression, now, unit_at(i), i == last_dot);
    if (now.none()) return false;
  }
  return accepts(expression, now);
}

/// Names of directories are at most this long, so that their UTF-16 form needs no allocation.
constexpr std::size_t kUsualName = 255;

}  // namespace

NamePattern::NamePattern(std::string_view utf8_expression, bool case_sensitive)
    : case_sensitive_(case_sensitive) {
  for (char16_t c : utf8_to_utf16(utf8_expression)) {
    wildcards_ |= is_wildcard(c);
    // Next to a star another one adds nothing, and two DOS_STARs together match what a star does.
    bool star = c == u'*' || c == kDosStar;
    if (star && (units_.ends_with(u'*') || units_.ends_with(kDosStar))) {
      units_.back() = u'*';
      continue;
    }
    units_ += case_sensitive ? c : upcase(c);
  }
  all_ = units_ == u"*" || utf8_expression == "*.*";
  std::u16string_view tail = std::u16string_view(units_).substr(units_.empty() ? 0 : 1);
  tail_ = units_.starts_with(u'*') && std::none_of(tail.begin(), tail.end(), is_wildcard);
}

bool NamePattern::matches(std::string_view utf8_name) const {
  if (all_) return !utf8_name.empty();
  if (utf8_name.size() > kUsualName) return matches(utf8_to_utf16(utf8_name));
  char16_t units[kUsualName];
  for (std::size_t i = 0; i < utf8_name.size(); ++i) {
    auto octet = static_cast<std::uint8_t>(utf8_name[i]);
    if (octet >= 0x80) return matches(utf8_to_utf16(utf8_name));
    units[i] = octet;
  }
  return matches(std::u16string_view(units, utf8_name.size()));
}

bool NamePattern::matches(std::u16string_view name) const {
  if (name.empty() || units_.empty()) return name.empty() && units_.empty();
  if (all_) return true;
  auto unit_at = [&](std::size_t i) { return case_sensitive_ ? name[i] : upcase(name[i]); };
  if (!wildcards_ || tail_) {
    std::u16string_view literal = std::u16string_view(units_).substr(tail_ ? 1 : 0);
    if (tail_ ? name.size() < literal.size() : name.size() != literal.size()) return false;
    std::size_t skipped = name.size() - literal.size();
    for (std::size_t i = 0; i < literal.size(); ++i)
      if (unit_at(skipped + i) != literal[i]) return false;
    return true;
  }
  if (units_.size() > kMaxUnits) return false;
  return units_.size() < 64 ? run<Word>(units_, name, unit_at) : run<Words>(units_, name, unit_at);
}

bool has_wildcards(std::string_view utf8) {
  return utf8.find_first_of("*?<>\"") != std::string_view::npos;
}

}  // namespace holdfast::wire::fscc
