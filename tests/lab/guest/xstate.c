// SPDX-License-Identifier: Apache-2.0
// Preloaded into user-mode Linux. Kernels before 7 keep 2,696 octets of a process' extended processor state, and the host's
// kernel takes back only the whole of it (EFAULT otherwise), which is 11,008 octets where the processor has AMX: such a guest
// ends while it boots. Here what the guest does not know is filled in with what the process has.
#define _GNU_SOURCE
#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kWhole = 65536, kComponentsAt = 512, kComponents = 63, kPeekUser = 3 };

// Guests have small stacks and one thread that traces.
static char whole[kWhole];

// The state components (bits of XSTATE_BV) that lie within the first size octets.
static uint64_t known_within(size_t size) {
  uint64_t known = 3;  // x87 and SSE: the legacy area
  for (unsigned i = 2; i < kComponents; i++) {
    unsigned octets = 0, offset = 0, flags = 0, unused = 0;
    __cpuid_count(0xd, i, octets, offset, flags, unused);
    if (octets != 0 && offset + octets <= size) known |= UINT64_C(1) << i;
  }
  return known;
}

static long set_state(long pid, const struct iovec* given) {
  struct iovec all = {whole, sizeof whole};
  if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all) != 0) return -1;
  if (given->iov_len < all.iov_len) {
    uint64_t had, has;
    const uint64_t known = known_within(given->iov_len);
    memcpy(&had, whole + kComponentsAt, sizeof had);
    memcpy(whole, given->iov_base, given->iov_len);
    memcpy(&has, whole + kComponentsAt, sizeof has);
    has = (has & known) | (had & ~known);
    memcpy(whole + kComponentsAt, &has, sizeof has);
  } else {
    all.iov_base = given->iov_base;
  }
  return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &all);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  const long pid = va_arg(arguments, long), address = va_arg(arguments, long), data = va_arg(arguments, long);
  va_end(arguments);
  if (request == PTRACE_SETREGSET && address == NT_X86_XSTATE) return set_state(pid, (const struct iovec*)data);
  if (request < PTRACE_PEEKTEXT || (int)request > kPeekUser) return syscall(SYS_ptrace, request, pid, address, data);
  long word = 0;  // the library's call returns what was read
  if (syscall(SYS_ptrace, request, pid, address, &word) != 0) return -1;
  errno = 0;
  return word;
}
