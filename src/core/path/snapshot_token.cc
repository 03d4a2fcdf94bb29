// SPDX-License-Identifier: Apache-2.0
#include "core/path/snapshot_token.h"

#include <algorithm>

namespace holdfast::core {
namespace {

constexpr std::string_view kForm = "@GMT-0000.00.00-00.00.00";
constexpr std::int64_t kSecondsPerDay = 86'400;

/// Days since 1970-01-01 of a day in the Gregorian calendar. March begins the year of the sum, so
/// that the leap day is its last.
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  std::int64_t era = year / 400, year_of_era = year % 400;
  std::int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

struct Date {
  std::int64_t year = 0, month = 0, day = 0;
};

Date date_of(std::int64_t days) {
  days += 719'468;
  std::int64_t era = days / 146'097, day_of_era = days % 146'097;
  std::int64_t year =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  std::int64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
  std::int64_t month = (5 * day_of_year + 2) / 153;
  Date date{year + era * 400, month < 10 ? month + 3 : month - 9,
            day_of_year - (153 * month + 2) / 5 + 1};
  date.year += date.month <= 2 ? 1 : 0;
  return date;
}

std::int64_t number_at(std::string_view text, std::size_t at, std::size_t digits) {
  std::int64_t value = 0;
  for (char c : text.substr(at, digits)) value = value * 10 + (c - '0');
  return value;
}

void put_number(std::string& text, std::size_t at, std::size_t digits, std::int64_t value) {
  for (; digits > 0; --digits, value /= 10)
    text[at + digits - 1] = static_cast<char>('0' + value % 10);
}

bool has_form(std::string_view text) {
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<NtTime> parse_snapshot_token(std::string_view component) {
  if (!has_form(component)) return std::nullopt;
  std::int64_t year = number_at(component, 5, 4), month = number_at(component, 10, 2),
               day = number_at(component, 13, 2), hour = number_at(component, 16, 2),
               minute = number_at(component, 19, 2), second = number_at(component, 22, 2);
  if (year < 1601 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  std::int64_t days = days_of(year, month, day);
  if (date_of(days).day != day) return std::nullopt;  // the 31st of a shorter month
  return NtTime::from_unix(days * kSecondsPerDay + hour * 3'600 + minute * 60 + second, 0);
}

std::string snapshot_token(NtTime time) {
  std::int64_t seconds = static_cast<std::int64_t>(time.ticks / 10'000'000);
  // From 1601 on, so that nothing is negative: 134,774 days are before 1970.
  Date date = date_of(seconds / kSecondsPerDay - 134'774);
  std::int64_t of_day = seconds % kSecondsPerDay;
  std::string text(kForm);
  put_number(text, 5, 4, date.year);
  put_number(text, 10, 2, date.month);
  put_number(text, 13, 2, date.day);
  put_number(text, 16, 2, of_day / 3'600);
  put_number(text, 19, 2, of_day / 60 % 60);
  put_number(text, 22, 2, of_day % 60);
  return text;
}

std::optional<NtTime> take_snapshot_token(std::string& name) {
  for (std::size_t begin = 0; begin < name.size();) {
    std::size_t end = std::min(name.find('\\', begin), name.size());
    if (auto taken = parse_snapshot_token(std::string_view(name).substr(begin, end - begin))) {
      if (end != name.size()) {
        name.erase(begin, end + 1 - begin);
      } else {
        // The last one goes with the separator in front of it.
        name.resize(begin == 0 ? 0 : begin - 1);
      }
      return taken;
    }
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace holdfast::core
