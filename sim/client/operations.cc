// SPDX-License-Identifier: Apache-2.0
#include "sim/client/operations.h"

#include <algorithm>

#include "base/utf16.h"
#include "wire/smb2/change_notify.h"
#include "wire/smb2/echo.h"
#include "wire/smb2/flush.h"
#include "wire/smb2/ioctl.h"
#include "wire/smb2/query_directory.h"
#include "wire/smb2/query_info.h"
#include "wire/smb2/read.h"
#include "wire/smb2/set_info.h"
#include "wire/smb2/write.h"

namespace holdfast::sim {

namespace smb2 = wire::smb2;
namespace fscc = wire::fscc;
using fscc::FileInfoClass;
using smb2::Command, smb2::FileId;

namespace {

template <class T>
ByteVec appended(const T& value) {
  Buffer buffer;
  Writer writer(buffer);
  append(value, writer);
  return to_vec(buffer);
}

std::uint8_t number(FileInfoClass info_class) { return static_cast<std::uint8_t>(info_class); }

NtStatus status_of(const Answer& answer) {
  return answer.lost ? NtStatus::kConnectionDisconnected : answer.status;
}

Task<Result<ByteVec>> query(Client& client, FileId id, FileInfoClass info_class) {
  Answer answer =
      co_await client.call(query_part(id, smb2::InfoType::kFile, number(info_class), 16'384));
  smb2::QueryInfoResponse response;
  if (answer.status != NtStatus::kSuccess) co_return fail(status_of(answer));
  if (!decode(answer.message, response)) co_return fail(NtStatus::kInvalidNetworkResponse);
  co_return to_vec(response.output_buffer);
}

Task<NtStatus> set(Client& client, FileId id, FileInfoClass info_class, ByteVec content) {
  Answer answer =
      co_await client.call(set_part(id, smb2::InfoType::kFile, number(info_class), content));
  co_return status_of(answer);
}

}  // namespace

Part create_part(const OpenArgs& args) {
  smb2::CreateRequest request;
  request.desired_access = args.access;
  request.share_access = args.share;
  request.create_disposition = args.disposition;
  request.create_options = args.options;
  request.file_attributes = args.attributes;
  ByteVec name = to_utf16le(args.path);
  request.name = name;
  request.requested_oplock_level = args.oplock;
  Buffer contexts;
  if (args.oplock == smb2::OplockLevel::kLease) {
    smb2::CreateContextList list;
    list.lease = args.lease;
    Writer writer(contexts);
    encode(list, writer);
  }
  request.create_contexts = contexts.view();
  return {Command::kCreate, message_of(request)};
}

Part close_part(FileId id, bool related) {
  smb2::CloseRequest request;
  request.file_id = id;
  request.flags = smb2::CloseRequest::kFlagPostqueryAttrib;
  return {Command::kClose, message_of(request), 0, related};
}

Part read_part(FileId id, std::uint64_t offset, std::uint32_t length) {
  smb2::ReadRequest request;
  request.file_id = id;
  request.offset = offset;
  request.length = length;
  return {Command::kRead, message_of(request), length};
}

Part write_part(FileId id, std::uint64_t offset, Bytes data, bool through) {
  smb2::WriteRequest request;
  request.file_id = id;
  request.offset = offset;
  request.data = data;
  request.flags = through ? smb2::WriteRequest::kFlagWriteThrough : 0;
  return {Command::kWrite, message_of(request), data.size()};
}

Part lock_part(FileId id, std::vector<smb2::LockElement> elements) {
  smb2::LockRequest request;
  request.file_id = id;
  request.locks = std::move(elements);
  return {Command::kLock, message_of(request)};
}

Part notify_part(FileId id, std::uint32_t filter, bool tree, std::uint32_t room) {
  smb2::ChangeNotifyRequest request;
  request.file_id = id;
  request.completion_filter = filter;
  request.flags = tree ? smb2::ChangeNotifyRequest::kFlagWatchTree : 0;
  request.output_buffer_length = room;
  return {Command::kChangeNotify, message_of(request)};
}

Part query_part(FileId id, smb2::InfoType type, std::uint8_t info_class, std::uint32_t length) {
  smb2::QueryInfoRequest request;
  request.file_id = id;
  request.info_type = type;
  request.file_info_class = info_class;
  request.output_buffer_length = length;
  if (type == smb2::InfoType::kSecurity) request.additional_information = 7;
  return {Command::kQueryInfo, message_of(request), length};
}

Part set_part(FileId id, smb2::InfoType type, std::uint8_t info_class, Bytes content) {
  smb2::SetInfoRequest request;
  request.file_id = id;
  request.info_type = type;
  request.file_info_class = info_class;
  request.buffer = content;
  if (type == smb2::InfoType::kSecurity) request.additional_information = 4;
  return {Command::kSetInfo, message_of(request), content.size()};
}

Part list_part(FileId id, std::string_view pattern, std::uint8_t flags, std::uint32_t length,
               FileInfoClass info_class) {
  smb2::QueryDirectoryRequest request;
  request.file_id = id;
  request.flags = flags;
  request.output_buffer_length = length;
  request.file_information_class = number(info_class);
  ByteVec name = to_utf16le(pattern);
  request.file_name = name;
  return {Command::kQueryDirectory, message_of(request), length};
}

Part ioctl_part(FileId id, std::uint32_t code, Bytes input, std::uint32_t limit) {
  smb2::IoctlRequest request;
  request.file_id = id;
  request.ctl_code = code;
  request.input = input;
  request.max_output_response = limit;
  return {Command::kIoctl, message_of(request), std::max<std::uint64_t>(limit, input.size())};
}

Part echo_part() { return {Command::kEcho, message_of(smb2::EchoRequest{})}; }

Part flush_part(FileId id) {
  smb2::FlushRequest request;
  request.file_id = id;
  return {Command::kFlush, message_of(request)};
}

Task<Result<OpenFile>> open(Client& client, OpenArgs args) {
  if (client.world().verbose()) client.world().note("create " + args.path);
  Answer answer = co_await client.call(create_part(args));
  if (answer.status != NtStatus::kSuccess) co_return fail(status_of(answer));
  smb2::CreateResponse response;
  if (!decode(answer.message, response)) co_return fail(NtStatus::kInvalidNetworkResponse);
  OpenFile file{response.file_id,         response.create_action, response.end_of_file,
                response.file_attributes, response.oplock_level,  {}};
  smb2::CreateContextResponseList contexts;
  if (decode(response.create_contexts, contexts).ok() && contexts.lease)
    file.lease = *contexts.lease;
  co_return file;
}

Task<NtStatus> acknowledge(Client& client, FileId id, smb2::OplockLevel level) {
  smb2::OplockBreak body;
  body.file_id = id;
  body.oplock_level = level;
  Answer answer = co_await client.call({Command::kOplockBreak, message_of(body)});
  co_return status_of(answer);
}

Task<NtStatus> acknowledge(Client& client, const Guid& lease_key, std::uint32_t state) {
  smb2::LeaseBreakAcknowledgment body;
  body.lease_key = lease_key;
  body.lease_state = state;
  Answer answer = co_await client.call({Command::kOplockBreak, message_of(body)});
  co_return status_of(answer);
}

Task<NtStatus> close(Client& client, FileId id) {
  Answer answer = co_await client.call(close_part(id));
  co_return status_of(answer);
}

Task<Result<ByteVec>> read(Client& client, FileId id, std::uint64_t offset, std::uint32_t length) {
  Answer answer = co_await client.call(read_part(id, offset, length));
  if (answer.status != NtStatus::kSuccess) co_return fail(status_of(answer));
  smb2::ReadResponse response;
  if (!decode(answer.message, response)) co_return fail(NtStatus::kInvalidNetworkResponse);
  if (response.data.size() > length) client.world().fail("a READ gave more than was asked for");
  co_return to_vec(response.data);
}

Task<NtStatus> write(Client& client, FileId id, std::uint64_t offset, ByteVec data, bool through) {
  std::size_t size = data.size();
  Answer answer = co_await client.call(write_part(id, offset, data, through));
  smb2::WriteResponse response;
  if (answer.status == NtStatus::kSuccess &&
      (!decode(answer.message, response) || response.count != size))
    client.world().fail("a WRITE succeeded with another count than was sent");
  co_return status_of(answer);
}

Task<NtStatus> flush(Client& client, FileId id) {
  Answer answer = co_await client.call(flush_part(id));
  co_return status_of(answer);
}

Task<NtStatus> set_end_of_file(Client& client, FileId id, std::uint64_t size) {
  co_return co_await set(client, id, FileInfoClass::kEndOfFile,
                         appended(fscc::EndOfFileInformation{size}));
}

Part rename_part(FileId id, const std::string& new_path, bool replace) {
  ByteVec name = to_utf16le(new_path);
  fscc::RenameInformation request;
  request.flags = replace ? fscc::RenameInformation::kReplaceIfExists : 0;
  request.file_name = name;
  ByteVec content = appended(request);
  if (content.size() < 24) content.resize(24);
  return set_part(id, smb2::InfoType::kFile, number(FileInfoClass::kRename), content);
}

Part disposition_part(FileId id, bool remove) {
  ByteVec content = appended(fscc::DispositionInformation{remove});
  return set_part(id, smb2::InfoType::kFile, number(FileInfoClass::kDisposition), content);
}

Task<NtStatus> rename(Client& client, FileId id, std::string new_path, bool replace) {
  if (client.world().verbose()) client.world().note("rename to " + new_path);
  co_return status_of(co_await client.call(rename_part(id, new_path, replace)));
}

Task<NtStatus> set_delete(Client& client, FileId id, bool remove) {
  co_return status_of(co_await client.call(disposition_part(id, remove)));
}

Task<NtStatus> set_attributes(Client& client, FileId id, std::uint32_t attributes) {
  fscc::BasicInformation change;
  change.file_attributes = attributes;
  co_return co_await set(client, id, FileInfoClass::kBasic, appended(change));
}

Task<NtStatus> set_ea(Client& client, FileId id, std::string name, ByteVec value) {
  Buffer buffer;
  Writer writer(buffer);
  std::vector<fscc::FullEa> one{{0, std::move(name), std::move(value)}};
  (void)fscc::append_ea_list(one, 0, 60'000, writer);
  co_return co_await set(client, id, FileInfoClass::kFullEa, to_vec(buffer));
}

Task<NtStatus> lock(Client& client, FileId id, std::uint64_t offset, std::uint64_t length,
                    std::uint32_t flags, std::uint64_t* message_id) {
  std::vector<smb2::LockElement> one{{offset, length, flags}};
  Answer answer = co_await client.call(lock_part(id, std::move(one)), message_id);
  co_return status_of(answer);
}

Task<Result<std::vector<fscc::DirectoryEntry>>> list(Client& client, FileId id, std::string pattern,
                                                     std::uint32_t buffer) {
  std::vector<fscc::DirectoryEntry> all;
  std::uint8_t flags = smb2::QueryDirectoryRequest::kFlagRestartScans;
  while (true) {
    Answer answer = co_await client.call(
        list_part(id, pattern, flags, buffer, FileInfoClass::kIdBothDirectory));
    if (answer.status == NtStatus::kNoMoreFiles || answer.status == NtStatus::kNoSuchFile) break;
    if (answer.status != NtStatus::kSuccess) co_return fail(status_of(answer));
    smb2::QueryDirectoryResponse response;
    if (!decode(answer.message, response)) co_return fail(NtStatus::kInvalidNetworkResponse);
    if (response.output_buffer.size() > buffer)
      client.world().fail("a QUERY_DIRECTORY gave more than was asked for");
    auto entries = fscc::decode_directory(FileInfoClass::kIdBothDirectory, response.output_buffer);
    if (!entries || entries->empty()) co_return fail(NtStatus::kInvalidNetworkResponse);
    for (fscc::DirectoryEntry& e : *entries)
      if (e.file_name != "." && e.file_name != "..") all.push_back(std::move(e));
    flags = 0;
  }
  co_return all;
}

Task<Result<fscc::StandardInformation>> standard_info(Client& client, FileId id) {
  Result<ByteVec> octets = co_await query(client, id, FileInfoClass::kStandard);
  if (!octets) co_return fail(octets.error());
  fscc::StandardInformation info;
  if (!decode(*octets, info)) co_return fail(NtStatus::kInvalidNetworkResponse);
  co_return info;
}

Task<Result<fscc::BasicInformation>> basic_info(Client& client, FileId id) {
  Result<ByteVec> octets = co_await query(client, id, FileInfoClass::kBasic);
  if (!octets) co_return fail(octets.error());
  fscc::BasicInformation info;
  if (!decode(*octets, info)) co_return fail(NtStatus::kInvalidNetworkResponse);
  co_return info;
}

Task<Result<std::vector<fscc::FullEa>>> eas(Client& client, FileId id) {
  Result<ByteVec> octets = co_await query(client, id, FileInfoClass::kFullEa);
  if (!octets) co_return fail(octets.error());
  auto list = fscc::decode_ea_list(*octets);
  if (!list) co_return fail(NtStatus::kInvalidNetworkResponse);
  co_return std::move(*list);
}

Task<Result<std::vector<fscc::StreamInformation>>> streams(Client& client, FileId id) {
  Result<ByteVec> octets = co_await query(client, id, FileInfoClass::kStream);
  if (!octets) co_return fail(octets.error());
  std::vector<fscc::StreamInformation> list;
  if (!decode(*octets, list)) co_return fail(NtStatus::kInvalidNetworkResponse);
  co_return list;
}

}  // namespace holdfast::sim
