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

// Guests have small stacks and one thread that traces. What lies behind what the guest gave stays zero: the initial state.
static char whole[kWhole];

// The state components (bits of XSTATE_BV) that lie within the first size octets. Dear: a virtual machine's CPUID is its
// host's business.
static uint64_t known_within(size_t size) {
  uint64_t known = 3;  // x87 and SSE: the legacy area
  for (unsigned i = 2; i < kComponents; i++) {
    unsigned octets = 0, offset = 0, flags = 0, unused = 0;
    __cpuid_count(0xd, i, octets, offset, flags, unused);
    if (octets != 0 && offset + octets <= size) known |= UINT64_C(1) << i;
  }
  return known;
}

// Octets that the host's kernel wants; 0: not known.
static size_t wanted_by_host(long pid) {
  static char scratch[kWhole];
  struct iovec all = {scratch, sizeof scratch};
  return syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all) == 0 ? all.iov_len : 0;
}

static long set_state(long pid, const struct iovec* given) {
  static size_t wanted, size;
  static uint64_t known;
  if (wanted == 0) wanted = wanted_by_host(pid);
  if (wanted == 0 || given->iov_len >= wanted || given->iov_len < kComponentsAt + sizeof known)
    return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, given);
  if (size != given->iov_len) {
    size = given->iov_len;
    known = known_within(size);
    memset(whole, 0, sizeof whole);
  }
  memcpy(whole, given->iov_base, size);
  uint64_t components;
  memcpy(&components, whole + kComponentsAt, sizeof components);
  components &= known;
  memcpy(whole + kComponentsAt, &components, sizeof components);
  struct iovec all = {whole, wanted};
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
