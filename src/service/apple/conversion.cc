// SPDX-License-Identifier: Apache-2.0
// Takes apart the ._ files that macOS writes on media without streams.
#include <algorithm>

#include "core/path/private_use.h"
#include "service/apple/apple_vfs_impl.h"

namespace holdfast::service::apple {
namespace {

using core::apple::DoubleHead, core::apple::kHeadSize;
using ports::DataAccess, ports::File, ports::Opened;

/// As macOS would have named the stream.
std::string stream_name(std::string_view attribute) {
  std::string out;
  for (std::size_t i = 0; i < attribute.size(); ++i)
    core::private_use::append_mapped(out, attribute[i], i + 1 == attribute.size());
  return out;
}

/// These have streams of their own.
bool is_special(std::string_view attribute) {
  return attribute == "com.apple.FinderInfo" || attribute == "com.apple.ResourceFork";
}

Task<std::optional<ByteVec>> read_exactly(IoContext io, File& file, std::uint64_t offset,
                                          std::size_t size) {
  ByteVec out(size);
  for (std::size_t done = 0; done < size;) {
    Result<std::size_t> got = co_await file.read(io, offset + done, MutBytes(out).subspan(done));
    if (!got || *got == 0) co_return std::nullopt;
    done += *got;
  }
  co_return out;
}

}  // namespace

Task<void> AppleVfs::convert(IoContext io, std::string path) {
  co_await forks_.acquire(io.loop);
  ports::AsyncLockGuard guard(forks_);
  ports::OpenHow how;
  how.access = DataAccess::kRead;
  Result<Opened> opened = co_await inner_->open(io, core::apple::double_path(path), how);
  if (!opened) co_return;
  ByteVec octets(core::apple::kMaxHead);
  Result<std::size_t> got = co_await opened->file->read(io, 0, octets);
  if (!got) co_return;
  std::optional<DoubleHead> head = core::apple::decode_double_head(Bytes(octets).first(*got));
  // Another one was faster.
  if (!head || head->is_plain()) co_return;
  // What cannot be kept elsewhere must not be lost: then all stays where it is.
  if (!co_await convert_parts(io, path, *opened->file, *head)) co_return;
  if (!head->resource_fork || head->resource_fork->length == 0) {
    (void)co_await inner_->remove(io, *opened->file);
  } else {
    (void)co_await make_plain(io, path, *opened->file, *head);
  }
}

Task<bool> AppleVfs::convert_parts(IoContext io, const std::string& path, File& file,
                                   const DoubleHead& head) {
  if (!head.finder_info) co_return true;
  if (head.finder_info->length > core::apple::kMaxFinderEntry) co_return false;
  std::optional<ByteVec> entry =
      co_await read_exactly(io, file, head.finder_info->offset, head.finder_info->length);
  if (!entry) co_return false;
  for (const core::apple::DoubleAttribute& a :
       core::apple::decode_attributes(*entry, head.finder_info->offset))
    if (!is_special(a.name) && !co_await put_stream(io, path, stream_name(a.name), a.value))
      co_return false;
  if (entry->size() < core::apple::kFinderInfoSize) co_return true;
  AfpInfo info;
  std::copy_n(entry->begin(), info.finder_info.size(), info.finder_info.begin());
  Result<Opened> base = co_await inner_->open(io, path, ports::OpenHow{});
  if (!base) co_return false;
  Result<std::optional<AfpInfo>> now = co_await load_info(io, *base->file);
  if (!now) co_return false;
  if (info.is_null() || *now) co_return true;
  co_return (co_await store_info(io, *base->file, info)).has_value();
}

/// Puts a file with a plain head and the resource fork in the place of the ._ file.
Task<bool> AppleVfs::make_plain(IoContext io, const std::string& path, File& file,
                                const DoubleHead& head) {
  std::string name = core::apple::double_path(path);
  std::string beside = name + ".new";
  // Left by a server that died here.
  if (Result<Opened> old = co_await inner_->open(io, beside, ports::OpenHow{}))
    (void)co_await inner_->remove(io, *old->file);
  Result<ports::FileInfo> info = co_await file.info(io);
  if (!info) co_return false;
  ports::CreateHow how;
  if (info->mode != 0) how.mode = info->mode & 0777;
  if (Result<std::optional<ByteVec>> sd = co_await file.security(io); sd && *sd)
    how.security = std::move(**sd);
  Result<Opened> made = co_await inner_->create(io, beside, how);
  if (!made) co_return false;
  const core::apple::Extent& at = *head.resource_fork;
  std::uint64_t behind = info->end_of_file > at.offset ? info->end_of_file - at.offset : 0;
  auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(behind, at.length));
  auto plain = core::apple::encode_plain_head(length);
  Result<void> written = co_await made->file->write(io, 0, plain, false);
  bool complete = written.has_value();
  if (complete) {
    Result<std::uint64_t> copied =
        co_await made->file->copy_from(io, file, at.offset, kHeadSize, length);
    complete = copied && *copied == length;
  }
  if (complete) complete = (co_await inner_->rename(io, *made->file, name, true)).has_value();
  if (!complete) (void)co_await inner_->remove(io, *made->file);
  co_return complete;
}

}  // namespace holdfast::service::apple
