// SPDX-License-Identifier: Apache-2.0
// Where AFP_AfpInfo is kept.
#include "base/utf16.h"
#include "service/apple/apple_vfs_impl.h"

namespace holdfast::service::apple {
namespace {

using ports::DataAccess, ports::File, ports::Opened;

ports::OpenHow stream_how(DataAccess access) {
  ports::OpenHow how;
  how.access = access;
  how.stream = core::apple::kAfpInfoName;
  how.open_reparse_point = true;
  return how;
}

Task<std::optional<AfpInfo>> from_stream(IoContext io, ports::Vfs& vfs, std::string_view path) {
  Result<Opened> opened = co_await vfs.open(io, path, stream_how(DataAccess::kRead));
  if (!opened || opened->info.end_of_file != AfpInfo::kSize) co_return std::nullopt;
  ByteVec octets(AfpInfo::kSize);
  Result<std::size_t> got = co_await opened->file->read(io, 0, octets);
  if (!got || *got != octets.size()) co_return std::nullopt;
  co_return core::apple::decode_afp_info(octets);
}

Task<std::optional<ByteVec>> netatalk_ea(IoContext io, File& base) {
  Result<std::vector<ports::Ea>> eas = co_await base.eas(io);
  if (!eas) co_return std::nullopt;
  for (ports::Ea& ea : *eas)
    if (same_name(ea.name, core::apple::kNetatalkMetadata)) co_return std::move(ea.value);
  co_return std::nullopt;
}

Task<std::optional<AfpInfo>> from_netatalk(IoContext io, File& base) {
  std::optional<ByteVec> ea = co_await netatalk_ea(io, base);
  if (!ea) co_return std::nullopt;
  co_return core::apple::decode_netatalk_metadata(*ea);
}

Task<Result<void>> set_netatalk_ea(IoContext io, File& base, ByteVec value) {
  std::vector<ports::Ea> change;
  change.push_back({std::string(core::apple::kNetatalkMetadata), 0, std::move(value)});
  co_return co_await base.set_eas(io, change);
}

}  // namespace

Task<Result<std::optional<AfpInfo>>> AppleVfs::load_info(IoContext io, File& base) {
  Result<std::string> path = co_await base.path(io);
  if (!path) co_return fail(path.error());
  for (bool netatalk : {options_.netatalk_metadata, !options_.netatalk_metadata}) {
    std::optional<AfpInfo> info =
        netatalk ? co_await from_netatalk(io, base) : co_await from_stream(io, *inner_, *path);
    if (info && !info->is_null()) co_return info;
  }
  co_return std::optional<AfpInfo>();
}

Task<Result<void>> AppleVfs::store_info(IoContext io, File& base, const AfpInfo& info) {
  if (info.is_null()) co_return co_await erase_info(io, base);
  if (options_.netatalk_metadata) {
    std::optional<ByteVec> old = co_await netatalk_ea(io, base);
    co_return co_await set_netatalk_ea(
        io, base, core::apple::encode_netatalk_metadata(info, old ? Bytes(*old) : Bytes()));
  }
  Result<std::string> path = co_await base.path(io);
  if (!path) co_return fail(path.error());
  auto octets = encode(info);
  co_return co_await put_stream(io, *path, std::string(core::apple::kAfpInfoName), octets);
}

Task<Result<void>> AppleVfs::erase_info(IoContext io, File& base) {
  Result<std::string> path = co_await base.path(io);
  if (!path) co_return fail(path.error());
  Result<Opened> stream = co_await inner_->open(io, *path, stream_how(DataAccess::kNone));
  if (stream) {
    Result<void> removed = co_await inner_->remove(io, *stream->file);
    if (!removed && removed.error() != NtStatus::kFileDeleted) co_return removed;
  }
  // What else Netatalk keeps there stays.
  std::optional<ByteVec> ea = co_await netatalk_ea(io, base);
  if (!ea) co_return Result<void>{};
  std::optional<AfpInfo> info = core::apple::decode_netatalk_metadata(*ea);
  if (!info || info->is_null()) co_return Result<void>{};
  info->finder_info = {};
  co_return co_await set_netatalk_ea(io, base, core::apple::encode_netatalk_metadata(*info, *ea));
}

Task<Result<void>> AppleVfs::flush_object(IoContext io, std::string path) {
  ports::OpenHow how;
  how.access = DataAccess::kRead;
  Result<Opened> opened = co_await inner_->open(io, path, how);
  // Directories are not opened for their data, and are flushed with their file system.
  if (!opened) co_return fail(opened.error());
  co_return opened->info.is_directory ? Result<void>{} : co_await opened->file->flush(io);
}

/// Makes a stream with this content, or replaces that of one.
Task<Result<void>> AppleVfs::put_stream(IoContext io, const std::string& path,
                                        const std::string& stream, Bytes value) {
  ports::OpenHow how;
  how.access = DataAccess::kReadWrite;
  how.stream = stream;
  how.open_reparse_point = true;
  Result<Opened> opened = co_await inner_->open(io, path, how);
  if (!opened && opened.error() == NtStatus::kObjectNameNotFound) {
    ports::CreateHow make;
    make.stream = stream;
    opened = co_await inner_->create(io, path, make);
    if (!opened && opened.error() == NtStatus::kObjectNameCollision)
      opened = co_await inner_->open(io, path, how);
  }
  if (!opened) co_return fail(opened.error());
  if (opened->info.end_of_file > value.size()) {
    Result<void> cut = co_await opened->file->set_end_of_file(io, value.size());
    if (!cut) co_return cut;
  }
  if (value.empty()) co_return Result<void>{};
  co_return co_await opened->file->write(io, 0, value, false);
}

}  // namespace holdfast::service::apple
