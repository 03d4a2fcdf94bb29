// SPDX-License-Identifier: Apache-2.0
#include "platform/uring/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/assert.h"
#include "platform/loop/socket.h"

namespace holdfast::platform {
namespace {

constexpr unsigned kSubmissions = 512;
constexpr unsigned kCompletions = 4'096;
constexpr std::size_t kBufferRingSize = Ring::kBuffers * sizeof(io_uring_buf);
constexpr std::size_t kMappingSize = 4'096 + Ring::kBuffers * Ring::kBufferSize;
static_assert(kBufferRingSize <= 4'096);

constexpr Ring::Setup kLadder[] = {
    {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, "io_uring with DEFER_TASKRUN"},
    {IORING_SETUP_COOP_TASKRUN, "io_uring with COOP_TASKRUN"},
    {0, "io_uring without task-run flags"},
};

constexpr char kTooOld[] = "this kernel's io_uring is too old (Linux 6.1 or newer is needed)";

/// The value of kernel.io_uring_disabled: '0' when it is not there.
char disabled_by_sysctl() {
  UniqueFd fd(::open("/proc/sys/kernel/io_uring_disabled", O_RDONLY | O_CLOEXEC));
  char value = '0';
  if (fd.valid() && ::read(fd.get(), &value, 1) != 1) return '0';
  return value;
}

std::string explain(int error) {
  if (error == ENOSYS) return "this kernel has no io_uring";
  if (error == EPERM || error == EACCES) {
    char value = disabled_by_sysctl();
    if (value != '0')
      return std::string("io_uring is switched off (sysctl kernel.io_uring_disabled = ") + value +
             ")";
    return "io_uring is forbidden here (seccomp profile of the container, or a security module)";
  }
  if (error == ENOMEM)
    return "io_uring got no memory (limit of locked memory, ulimit -l, or of the control group)";
  return std::string("io_uring cannot be set up: ") + error_text(error);
}

}  // namespace

std::expected<Ring::Setup, std::string> Ring::create(Ring& ring) {
  int error = 0;
  for (const Setup& setup : kLadder) {
    error = ring.try_create(setup.flags);
    if (error == 0) {
      std::string missing = ring.check_features();
      if (!missing.empty()) return std::unexpected(missing);
      error = ring.register_buffers();
      if (error == EINVAL) return std::unexpected(kTooOld);
      if (error != 0) return std::unexpected(explain(error));
      return setup;
    }
    if (error != EINVAL) break;
  }
  return std::unexpected(error == EINVAL ? kTooOld : explain(error));
}

int Ring::try_create(std::uint32_t flags) {
  io_uring_params params{};
  params.flags = flags | IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP |
                 IORING_SETUP_CQSIZE;
  params.cq_entries = kCompletions;
  int result = io_uring_queue_init_params(kSubmissions, &ring_, &params);
  created_ = result == 0;
  return -result;
}

std::string Ring::check_features() {
  constexpr unsigned kNeeded =
      IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_EXT_ARG | IORING_FEAT_FAST_POLL;
  if ((ring_.features & kNeeded) != kNeeded) return kTooOld;
  io_uring_probe* probe = io_uring_get_probe_ring(&ring_);
  // Came with multishot receive (6.0), which itself cannot be asked for.
  bool recent = probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_SEND_ZC) != 0;
  io_uring_free_probe(probe);
  return recent ? "" : kTooOld;
}

int Ring::register_buffers() {
  void* mapping =
      ::mmap(nullptr, kMappingSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return ENOMEM;
  buffer_ring_ = static_cast<io_uring_buf_ring*>(mapping);
  buffers_ = static_cast<std::uint8_t*>(mapping) + 4'096;
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uint64_t>(buffer_ring_);
  registration.ring_entries = kBuffers;
  registration.bgid = kBufferGroup;
  int result = io_uring_register_buf_ring(&ring_, &registration, 0);
  if (result != 0) return -result;
  io_uring_buf_ring_init(buffer_ring_);
  for (std::uint16_t id = 0; id < kBuffers; ++id) give_back(id);
  return 0;
}

void Ring::give_back(std::uint16_t id) {
  io_uring_buf_ring_add(buffer_ring_, buffers_ + id * kBufferSize, kBufferSize, id,
                        io_uring_buf_ring_mask(kBuffers), 0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
}

Ring::~Ring() {
  if (created_) io_uring_queue_exit(&ring_);
  if (buffer_ring_ != nullptr) ::munmap(buffer_ring_, kMappingSize);
}

void Ring::enable() {
  // liburing 2.3 declares io_uring_enable_rings() and does not export it.
  long result =
      ::syscall(SYS_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  HF_ASSERT(result == 0);
  // Saves the look-up of the descriptor in each call; works without.
  (void)io_uring_register_ring_fd(&ring_);
}

io_uring_sqe* Ring::sqe(std::uint64_t user_data) {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    int result = io_uring_submit(&ring_);
    HF_ASSERT(result >= 0 || result == -EINTR || result == -EAGAIN || result == -EBUSY);
    sqe = io_uring_get_sqe(&ring_);
  }
  sqe->user_data = user_data;
  return sqe;
}

}  // namespace holdfast::platform
