// SPDX-License-Identifier: Apache-2.0
#include "cli/secrets.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "platform/loop/unique_fd.h"

namespace holdfast::cli {
namespace {

constexpr std::size_t kLongest = 1024;

/// Reads up to the end of a line; false when there was neither a line nor an end of file in time.
bool read_line(int fd, std::string& line) {
  line.clear();
  char c = 0;
  while (line.size() <= kLongest) {
    ssize_t got = ::read(fd, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) return true;
    if (c == '\n') {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return true;
    }
    line += c;
  }
  return false;
}

/// Echo off while it lives.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd) {
    if (::tcgetattr(fd_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  ~NoEcho() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  bool works() const { return changed_; }

 private:
  int fd_;
  termios before_{};
  bool changed_ = false;
};

bool ask_once(int terminal, const std::string& question, std::string& answer) {
  (void)!::write(terminal, question.data(), question.size());
  NoEcho quiet(terminal);
  bool fine = quiet.works() && read_line(terminal, answer);
  (void)!::write(terminal, "\n", 1);
  return fine;
}

}  // namespace

std::expected<std::string, std::string> read_password_file(const std::string& path) {
  platform::UniqueFd file;
  int fd = STDIN_FILENO;
  if (path != "-") {
    file.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return std::unexpected(path + ": " + std::strerror(errno));
    fd = file.get();
  }
  std::string line;
  if (!read_line(fd, line))
    return std::unexpected(path + ": cannot be read as a password of one line");
  if (line.empty()) return std::unexpected(path + ": the first line is empty");
  return line;
}

std::string take_password_from_environment() {
  char* value = std::getenv("HOLDFAST_PASSWORD");
  std::string password = value != nullptr ? value : "";
  // Gone from /proc/PID/environ, too.
  if (value != nullptr) ::explicit_bzero(value, password.size());
  ::unsetenv("HOLDFAST_PASSWORD");
  return password;
}

bool can_prompt() {
  platform::UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  return terminal.valid() && ::isatty(STDIN_FILENO) == 1;
}

std::expected<std::string, std::string> prompt_password(const std::string& question, bool confirm) {
  platform::UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.valid())
    return std::unexpected(
        "no terminal to ask for the password; use --password-file or HOLDFAST_PASSWORD");
  std::string first, second;
  if (!ask_once(terminal.get(), question, first))
    return std::unexpected("the password could not be read");
  if (confirm) {
    if (!ask_once(terminal.get(), "The same again: ", second))
      return std::unexpected("the password could not be read");
    if (first != second) return std::unexpected("the two passwords differ");
  }
  return first;
}

std::string generate_password(ports::Random& random) {
  // 31 characters: no 0, o, 1, l, i.
  static constexpr std::string_view kAlphabet = "23456789abcdefghjkmnpqrstuvwxyz";
  std::string password;
  while (password.size() < 23) {
    if (password.size() % 6 == 5) password += '-';
    std::uint8_t octet = 0;
    do {
      random.fill({&octet, 1});
    } while (octet >= 256 / kAlphabet.size() * kAlphabet.size());
    password += kAlphabet[octet % kAlphabet.size()];
  }
  return password;
}

}  // namespace holdfast::cli
