// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"

namespace holdfast::app {

/// One value of the file, of the kind that its key has.
struct Value {
  std::string text;
  bool flag = false;
  std::int64_t number = 0;
  std::vector<std::string> list;
  /// Indices into Key::choices.
  std::size_t choice = 0;
  std::vector<std::size_t> choices;
};

enum class Kind : std::uint8_t { kText, kPath, kFlag, kNumber, kChoice, kTextList, kChoiceList };

/// When a changed value counts after a reload.
enum class Takes : std::uint8_t { kAtOnce, kNewConnections, kRestart };

/// A key of the file. Parsing, messages and docs/configuration.md come from these.
struct Key {
  std::string_view name;
  Kind kind;
  /// As the documentation shows it.
  std::string_view fallback;
  std::string_view summary;
  Takes takes;
  /// Stores the value; for tables that repeat, in the last element.
  void (*set)(Config&, const Value&);
  std::vector<std::string_view> choices = {};
  std::int64_t min = 0;
  std::int64_t max = 0;
  bool required = false;
  /// What is wrong with a value of the right kind ("expected ..."), or "".
  std::string (*check)(const Value&) = nullptr;
};

struct Table {
  std::string_view name;
  bool repeats;
  std::string_view summary;
  std::vector<Key> keys;
  /// For tables that repeat: adds an element, whose header is at that line.
  void (*add)(Config&, std::uint32_t line) = nullptr;
};

std::span<const Table> schema();
std::string_view to_string(Takes takes);

/// Why this cannot be a share's name ("expected ..."), or "".
std::string share_name_error(std::string_view name);

}  // namespace holdfast::app
