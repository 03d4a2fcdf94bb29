// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "app/config/config.h"
#include "base/event.h"
#include "base/mutex.h"

namespace holdfast::app {

std::string_view to_string(Severity severity);

/// "2026-11-22T20:03:22.123Z".
std::string timestamp_utc();

/// One event as a line of the log, with its end of line. Control characters in what a client sent
/// become \xNN, so that nobody writes lines of their own into the log.
std::string plain_line(const Event& event, const std::string& time);
std::string json_line(const Event& event, const std::string& time);

/// Writes events to a file descriptor, whole lines each, from any thread. Where the journal reads
/// (JOURNAL_STREAM), plain lines begin with "<N>" instead of the time, which the journal adds.
class LogSink final : public EventSink {
 public:
  explicit LogSink(int fd);
  void emit(const Event& event) override;
  void set(Severity level, LogFormat format);

 private:
  const int fd_;
  const bool journal_;
  std::atomic<Severity> level_{Severity::kInfo};
  std::atomic<LogFormat> format_{LogFormat::kPlain};
};

/// Events for a person in front of `holdfast serve`: plain lines with the local time, and, on a
/// terminal, one live line below them.
class ConsoleSink final : public EventSink {
 public:
  /// live: fd is a terminal that has a live line. quiet: only warnings and errors.
  ConsoleSink(int fd, bool live, Severity level);
  ~ConsoleSink() override;
  void emit(const Event& event) override;
  /// Replaces the live line; does nothing without one.
  void show_live(const std::string& line);

 private:
  const int fd_;
  const bool live_;
  const Severity level_;
  Mutex mutex_;
  std::string live_line_;
};

/// text with control characters and invalid UTF-8 made visible.
std::string printable(std::string_view text);

/// write(2) until all is written or it fails.
void write_all(int fd, std::string_view text);

}  // namespace holdfast::app
