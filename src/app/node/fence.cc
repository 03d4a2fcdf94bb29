// SPDX-License-Identifier: Apache-2.0
#include "app/node/fence.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "platform/loop/unique_fd.h"

extern char** environ;

namespace holdfast::app {
namespace {

constexpr int kTimeout_ms = 30'000;

/// What is wrong, or "".
std::string run(const std::string& command, std::vector<std::string> extra) {
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    environment.push_back(*variable);
  for (std::string& variable : extra) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string name = command;
  char* arguments[] = {name.data(), nullptr};
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // The loops' threads block signals; the command shall not.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  int error =
      ::posix_spawn(&pid, command.c_str(), nullptr, &attributes, arguments, environment.data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return std::string("it cannot be started: ") + std::strerror(error);
  platform::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended{process.get(), POLLIN, 0};
  int ready;
  do ready = ::poll(&ended, 1, kTimeout_ms);
  while (ready < 0 && errno == EINTR);
  if (ready == 0) (void)::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (ready == 0) return "it did not end within 30 s";
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  return WIFEXITED(status) ? "it ended with status " + std::to_string(WEXITSTATUS(status))
                           : "it was killed";
}

}  // namespace

std::function<bool(const core::failover::Epoch&)> fence_command(std::string command,
                                                                std::string volume,
                                                                EventSink& events) {
  if (command.empty()) return {};
  return [command = std::move(command), volume = std::move(volume),
          &events](const core::failover::Epoch& holder) {
    std::string problem =
        run(command, {"HOLDFAST_VOLUME=" + volume, "HOLDFAST_HOLDER=" + holder.host,
                      "HOLDFAST_EPOCH=" + std::to_string(holder.number)});
    if (problem.empty()) return true;
    events.emit({Severity::kWarning,
                 "failover.fence.failed",
                 "The fence command " + command + " did not help: " + problem +
                     ". The earlier server's lease is waited for.",
                 {}});
    return false;
  };
}

}  // namespace holdfast::app
