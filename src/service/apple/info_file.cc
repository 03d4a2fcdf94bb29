// SPDX-License-Identifier: Apache-2.0
// AFP_AfpInfo as a file.
#include "service/apple/special_file.h"

namespace holdfast::service::apple {
namespace {

class InfoFile final : public SpecialFile {
 public:
  InfoFile(std::shared_ptr<AppleVfs> vfs, ports::FilePtr base)
      : SpecialFile(std::move(vfs), std::move(base), core::apple::kAfpInfoName) {}

  Task<Result<ports::FileInfo>> info(IoContext io) override {
    Result<ports::FileInfo> base = co_await passes_to().info(io);
    if (!base) co_return base;
    co_return info_of_stream(*base, AfpInfo::kSize, AfpInfo::kSize);
  }
  /// One that is not there yet reads as one that says nothing.
  Task<Result<std::size_t>> read(IoContext io, std::uint64_t offset, MutBytes out) override {
    Result<std::optional<AfpInfo>> now = co_await vfs().load_info(io, passes_to());
    if (!now) co_return fail(now.error());
    co_return core::apple::read_afp_info(*now ? **now : AfpInfo{}, offset, out);
  }
  Task<Result<void>> write(IoContext io, std::uint64_t offset, Bytes data, bool) override {
    Result<AfpInfo> given = core::apple::written_afp_info(offset, data);
    if (!given) co_return fail(given.error());
    co_return co_await vfs().store_info(io, passes_to(), *given);
  }
  Task<Result<void>> flush(IoContext io) override {
    std::string path = co_await path_or_nothing(io, passes_to());
    co_return co_await vfs().flush_object(io, std::move(path));
  }
  Task<Result<void>> set_end_of_file(IoContext, std::uint64_t size) override {
    return keep(core::apple::check_end_of_afp_info(size));
  }
  Task<Result<void>> set_allocation(IoContext, std::uint64_t) override {
    return keep(NtStatus::kSuccess);
  }

 private:
  static Task<Result<void>> keep(NtStatus status) {
    if (status != NtStatus::kSuccess) co_return fail(status);
    co_return Result<void>{};
  }
};

}  // namespace

ports::FilePtr make_info_file(std::shared_ptr<AppleVfs> vfs, ports::FilePtr base) {
  return std::make_shared<InfoFile>(std::move(vfs), std::move(base));
}

}  // namespace holdfast::service::apple
