// SPDX-License-Identifier: Apache-2.0
#include "platform/quota/kernel_quota.h"

#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/quota.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "platform/vfs_posix/unique_fd.h"

namespace holdfast::platform {
namespace {

using ports::UserQuota;

constexpr std::uint64_t kBlock = 1024;  // QIF_DQBLKSIZE

long quota_call(int fd, int command, std::uint32_t id, void* address) {
  return ::syscall(SYS_quotactl_fd, fd, QCMD(static_cast<unsigned>(command), USRQUOTA), id,
                   address);
}

NtStatus status_of(int error) {
  switch (error) {
    case EPERM:
    case EACCES: return NtStatus::kAccessDenied;
    case EROFS: return NtStatus::kMediaWriteProtected;
    // ESRCH: quotas are off. The others: there are none here, or no such call.
    default: return NtStatus::kNotSupported;
  }
}

/// To the kernel no limit is 0.
std::uint64_t limit_of(std::uint64_t blocks) {
  return blocks == 0 ? UserQuota::kNoLimit : blocks * kBlock;
}
std::uint64_t blocks_of(std::uint64_t octets) {
  if (octets == UserQuota::kNoLimit) return 0;
  return octets / kBlock + (octets % kBlock != 0 ? 1 : 0);
}

template <class Block>
UserQuota quota_of(std::uint32_t uid, const Block& block) {
  return {uid, block.dqb_curspace, limit_of(block.dqb_bsoftlimit), limit_of(block.dqb_bhardlimit)};
}

class KernelQuotas final : public ports::QuotaProvider,
                           public std::enable_shared_from_this<KernelQuotas> {
 public:
  explicit KernelQuotas(posix::UniqueFd directory) : directory_(std::move(directory)) {}

  Task<Result<State>> state(ports::IoContext io) override {
    auto self = shared_from_this();
    co_return co_await ports::run_blocking(io.loop, [self]() -> Result<State> {
      fs_quota_stat stat{};
      if (quota_call(self->directory_.get(), Q_XGETQSTAT, 0, &stat) != 0) return State{};
      return State{(stat.qs_flags & FS_QUOTA_UDQ_ACCT) != 0,
                   (stat.qs_flags & FS_QUOTA_UDQ_ENFD) != 0};
    });
  }

  Task<Result<UserQuota>> get(ports::IoContext io, std::uint32_t uid) override {
    auto self = shared_from_this();
    co_return co_await ports::run_blocking(io.loop, [self, uid]() -> Result<UserQuota> {
      if_dqblk block{};
      if (quota_call(self->directory_.get(), Q_GETQUOTA, uid, &block) == 0)
        return quota_of(uid, block);
      if (errno == ENOENT) return UserQuota{uid};
      return fail(status_of(errno));
    });
  }

  Task<Result<std::vector<UserQuota>>> list(ports::IoContext io, std::uint32_t first_uid,
                                            std::size_t limit) override {
    auto self = shared_from_this();
    co_return co_await ports::run_blocking(
        io.loop, [self, first_uid, limit]() -> Result<std::vector<UserQuota>> {
          std::vector<UserQuota> found;
          for (std::uint64_t next = first_uid; next <= UINT32_MAX - 1 && found.size() < limit;) {
            if_nextdqblk block{};
            auto id = static_cast<std::uint32_t>(next);
            if (quota_call(self->directory_.get(), Q_GETNEXTQUOTA, id, &block) != 0) {
              if (errno == ENOENT || !found.empty()) break;
              return fail(status_of(errno));
            }
            found.push_back(quota_of(block.dqb_id, block));
            next = std::uint64_t{block.dqb_id} + 1;
          }
          return found;
        });
  }

  Task<Result<void>> set(ports::IoContext io, const UserQuota& quota) override {
    auto self = shared_from_this();
    co_return co_await ports::run_blocking(io.loop, [self, quota]() -> Result<void> {
      if_dqblk block{};
      block.dqb_bsoftlimit = blocks_of(quota.threshold);
      block.dqb_bhardlimit = blocks_of(quota.limit);
      block.dqb_valid = QIF_BLIMITS;
      if (quota_call(self->directory_.get(), Q_SETQUOTA, quota.uid, &block) == 0) return {};
      return fail(status_of(errno));
    });
  }

 private:
  const posix::UniqueFd directory_;
};

}  // namespace

std::shared_ptr<ports::QuotaProvider> make_kernel_quotas(const std::string& directory) {
  // quotactl_fd() takes no O_PATH descriptor.
  posix::UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return nullptr;
  return std::make_shared<KernelQuotas>(std::move(fd));
}

}  // namespace holdfast::platform
