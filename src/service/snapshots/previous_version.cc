// SPDX-License-Identifier: Apache-2.0
#include "service/snapshots/previous_version.h"

namespace holdfast::service {
namespace {

using ports::IoContext;

template <class T>
Task<Result<T>> refused() {
  co_return fail(NtStatus::kMediaWriteProtected);
}

/// A file as it was: what reads is passed on, what changes is refused.
class OldFile final : public ports::File {
 public:
  explicit OldFile(ports::FilePtr file) : file_(std::move(file)) {}

  ports::FileKey key() const override { return file_->key(); }
  bool is_directory() const override { return file_->is_directory(); }
  const std::string& stream() const override { return file_->stream(); }
  bool is_previous_version() const override { return true; }
  File& underlying() override { return file_->underlying(); }
  std::optional<Result<std::size_t>> try_read(std::uint64_t offset, MutBytes out) override {
    return file_->try_read(offset, out);
  }
  /// Nothing can have been written that was not durable.
  Task<Result<void>> flush(IoContext) override { co_return Result<void>{}; }
  Task<Result<std::string>> path(IoContext io) override { return file_->path(io); }
  Task<Result<ports::FileInfo>> info(IoContext io) override { return file_->info(io); }
  Task<Result<std::size_t>> read(IoContext io, std::uint64_t offset, MutBytes out) override {
    return file_->read(io, offset, out);
  }
  Task<Result<std::vector<ports::Range>>> allocated_ranges(IoContext io, ports::Range range,
                                                           std::size_t limit) override {
    return file_->allocated_ranges(io, range, limit);
  }
  Task<Result<std::vector<ports::Ea>>> eas(IoContext io) override { return file_->eas(io); }
  Task<Result<std::vector<ports::StreamInfo>>> streams(IoContext io) override {
    return file_->streams(io);
  }
  Task<Result<std::optional<ByteVec>>> security(IoContext io) override {
    return file_->security(io);
  }
  Task<Result<ByteVec>> reparse_data(IoContext io) override { return file_->reparse_data(io); }
  Task<Result<void>> read_directory(IoContext io, bool restart, ports::DirDetail detail,
                                    std::size_t limit, std::vector<ports::DirEntry>& out) override {
    return file_->read_directory(io, restart, detail, limit, out);
  }
  Task<Result<ports::DirEntry>> find_entry(IoContext io, std::string_view name) override {
    return file_->find_entry(io, name);
  }
  Task<Result<void>> check_empty(IoContext io) override { return file_->check_empty(io); }

  Task<Result<void>> set_basic(IoContext, const ports::SetBasic&) override {
    return refused<void>();
  }
  Task<Result<void>> write(IoContext, std::uint64_t, Bytes, bool) override {
    return refused<void>();
  }
  Task<Result<void>> set_end_of_file(IoContext, std::uint64_t) override { return refused<void>(); }
  Task<Result<void>> set_allocation(IoContext, std::uint64_t) override { return refused<void>(); }
  Task<Result<void>> set_sparse(IoContext, bool) override { return refused<void>(); }
  Task<Result<void>> set_compression(IoContext, bool) override { return refused<void>(); }
  Task<Result<void>> zero_range(IoContext, ports::Range) override { return refused<void>(); }
  Task<Result<void>> trim_range(IoContext, ports::Range) override { return refused<void>(); }
  Task<Result<std::uint64_t>> copy_from(IoContext, File&, std::uint64_t, std::uint64_t,
                                        std::uint64_t) override {
    return refused<std::uint64_t>();
  }
  Task<Result<void>> clone_from(IoContext, File&, std::uint64_t, std::uint64_t,
                                std::uint64_t) override {
    return refused<void>();
  }
  Task<Result<void>> set_eas(IoContext, const std::vector<ports::Ea>&) override {
    return refused<void>();
  }
  Task<Result<void>> set_security(IoContext, const SetSecurity&) override {
    return refused<void>();
  }
  Task<Result<void>> set_reparse_data(IoContext, Bytes) override { return refused<void>(); }
  Task<Result<void>> delete_reparse_data(IoContext, std::uint32_t) override {
    return refused<void>();
  }
  Task<Result<void>> check_removable(IoContext) override { return refused<void>(); }

 private:
  const ports::FilePtr file_;
};

class OldVfs final : public ports::Vfs {
 public:
  explicit OldVfs(std::shared_ptr<ports::Vfs> vfs) : vfs_(std::move(vfs)) {}

  /// An open for writing is granted, as Windows does; it is the write that fails.
  Task<Result<ports::Opened>> open(IoContext io, std::string_view path,
                                   const ports::OpenHow& how) override {
    ports::OpenHow reading = how;
    if (how.access == ports::DataAccess::kReadWrite) reading.access = ports::DataAccess::kRead;
    if (how.access == ports::DataAccess::kWrite) reading.access = ports::DataAccess::kNone;
    std::shared_ptr<ports::Vfs> vfs = vfs_;
    Result<ports::Opened> opened = co_await vfs->open(io, path, reading);
    if (opened) opened->file = std::make_shared<OldFile>(std::move(opened->file));
    co_return opened;
  }
  Task<Result<std::optional<ports::SymlinkStop>>> find_symlink(IoContext io,
                                                               std::string_view path) override {
    return vfs_->find_symlink(io, path);
  }
  Task<Result<ports::VolumeInfo>> volume_info(IoContext io) override {
    return vfs_->volume_info(io);
  }

  Task<Result<ports::Opened>> create(IoContext, std::string_view,
                                     const ports::CreateHow&) override {
    return refused<ports::Opened>();
  }
  Task<Result<ports::FileInfo>> overwrite(IoContext, ports::File&,
                                          const ports::CreateHow&) override {
    return refused<ports::FileInfo>();
  }
  Task<Result<void>> remove(IoContext, ports::File&) override { return refused<void>(); }
  Task<Result<bool>> remove_durably(IoContext, ports::File&) override { return refused<bool>(); }
  Task<Result<std::string>> rename(IoContext, ports::File&, std::string_view, bool) override {
    return refused<std::string>();
  }
  Task<Result<void>> rename_stream(IoContext, ports::File&, std::string_view, bool) override {
    return refused<void>();
  }
  Task<Result<void>> link(IoContext, ports::File&, std::string_view, bool) override {
    return refused<void>();
  }

 private:
  const std::shared_ptr<ports::Vfs> vfs_;
};

}  // namespace

std::shared_ptr<ports::Vfs> previous_version(std::shared_ptr<ports::Vfs> vfs) {
  return std::make_shared<OldVfs>(std::move(vfs));
}

}  // namespace holdfast::service
