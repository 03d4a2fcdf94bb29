// SPDX-License-Identifier: Apache-2.0
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "platform/loop_group/test_support.h"

namespace holdfast::platform::testing {
namespace {

/// Makes io_uring_setup fail with this errno from now on, as container profiles do.
bool forbid_uring(int error) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{.len = std::size(code), .filter = code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// What a process without io_uring says: kind and reason for `auto`, the error for `uring`.
std::string outcome_without_uring(int error) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  pid_t child = ::fork();
  if (child == 0) {
    std::string text = "cannot forbid";
    if (forbid_uring(error)) {
      LoopGroupOptions options;
      options.loops = 1;
      auto group = LoopGroup::start(options);
      text = group ? std::string(to_string((*group)->kind())) + ": " + (*group)->kind_reason()
                   : group.error();
      options.kind = LoopKind::kUring;
      auto refused = LoopGroup::start(options);
      text += refused ? "; started" : "; " + refused.error();
    }
    ssize_t n = ::write(ends[1], text.data(), text.size());
    _exit(n > 0 ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text(1'000, '\0');
  ssize_t n = ::read(ends[0], text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return text;
}

TEST(FallbackTest, WhereIoUringIsForbiddenAutoUsesEpollAndSaysWhy) {
  std::string reason =
      "io_uring is forbidden here (seccomp profile of the container, or a security module)";
  std::string outcome = outcome_without_uring(EPERM);
  if (outcome.find("switched off") != std::string::npos) GTEST_SKIP() << outcome;
  EXPECT_EQ(outcome, "epoll: epoll, because " + reason + "; cannot use io_uring: " + reason);
}

TEST(FallbackTest, AKernelWithoutIoUringIsNamed) {
  std::string reason = "this kernel has no io_uring";
  EXPECT_EQ(outcome_without_uring(ENOSYS),
            "epoll: epoll, because " + reason + "; cannot use io_uring: " + reason);
}

}  // namespace
}  // namespace holdfast::platform::testing
