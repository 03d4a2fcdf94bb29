// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace holdfast {

enum class Severity : std::uint8_t { kDebug, kInfo, kNotice, kWarning, kError };

/// One thing that happened, for people (message) and programs (name and fields). Never holds a
/// secret.
struct Event {
  struct Field {
    std::string_view key;
    std::string value;
  };
  Severity severity;
  /// Stable, dotted: "session.setup.refused".
  std::string_view name;
  /// One sentence for an administrator, saying what and where and, if something is to be done,
  /// what.
  std::string message;
  std::vector<Field> fields;
};

/// Where events go: the log, the live line of `holdfast serve`, a test.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// May be called from any loop.
  virtual void emit(const Event& event) = 0;
};

}  // namespace holdfast
