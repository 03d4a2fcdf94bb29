// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/apple/apple_vfs_impl.h"
#include "service/apple/passing_file.h"

namespace holdfast::service::apple {

/// A stream that is kept elsewhere than in its file, which it passes everything else on to: times,
/// attributes and security are the file's.
class SpecialFile : public PassingFile {
 public:
  SpecialFile(std::shared_ptr<AppleVfs> vfs, ports::FilePtr base, std::string_view name)
      : PassingFile(std::move(base)), vfs_(std::move(vfs)), name_(name) {}

  bool is_directory() const override { return false; }
  const std::string& stream() const override { return name_; }
  /// What copies between files of the kernel cannot copy this.
  ports::File& underlying() override { return *this; }
  std::optional<Result<std::size_t>> try_read(std::uint64_t, MutBytes) override {
    return std::nullopt;
  }
  Task<Result<std::vector<ports::StreamInfo>>> streams(IoContext io) override {
    return vfs_->streams_of(io, passes_to());
  }
  Task<Result<void>> set_sparse(IoContext, bool) override { co_return Result<void>{}; }
  Task<Result<void>> set_compression(IoContext, bool) override {
    co_return fail(NtStatus::kInvalidDeviceRequest);
  }
  Task<Result<void>> trim_range(IoContext, ports::Range) override { co_return Result<void>{}; }
  Task<Result<std::vector<ports::Range>>> allocated_ranges(IoContext io, ports::Range range,
                                                           std::size_t) override {
    Result<ports::FileInfo> now = co_await info(io);
    if (!now) co_return fail(now.error());
    std::vector<ports::Range> out;
    std::uint64_t end = std::min(range.offset + range.length, now->end_of_file);
    if (range.offset < end) out.push_back({range.offset, end - range.offset});
    co_return out;
  }
  Task<Result<void>> zero_range(IoContext io, ports::Range range) override {
    ByteVec zeros(std::min<std::uint64_t>(range.length, kPiece));
    for (std::uint64_t done = 0; done < range.length;) {
      std::size_t size = std::min<std::uint64_t>(zeros.size(), range.length - done);
      Result<void> put = co_await write(io, range.offset + done, Bytes(zeros).first(size), false);
      if (!put) co_return put;
      done += size;
    }
    co_return Result<void>{};
  }
  Task<Result<std::uint64_t>> copy_from(IoContext io, File& source, std::uint64_t source_offset,
                                        std::uint64_t offset, std::uint64_t length) override {
    ByteVec buffer(std::min<std::uint64_t>(length, kPiece));
    std::uint64_t done = 0;
    while (done < length) {
      MutBytes room = MutBytes(buffer).first(std::min<std::uint64_t>(buffer.size(), length - done));
      Result<std::size_t> got = co_await source.read(io, source_offset + done, room);
      if (!got) co_return fail(got.error());
      if (*got == 0) break;
      Result<void> put = co_await write(io, offset + done, Bytes(buffer).first(*got), false);
      if (!put) co_return fail(put.error());
      done += *got;
    }
    co_return done;
  }
  Task<Result<void>> clone_from(IoContext, File&, std::uint64_t, std::uint64_t,
                                std::uint64_t) override {
    co_return fail(NtStatus::kInvalidDeviceRequest);
  }
  Task<Result<ByteVec>> reparse_data(IoContext) override {
    co_return fail(NtStatus::kNotAReparsePoint);
  }

 protected:
  AppleVfs& vfs() { return *vfs_; }

 private:
  static constexpr std::size_t kPiece = 64u << 10;

  const std::shared_ptr<AppleVfs> vfs_;
  const std::string name_;
};

}  // namespace holdfast::service::apple
