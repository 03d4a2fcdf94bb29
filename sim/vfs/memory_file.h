// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/vfs/memory_vfs.h"

namespace holdfast::sim {

/// An open object of a MemoryVfs.
class MemoryFile final : public ports::File {
 public:
  MemoryFile(std::shared_ptr<MemoryVfs> vfs, std::shared_ptr<Node> node, std::string stream,
             std::shared_ptr<Content> content);
  ~MemoryFile() override;

  const std::shared_ptr<Node>& node() const { return node_; }
  void set_stream(std::string name) { stream_ = std::move(name); }

  ports::FileKey key() const override { return key_; }
  bool is_directory() const override { return node_->is_directory && stream_.empty(); }
  const std::string& stream() const override { return stream_; }
  Task<Result<std::string>> path(ports::IoContext io) override;
  Task<Result<ports::FileInfo>> info(ports::IoContext io) override;
  Task<Result<void>> set_basic(ports::IoContext io, const ports::SetBasic& change) override;
  std::optional<Result<std::size_t>> try_read(std::uint64_t offset, MutBytes out) override;
  Task<Result<std::size_t>> read(ports::IoContext io, std::uint64_t offset, MutBytes out) override;
  Task<Result<void>> write(ports::IoContext io, std::uint64_t offset, Bytes data,
                           bool write_through) override;
  Task<Result<void>> flush(ports::IoContext io) override;
  Task<Result<void>> set_end_of_file(ports::IoContext io, std::uint64_t size) override;
  Task<Result<void>> set_allocation(ports::IoContext io, std::uint64_t size) override;
  Task<Result<void>> set_sparse(ports::IoContext io, bool sparse) override;
  Task<Result<void>> set_compression(ports::IoContext io, bool compressed) override;
  Task<Result<void>> zero_range(ports::IoContext io, ports::Range range) override;
  Task<Result<void>> trim_range(ports::IoContext io, ports::Range range) override;
  Task<Result<std::vector<ports::Range>>> allocated_ranges(ports::IoContext io, ports::Range range,
                                                           std::size_t limit) override;
  Task<Result<std::uint64_t>> copy_from(ports::IoContext io, ports::File& source,
                                        std::uint64_t source_offset, std::uint64_t offset,
                                        std::uint64_t length) override;
  Task<Result<void>> clone_from(ports::IoContext io, ports::File& source,
                                std::uint64_t source_offset, std::uint64_t offset,
                                std::uint64_t length) override;
  Task<Result<std::vector<ports::Ea>>> eas(ports::IoContext io) override;
  Task<Result<void>> set_eas(ports::IoContext io, const std::vector<ports::Ea>& eas) override;
  Task<Result<std::vector<ports::StreamInfo>>> streams(ports::IoContext io) override;
  Task<Result<std::optional<ByteVec>>> security(ports::IoContext io) override;
  Task<Result<void>> set_security(ports::IoContext io, const SetSecurity& change) override;
  Task<Result<ByteVec>> reparse_data(ports::IoContext io) override;
  Task<Result<void>> set_reparse_data(ports::IoContext io, Bytes data) override;
  Task<Result<void>> delete_reparse_data(ports::IoContext io, std::uint32_t tag) override;
  Task<Result<void>> read_directory(ports::IoContext io, bool restart, ports::DirDetail detail,
                                    std::size_t limit, std::vector<ports::DirEntry>& out) override;
  Task<Result<ports::DirEntry>> find_entry(ports::IoContext io, std::string_view name) override;
  Task<Result<void>> check_empty(ports::IoContext io) override;
  Task<Result<void>> check_removable(ports::IoContext io) override;
  Task<Result<std::optional<ByteVec>>> creation_mark(ports::IoContext io) override;
  Task<void> clear_creation_mark(ports::IoContext io) override;

 private:
  void touch(bool data);

  std::shared_ptr<MemoryVfs> vfs_;
  std::shared_ptr<Node> node_;
  std::string stream_;
  std::shared_ptr<Content> content_;
  ports::FileKey key_;
  /// Where the listing goes on: after this folded name.
  std::string cursor_;
  int dots_told_ = 0;
};

}  // namespace holdfast::sim
