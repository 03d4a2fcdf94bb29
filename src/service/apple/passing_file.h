// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/vfs.h"

namespace holdfast::service::apple {

/// A file that passes everything on to another one; what is different overrides.
class PassingFile : public ports::File {
 public:
  using IoContext = ports::IoContext;
  explicit PassingFile(ports::FilePtr file) : file_(std::move(file)) {}

  ports::FileKey key() const override { return file_->key(); }
  bool is_directory() const override { return file_->is_directory(); }
  const std::string& stream() const override { return file_->stream(); }
  Task<Result<std::string>> path(IoContext io) override { return file_->path(io); }
  bool is_previous_version() const override { return file_->is_previous_version(); }
  ports::File& underlying() override { return file_->underlying(); }
  Task<Result<ports::FileInfo>> info(IoContext io) override { return file_->info(io); }
  Task<Result<void>> set_basic(IoContext io, const ports::SetBasic& change) override {
    return file_->set_basic(io, change);
  }
  std::optional<Result<std::size_t>> try_read(std::uint64_t offset, MutBytes out) override {
    return file_->try_read(offset, out);
  }
  Task<Result<std::size_t>> read(IoContext io, std::uint64_t offset, MutBytes out) override {
    return file_->read(io, offset, out);
  }
  Task<Result<void>> write(IoContext io, std::uint64_t offset, Bytes data, bool through) override {
    return file_->write(io, offset, data, through);
  }
  Task<Result<void>> flush(IoContext io) override { return file_->flush(io); }
  Task<Result<void>> set_end_of_file(IoContext io, std::uint64_t size) override {
    return file_->set_end_of_file(io, size);
  }
  Task<Result<void>> set_allocation(IoContext io, std::uint64_t size) override {
    return file_->set_allocation(io, size);
  }
  Task<Result<void>> set_sparse(IoContext io, bool sparse) override {
    return file_->set_sparse(io, sparse);
  }
  Task<Result<void>> set_compression(IoContext io, bool compressed) override {
    return file_->set_compression(io, compressed);
  }
  Task<Result<void>> zero_range(IoContext io, ports::Range range) override {
    return file_->zero_range(io, range);
  }
  Task<Result<void>> trim_range(IoContext io, ports::Range range) override {
    return file_->trim_range(io, range);
  }
  Task<Result<std::vector<ports::Range>>> allocated_ranges(IoContext io, ports::Range range,
                                                           std::size_t limit) override {
    return file_->allocated_ranges(io, range, limit);
  }
  Task<Result<std::uint64_t>> copy_from(IoContext io, File& source, std::uint64_t source_offset,
                                        std::uint64_t offset, std::uint64_t length) override {
    return file_->copy_from(io, source, source_offset, offset, length);
  }
  Task<Result<void>> clone_from(IoContext io, File& source, std::uint64_t source_offset,
                                std::uint64_t offset, std::uint64_t length) override {
    return file_->clone_from(io, source, source_offset, offset, length);
  }
  Task<Result<std::vector<ports::Ea>>> eas(IoContext io) override { return file_->eas(io); }
  Task<Result<void>> set_eas(IoContext io, const std::vector<ports::Ea>& eas) override {
    return file_->set_eas(io, eas);
  }
  Task<Result<std::vector<ports::StreamInfo>>> streams(IoContext io) override {
    return file_->streams(io);
  }
  Task<Result<std::optional<ByteVec>>> security(IoContext io) override {
    return file_->security(io);
  }
  Task<Result<void>> set_security(IoContext io, const SetSecurity& change) override {
    return file_->set_security(io, change);
  }
  Task<Result<ByteVec>> reparse_data(IoContext io) override { return file_->reparse_data(io); }
  Task<Result<void>> set_reparse_data(IoContext io, Bytes data) override {
    return file_->set_reparse_data(io, data);
  }
  Task<Result<void>> delete_reparse_data(IoContext io, std::uint32_t tag) override {
    return file_->delete_reparse_data(io, tag);
  }
  Task<Result<void>> read_directory(IoContext io, bool restart, ports::DirDetail detail,
                                    std::size_t limit, std::vector<ports::DirEntry>& out) override {
    return file_->read_directory(io, restart, detail, limit, out);
  }
  Task<Result<ports::DirEntry>> find_entry(IoContext io, std::string_view name) override {
    return file_->find_entry(io, name);
  }
  Task<Result<void>> check_empty(IoContext io) override { return file_->check_empty(io); }
  Task<Result<void>> check_removable(IoContext io) override { return file_->check_removable(io); }
  Task<Result<std::optional<ByteVec>>> creation_mark(IoContext io) override {
    return file_->creation_mark(io);
  }
  Task<void> clear_creation_mark(IoContext io) override { return file_->clear_creation_mark(io); }

 protected:
  ports::File& passes_to() { return *file_; }
  const ports::FilePtr& passes_to_ptr() const { return file_; }

 private:
  const ports::FilePtr file_;
};

}  // namespace holdfast::service::apple
