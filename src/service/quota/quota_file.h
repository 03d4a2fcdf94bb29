// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "ports/vfs.h"

namespace holdfast::service {

/// What `$Extend\$Quota:$Q:$INDEX_ALLOCATION` opens: a handle to ask for quotas on (MS-SMB2
/// 3.3.5.20.4, 3.3.5.21.4). It has no content and nothing of it can be changed.
class QuotaFile final : public ports::File {
 public:
  /// volume: any object of the volume whose quotas these are.
  explicit QuotaFile(const ports::FileKey& volume) : key_{volume.device, ~std::uint64_t{0}} {}

  /// Where the next enumeration goes on: the uid; beyond 32 bits at the end.
  std::atomic<std::uint64_t>& cursor() { return cursor_; }
  static ports::FileInfo info_of(const ports::FileKey& key);

  ports::FileKey key() const override { return key_; }
  bool is_directory() const override { return false; }
  bool is_quota_index() const override { return true; }
  const std::string& stream() const override { return stream_; }
  Task<Result<std::string>> path(ports::IoContext) override {
    co_return fail(NtStatus::kFileDeleted);
  }
  Task<Result<ports::FileInfo>> info(ports::IoContext) override { co_return info_of(key_); }
  std::optional<Result<std::size_t>> try_read(std::uint64_t, MutBytes) override {
    return std::nullopt;
  }
  Task<Result<void>> flush(ports::IoContext) override { co_return Result<void>{}; }
  Task<Result<std::vector<ports::Ea>>> eas(ports::IoContext) override {
    co_return std::vector<ports::Ea>();
  }
  Task<Result<std::vector<ports::StreamInfo>>> streams(ports::IoContext) override {
    co_return std::vector<ports::StreamInfo>();
  }
  Task<Result<std::optional<ByteVec>>> security(ports::IoContext) override {
    co_return std::optional<ByteVec>();
  }

  Task<Result<void>> set_basic(ports::IoContext, const ports::SetBasic&) override {
    return refused<void>();
  }
  Task<Result<std::size_t>> read(ports::IoContext, std::uint64_t, MutBytes) override {
    return refused<std::size_t>();
  }
  Task<Result<void>> write(ports::IoContext, std::uint64_t, Bytes, bool) override {
    return refused<void>();
  }
  Task<Result<void>> set_end_of_file(ports::IoContext, std::uint64_t) override {
    return refused<void>();
  }
  Task<Result<void>> set_allocation(ports::IoContext, std::uint64_t) override {
    return refused<void>();
  }
  Task<Result<void>> set_sparse(ports::IoContext, bool) override { return refused<void>(); }
  Task<Result<void>> set_compression(ports::IoContext, bool) override { return refused<void>(); }
  Task<Result<void>> zero_range(ports::IoContext, ports::Range) override { return refused<void>(); }
  Task<Result<void>> trim_range(ports::IoContext, ports::Range) override { return refused<void>(); }
  Task<Result<std::vector<ports::Range>>> allocated_ranges(ports::IoContext, ports::Range,
                                                           std::size_t) override {
    return refused<std::vector<ports::Range>>();
  }
  Task<Result<std::uint64_t>> copy_from(ports::IoContext, File&, std::uint64_t, std::uint64_t,
                                        std::uint64_t) override {
    return refused<std::uint64_t>();
  }
  Task<Result<void>> clone_from(ports::IoContext, File&, std::uint64_t, std::uint64_t,
                                std::uint64_t) override {
    return refused<void>();
  }
  Task<Result<void>> set_eas(ports::IoContext, const std::vector<ports::Ea>&) override {
    return refused<void>();
  }
  Task<Result<void>> set_security(ports::IoContext, const SetSecurity&) override {
    return refused<void>();
  }
  Task<Result<ByteVec>> reparse_data(ports::IoContext) override { return refused<ByteVec>(); }
  Task<Result<void>> set_reparse_data(ports::IoContext, Bytes) override { return refused<void>(); }
  Task<Result<void>> delete_reparse_data(ports::IoContext, std::uint32_t) override {
    return refused<void>();
  }
  Task<Result<void>> read_directory(ports::IoContext, bool, ports::DirDetail, std::size_t,
                                    std::vector<ports::DirEntry>&) override {
    return refused<void>();
  }
  Task<Result<ports::DirEntry>> find_entry(ports::IoContext, std::string_view) override {
    return refused<ports::DirEntry>();
  }
  Task<Result<void>> check_empty(ports::IoContext) override { return refused<void>(); }
  Task<Result<void>> check_removable(ports::IoContext) override { return refused<void>(); }

 private:
  template <class T>
  static Task<Result<T>> refused() {
    co_return fail(NtStatus::kAccessDenied);
  }

  const ports::FileKey key_;
  const std::string stream_;
  std::atomic<std::uint64_t> cursor_ = 0;
};

}  // namespace holdfast::service
