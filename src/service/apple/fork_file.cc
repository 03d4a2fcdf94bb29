// SPDX-License-Identifier: Apache-2.0
// AFP_Resource as a file.
#include <algorithm>
#include <atomic>

#include "base/mutex.h"
#include "service/apple/special_file.h"

namespace holdfast::service::apple {
namespace {

using core::apple::kHeadSize;

/// The head of a ._ file has 32 bits for the length.
constexpr std::uint64_t kMaxFork = 0xFFFFFFFF - kHeadSize;

class ForkFile final : public SpecialFile {
 public:
  ForkFile(std::shared_ptr<AppleVfs> vfs, ports::FilePtr base, std::optional<Fork> fork)
      : SpecialFile(std::move(vfs), std::move(base), core::apple::kResourceForkName),
        fork_(std::move(fork)) {}

  Task<Result<ports::FileInfo>> info(IoContext io) override {
    Result<ports::FileInfo> base = co_await passes_to().info(io);
    if (!base) co_return base;
    Fork fork = co_await find(io);
    if (fork.file == nullptr) co_return info_of_stream(*base, 0, 0);
    Result<ports::FileInfo> there = co_await fork.file->info(io);
    if (!there) co_return there;
    std::uint64_t size = there->end_of_file > fork.begin ? there->end_of_file - fork.begin : 0;
    if (is_foreign(fork)) size = std::min(size, fork.length);
    co_return info_of_stream(*base, size, size == 0 ? 0 : std::max(size, there->allocation_size));
  }
  Task<Result<std::size_t>> read(IoContext io, std::uint64_t offset, MutBytes out) override {
    Fork fork = co_await find(io);
    if (fork.file == nullptr) co_return std::size_t{0};
    if (is_foreign(fork)) {
      if (offset >= fork.length) co_return std::size_t{0};
      out = out.first(std::min<std::uint64_t>(out.size(), fork.length - offset));
    }
    co_return co_await fork.file->read(io, fork.begin + offset, out);
  }
  Task<Result<void>> write(IoContext io, std::uint64_t offset, Bytes data, bool through) override {
    if (offset > kMaxFork || data.size() > kMaxFork - offset) co_return fail(NtStatus::kDiskFull);
    Result<Fork> fork = co_await make(io);
    if (!fork) co_return fail(fork.error());
    Result<void> written = co_await fork->file->write(io, fork->begin + offset, data, through);
    if (!written) co_return written;
    std::uint64_t end = offset + data.size();
    if (end <= noted_.load(std::memory_order_relaxed)) co_return written;
    noted_.store(end, std::memory_order_relaxed);
    co_return co_await vfs().note_length(io, *fork);
  }
  Task<Result<void>> flush(IoContext io) override {
    Fork fork = co_await find(io);
    if (fork.file == nullptr) co_return Result<void>{};
    co_return co_await fork.file->flush(io);
  }
  /// Cut off to nothing it is gone for those who look for it; who has it open may go on writing.
  Task<Result<void>> set_end_of_file(IoContext io, std::uint64_t size) override {
    if (size > kMaxFork) co_return fail(NtStatus::kDiskFull);
    Fork there = co_await find(io);
    if (there.file == nullptr && size == 0) co_return Result<void>{};
    Result<Fork> fork = co_await make(io);
    if (!fork) co_return fail(fork.error());
    Result<void> set = co_await fork->file->set_end_of_file(io, fork->begin + size);
    if (!set) co_return set;
    noted_.store(size, std::memory_order_relaxed);
    co_return co_await vfs().note_length(io, *fork);
  }
  /// A reservation is a wish; a size below the end cuts off (MS-FSA 2.1.5.15.1).
  Task<Result<void>> set_allocation(IoContext io, std::uint64_t size) override {
    Result<ports::FileInfo> now = co_await info(io);
    if (!now) co_return fail(now.error());
    if (size >= now->end_of_file) co_return Result<void>{};
    co_return co_await set_end_of_file(io, size);
  }

 private:
  static bool is_foreign(const Fork& fork) { return fork.begin != 0 && fork.begin != kHeadSize; }

  std::optional<Fork> known() {
    Lock lock(mutex_);
    return fork_;
  }
  void keep(const Fork& fork) {
    Lock lock(mutex_);
    fork_ = fork;
  }
  /// Another handle may have made it meanwhile. No file: nobody has.
  Task<Fork> find(IoContext io) {
    if (std::optional<Fork> fork = known()) co_return std::move(*fork);
    std::string path = co_await path_or_nothing(io, passes_to());
    Result<Fork> there =
        co_await vfs().open_fork(io, std::move(path), ports::DataAccess::kReadWrite);
    if (!there) co_return Fork{};
    keep(*there);
    co_return std::move(*there);
  }
  Task<Result<Fork>> make(IoContext io) {
    if (std::optional<Fork> fork = known()) co_return std::move(*fork);
    Result<Fork> made = co_await vfs().make_fork(io, passes_to());
    if (made) keep(*made);
    co_return made;
  }

  Mutex mutex_;
  std::optional<Fork> fork_;
  /// The head says that it is at least so long, octets.
  std::atomic<std::uint64_t> noted_ = 0;
};

}  // namespace

ports::FilePtr make_fork_file(std::shared_ptr<AppleVfs> vfs, ports::FilePtr base,
                              std::optional<Fork> fork) {
  return std::make_shared<ForkFile>(std::move(vfs), std::move(base), std::move(fork));
}

}  // namespace holdfast::service::apple
