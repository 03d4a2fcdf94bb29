// SPDX-License-Identifier: Apache-2.0
#include "app/upgrade/check_binary.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "platform/loop/unique_fd.h"
#include "wire/state/handover.h"

extern char** environ;

namespace holdfast::app {
namespace {

using platform::UniqueFd;

constexpr int kTimeout_ms = 10'000;
constexpr std::size_t kMaxOutput = 16'384;
constexpr const char* kFormat = "holdfast-upgrade %u %u\n";

/// Starts it with its output into a pipe, of which this gives the reading end.
std::string start(const std::string& path, const std::string& config_file, pid_t& pid,
                  UniqueFd& output) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::strerror(errno);
  output.reset(ends[0]);
  UniqueFd writing(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::array<std::string, 4> words = {path, "--check-upgrade", "--config", config_file};
  std::array<char*, 5> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  int error = ::posix_spawn(&pid, path.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? "" : std::strerror(error);
}

/// All it prints until it ends. False: it does not end.
bool read_all(int fd, std::string& text) {
  for (;;) {
    pollfd ready{fd, POLLIN, 0};
    int n = ::poll(&ready, 1, kTimeout_ms);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    char piece[4'096];
    ssize_t got = ::read(fd, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    if (text.size() < kMaxOutput) text.append(piece, static_cast<std::size_t>(got));
  }
}

}  // namespace

std::string upgrade_line() {
  char line[64];
  std::snprintf(line, sizeof line, kFormat, unsigned{wire::state::kHandoverVersion},
                unsigned{wire::state::kHandoverReadableBy});
  return line;
}

std::string own_binary() {
  char path[4'096];
  ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  std::string name(path, size > 0 ? static_cast<std::size_t>(size) : 0);
  constexpr std::string_view kReplaced = " (deleted)";
  if (name.ends_with(kReplaced)) name.resize(name.size() - kReplaced.size());
  return name;
}

std::string check_binary(const std::string& path, const std::string& config_file) {
  pid_t pid = 0;
  UniqueFd output;
  if (std::string error = start(path, config_file, pid, output); !error.empty())
    return path + " cannot be started: " + error + ".";
  std::string text;
  bool ended = read_all(output.get(), text);
  if (!ended) (void)::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return path + " did not answer --check-upgrade in time.";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  unsigned version = 0, readable_by = 0;
  bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!passed) return path + " refuses to go on: " + (text.empty() ? "no reason given" : text);
  if (std::sscanf((text + "\n").c_str(), kFormat, &version, &readable_by) != 2)
    return path + " is no holdfastd that knows upgrades in place.";
  if (version < wire::state::kHandoverReadableBy)
    return path + " is too old: it reads hand-overs of version " + std::to_string(version) +
           ", this server writes version " + std::to_string(wire::state::kHandoverVersion) + ".";
  return "";
}

}  // namespace holdfast::app
