// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "app/log/log_sink.h"

namespace holdfast::app {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(fds_, O_NONBLOCK | O_CLOEXEC), 0); }
  ~Pipe() { ::close(fds_[0]), ::close(fds_[1]); }
  int in() const { return fds_[1]; }
  std::string read() {
    char text[4096];
    ssize_t n = ::read(fds_[0], text, sizeof text);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : "";
  }

 private:
  int fds_[2];
};

const Event kEvent{Severity::kWarning, "a.b", "User x\ny\x1b[2J connected", {{"user", "x\ny"}}};

TEST(Log, NobodyWritesLinesOfTheirOwn) {
  EXPECT_EQ(plain_line(kEvent, "T"), "T warning: User x\\x0ay\\x1b[2J connected\n");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f \xc2\x9b \xff"),
            "gr\\xc3\\xbc\\xc3\\x9f \\xc2\\x9b \\xff");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
}

TEST(Log, JsonIsOneObjectALine) {
  std::string line = json_line(kEvent, "T");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  auto object = nlohmann::json::parse(line);
  EXPECT_EQ(object["level"], "warning");
  EXPECT_EQ(object["event"], "a.b");
  EXPECT_EQ(object["fields"]["user"], "x\ny");
  Event invalid{Severity::kInfo, "a", "\xff", {}};
  EXPECT_TRUE(nlohmann::json::accept(json_line(invalid, "T")));
}

TEST(Log, LevelAndFormatChange) {
  Pipe pipe;
  LogSink sink(pipe.in());
  sink.set(Severity::kError, LogFormat::kPlain);
  sink.emit(kEvent);
  EXPECT_EQ(pipe.read(), "");
  sink.set(Severity::kInfo, LogFormat::kJson);
  sink.emit(kEvent);
  EXPECT_TRUE(nlohmann::json::accept(pipe.read()));
}

TEST(Log, LiveLineStaysBelow) {
  Pipe pipe;
  ConsoleSink sink(pipe.in(), true, Severity::kInfo);
  sink.show_live("2 connections");
  EXPECT_EQ(pipe.read(), "\r\033[K2 connections");
  sink.emit(kEvent);
  std::string text = pipe.read();
  EXPECT_TRUE(text.starts_with("\r\033[K"));
  EXPECT_TRUE(text.ends_with("connected\n2 connections"));
  ConsoleSink plain(pipe.in(), false, Severity::kInfo);
  plain.show_live("x");
  EXPECT_EQ(pipe.read(), "");
}

}  // namespace
}  // namespace holdfast::app
