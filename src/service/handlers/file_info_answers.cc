// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf16.h"
#include "core/path/path.h"
#include "core/path/short_name.h"
#include "service/handlers/apple.h"
#include "service/handlers/info_answers.h"
#include "service/server/hidden.h"
#include "wire/fscc/ea.h"
#include "wire/fscc/file_information.h"

namespace holdfast::service::handlers {
namespace {

namespace fscc = wire::fscc;
using fscc::FileInfoClass;

fscc::BasicInformation basic_of(const ports::FileInfo& i) {
  return {i.creation_time, i.last_access_time, i.last_write_time, i.change_time, i.attributes};
}

fscc::StandardInformation standard_of(InfoQuery& q, const ports::FileInfo& i) {
  bool pending = q.request.server.opens().is_delete_pending(q.open.id);
  // A file that will be gone has no link any more (MS-FSA 2.1.5.12.27).
  std::uint32_t links = pending && i.link_count > 0 ? i.link_count - 1 : i.link_count;
  return {i.allocation_size, i.end_of_file, links, pending, q.open.is_directory};
}

fscc::PosixInformation posix_of(const ports::FileInfo& i) {
  fscc::PosixInformation x;
  x.creation_time = i.creation_time;
  x.last_access_time = i.last_access_time;
  x.last_write_time = i.last_write_time;
  x.change_time = i.change_time;
  x.end_of_file = i.end_of_file;
  x.allocation_size = i.allocation_size;
  x.dos_attributes = i.attributes;
  x.inode = i.key.inode;
  x.device_id = static_cast<std::uint32_t>(i.key.device);
  x.hard_links = i.link_count;
  x.reparse_tag = i.reparse_tag;
  x.mode = i.mode & 07777;
  x.owner = sids::kUnixUsers.with(i.uid);
  x.group = sids::kUnixGroups.with(i.gid);
  return x;
}

/// The open's own flags as FileModeInformation shows them (MS-FSCC 2.4.31).
std::uint32_t mode_of(const core::OpenView& open) {
  namespace Options = wire::smb2::CreateOptions;
  return open.notes->mode.load(std::memory_order_relaxed) &
         (Options::kWriteThrough | Options::kSequentialOnly | Options::kNoIntermediateBuffering |
          Options::kSynchronousIoAlert | Options::kSynchronousIoNonalert | Options::kDeleteOnClose);
}

Task<Result<std::string>> name_of(InfoQuery& q) {
  Result<std::string> path = co_await q.open.file->path(q.request.io());
  if (!path) co_return fail(path.error());
  std::string name = core::to_backslashes(*path);
  if (!q.open.file->stream().empty()) name += ":" + q.open.file->stream();
  co_return name;
}

std::uint64_t position_of(const core::OpenView& open) {
  return open.notes->position.load(std::memory_order_relaxed);
}

Task<NtStatus> all(InfoQuery& q, const ports::FileInfo& i) {
  fscc::AllInformation all;
  all.basic = basic_of(i);
  all.standard = standard_of(q, i);
  all.internal.index_number = i.key.inode;
  all.ea.ea_size = i.ea_size;
  all.access.access_flags = q.open.access;
  all.mode.mode = mode_of(q.open);
  all.position.current_byte_offset = position_of(q.open);
  // The rest is as true of a file whose name is gone (POSIX unlink, or a program on the server).
  Result<std::string> name = co_await name_of(q);
  if (!name && name.error() != NtStatus::kFileDeleted) co_return name.error();
  all.name.file_name = "\\" + name.value_or("");
  if (!q.open.file->stream().empty()) all.name.file_name += ":$DATA";
  append(all, q.out);
  co_return NtStatus::kSuccess;
}

Task<NtStatus> streams(InfoQuery& q) {
  Result<std::vector<ports::StreamInfo>> list = co_await q.open.file->streams(q.request.io());
  if (!list) co_return list.error();
  std::vector<fscc::StreamInformation> out;
  std::erase_if(
      *list, [&q](const ports::StreamInfo& s) { return is_no_stream(q.request, s.name, s.size); });
  for (const ports::StreamInfo& s : *list)
    out.push_back({s.size, s.allocation_size, ":" + s.name + ":$DATA"});
  bool fits = append(out, q.query.output_buffer_length, q.out);
  co_return fits ? NtStatus::kSuccess : NtStatus::kBufferOverflow;
}

/// MS-FSA 2.1.5.12.10: all EAs, or those that the input names. (Each request answers from the
/// first; a client that needs more room asks again with a larger buffer.)
Task<NtStatus> full_ea(InfoQuery& q) {
  Result<std::vector<ports::Ea>> stored = co_await q.open.file->eas(q.request.io());
  if (!stored) co_return stored.error();
  std::vector<fscc::FullEa> list;
  if (q.query.input_buffer.empty()) {
    for (ports::Ea& ea : *stored) list.push_back({ea.flags, ea.name, std::move(ea.value)});
    if (list.empty()) co_return NtStatus::kNoEasOnFile;
  } else {
    Result<std::vector<std::string>> names = fscc::decode_get_ea_list(q.query.input_buffer);
    if (!names) co_return names.error();
    for (const std::string& name : *names) {
      auto found = std::find_if(stored->begin(), stored->end(),
                                [&name](const ports::Ea& ea) { return same_name(ea.name, name); });
      // A name without a value is answered with an empty one.
      list.push_back({0, name, found == stored->end() ? ByteVec{} : found->value});
    }
  }
  std::size_t written = fscc::append_ea_list(list, 0, q.query.output_buffer_length, q.out);
  if (written == 0) co_return NtStatus::kBufferTooSmall;
  co_return written == list.size() ? NtStatus::kSuccess : NtStatus::kBufferOverflow;
}

Task<NtStatus> names(InfoQuery& q, FileInfoClass info_class) {
  // Asked for by dialect 3.1.1 clients only (MS-SMB2 3.3.5.20.1).
  if (info_class == FileInfoClass::kNormalizedName &&
      q.request.connection.negotiated()->dialect != wire::smb2::Dialect::kSmb311)
    co_return NtStatus::kNotSupported;
  Result<std::string> name = co_await name_of(q);
  if (!name) co_return name.error();
  if (info_class == FileInfoClass::kAlternateName) {
    // An 8.3 name is its own (MS-FSA 2.1.5.12.3); the share's root has none.
    Result<std::string> path = co_await q.open.file->path(q.request.io());
    if (!path || path->empty()) co_return NtStatus::kObjectNameNotFound;
    std::string_view last = core::last_component(*path);
    std::string made = core::short_name(last);
    append(fscc::NameInformation{made.empty() ? std::string(last) : made}, q.out);
    co_return NtStatus::kSuccess;
  }
  // A stream's type belongs to its name, but not to the normalized one (smb2.getinfo.normalized).
  if (info_class == FileInfoClass::kName && !q.open.file->stream().empty()) *name += ":$DATA";
  append(fscc::NameInformation{*name}, q.out);
  co_return NtStatus::kSuccess;
}

NtStatus pipe_info(InfoQuery& q, FileInfoClass info_class) {
  const ports::Pipe& pipe = *q.open.pipe;
  switch (info_class) {
    case FileInfoClass::kStandard:
      append(fscc::StandardInformation{4096, pipe.available(), 1, true, false}, q.out);
      return NtStatus::kSuccess;
    case FileInfoClass::kBasic: {
      fscc::BasicInformation basic;
      basic.file_attributes = wire::smb2::FileAttributes::kNormal;
      append(basic, q.out);
      return NtStatus::kSuccess;
    }
    case FileInfoClass::kPipe:
      append(fscc::PipeInformation{1, 0}, q.out);
      return NtStatus::kSuccess;
    case FileInfoClass::kPipeLocal: {
      fscc::PipeLocalInformation local;
      local.named_pipe_type = fscc::PipeLocalInformation::kTypeMessage;
      local.named_pipe_configuration = fscc::PipeLocalInformation::kConfigurationFullDuplex;
      local.maximum_instances = 0xFF;
      local.current_instances = 1;
      local.inbound_quota = local.outbound_quota = local.write_quota_available = 4096;
      local.read_data_available = static_cast<std::uint32_t>(pipe.available());
      local.named_pipe_state = fscc::PipeLocalInformation::kStateConnected;
      append(local, q.out);
      return NtStatus::kSuccess;
    }
    case FileInfoClass::kInternal:
      append(fscc::InternalInformation{q.open.id}, q.out);
      return NtStatus::kSuccess;
    default: return NtStatus::kInvalidParameter;
  }
}

/// Classes of fixed size.
NtStatus fixed(InfoQuery& q, const ports::FileInfo& i, FileInfoClass info_class) {
  switch (info_class) {
    case FileInfoClass::kBasic: append(basic_of(i), q.out); break;
    case FileInfoClass::kStandard: append(standard_of(q, i), q.out); break;
    case FileInfoClass::kInternal: append(fscc::InternalInformation{i.key.inode}, q.out); break;
    case FileInfoClass::kEa: append(fscc::EaInformation{i.ea_size}, q.out); break;
    case FileInfoClass::kAccess: append(fscc::AccessInformation{q.open.access}, q.out); break;
    case FileInfoClass::kPosition:
      append(fscc::PositionInformation{position_of(q.open)}, q.out);
      break;
    case FileInfoClass::kMode: append(fscc::ModeInformation{mode_of(q.open)}, q.out); break;
    case FileInfoClass::kAlignment: append(fscc::AlignmentInformation{}, q.out); break;
    case FileInfoClass::kCompression: {
      fscc::CompressionInformation c;
      c.compressed_file_size = i.end_of_file;
      append(c, q.out);
      break;
    }
    case FileInfoClass::kNetworkOpen:
      append(fscc::NetworkOpenInformation{i.creation_time, i.last_access_time, i.last_write_time,
                                          i.change_time, i.allocation_size, i.end_of_file,
                                          i.attributes},
             q.out);
      break;
    case FileInfoClass::kAttributeTag:
      append(fscc::AttributeTagInformation{i.attributes, i.reparse_tag}, q.out);
      break;
    case FileInfoClass::kId: {
      fscc::IdInformation id;
      id.volume_serial_number = i.key.device;
      store_u64(id.file_id.data(), i.key.inode);
      append(id, q.out);
      break;
    }
    case FileInfoClass::kStandardLink:
      append(fscc::StandardLinkInformation{i.link_count, i.link_count, false, q.open.is_directory},
             q.out);
      break;
    case FileInfoClass::kPosix:
      if (!q.request.connection.negotiated()->posix_extensions) return NtStatus::kInvalidInfoClass;
      append(posix_of(i), q.out);
      break;
    default: return NtStatus::kNotSupported;
  }
  return NtStatus::kSuccess;
}

}  // namespace

Task<NtStatus> answer_file_info(InfoQuery& q) {
  auto info_class = static_cast<FileInfoClass>(q.query.file_info_class);
  if (q.open.pipe != nullptr) co_return pipe_info(q, info_class);
  switch (info_class) {
    case FileInfoClass::kStream: co_return co_await streams(q);
    case FileInfoClass::kFullEa: co_return co_await full_ea(q);
    case FileInfoClass::kName:
    case FileInfoClass::kNormalizedName:
    case FileInfoClass::kAlternateName: co_return co_await names(q, info_class);
    default: break;
  }
  Result<ports::FileInfo> info = co_await q.open.file->info(q.request.io());
  if (!info) co_return info.error();
  if (speaks_apple(q.request)) info->key.inode = 0;
  co_await show_hidden(q.request, q.open, *info);
  if (info_class == FileInfoClass::kAll) co_return co_await all(q, *info);
  co_return fixed(q, *info, info_class);
}

}  // namespace holdfast::service::handlers
