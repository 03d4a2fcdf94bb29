// SPDX-License-Identifier: Apache-2.0
#include "app/log/log_sink.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/utf16.h"

namespace holdfast::app {
namespace {

std::string local_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::localtime_r(&now.tv_sec, &parts);
  char text[16];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

/// The severities of syslog(3).
char syslog_digit(Severity severity) {
  switch (severity) {
    case Severity::kDebug: return '7';
    case Severity::kInfo: return '6';
    case Severity::kNotice: return '5';
    case Severity::kWarning: return '4';
    case Severity::kError: return '3';
  }
  return '6';
}

std::size_t terminal_width(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col : 80;
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kDebug: return "debug";
    case Severity::kInfo: return "info";
    case Severity::kNotice: return "notice";
    case Severity::kWarning: return "warning";
    case Severity::kError: return "error";
  }
  return "info";
}

std::string timestamp_utc() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                now.tv_nsec / 1'000'000);
  return text;
}

std::string printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  bool valid = is_valid_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto octet = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F: terminals take them for control characters, too.
    bool c1 =
        octet == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    bool continues_c1 =
        i > 0 && static_cast<unsigned char>(text[i - 1]) == 0xC2 && octet < 0xA0 && octet >= 0x80;
    if (octet >= 0x20 && octet != 0x7F && !c1 && !continues_c1 && (valid || octet < 0x80)) {
      out += text[i];
    } else {
      out += "\\x";
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
    }
  }
  return out;
}

std::string plain_line(const Event& event, const std::string& time) {
  std::string line = time.empty() ? "" : time + " ";
  // Info is what lines usually are.
  if (event.severity != Severity::kInfo) line += std::string(to_string(event.severity)) + ": ";
  return line + printable(event.message) + "\n";
}

std::string json_line(const Event& event, const std::string& time) {
  nlohmann::ordered_json object;
  object["time"] = time;
  object["level"] = to_string(event.severity);
  object["event"] = event.name;
  object["message"] = event.message;
  for (const Event::Field& field : event.fields)
    object["fields"][std::string(field.key)] = field.value;
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

LogSink::LogSink(int fd) : fd_(fd), journal_(std::getenv("JOURNAL_STREAM") != nullptr) {}

void LogSink::set(Severity level, LogFormat format) {
  level_ = level;
  format_ = format;
}

void LogSink::emit(const Event& event) {
  if (event.severity < level_.load()) return;
  if (format_.load() == LogFormat::kJson) return write_all(fd_, json_line(event, timestamp_utc()));
  if (!journal_) return write_all(fd_, plain_line(event, timestamp_utc()));
  write_all(fd_, std::string{'<', syslog_digit(event.severity), '>'} + plain_line(event, ""));
}

ConsoleSink::ConsoleSink(int fd, bool live, Severity level) : fd_(fd), live_(live), level_(level) {}

ConsoleSink::~ConsoleSink() {
  if (live_ && !live_line_.empty()) write_all(fd_, "\r\033[K");
}

void ConsoleSink::emit(const Event& event) {
  if (event.severity < level_) return;
  std::string line = plain_line(event, local_time());
  Lock lock(mutex_);
  if (live_ && !live_line_.empty()) line = "\r\033[K" + line + live_line_;
  write_all(fd_, line);
}

void ConsoleSink::show_live(const std::string& line) {
  if (!live_) return;
  Lock lock(mutex_);
  live_line_ = line.substr(0, terminal_width(fd_) - 1);
  write_all(fd_, "\r\033[K" + live_line_);
}

}  // namespace holdfast::app
