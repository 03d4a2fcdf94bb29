// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/requests.h"

#include "base/utf16.h"
#include "sim/client/operations.h"
#include "wire/dtyp/security_descriptor.h"
#include "wire/smb2/cancel.h"
#include "wire/smb2/create_context.h"
#include "wire/smb2/fsctl.h"
#include "wire/smb2/logoff.h"
#include "wire/smb2/oplock_break.h"
#include "wire/smb2/tree_connect.h"
#include "wire/smb2/tree_disconnect.h"

namespace holdfast::sim {

namespace smb2 = wire::smb2;
namespace fscc = wire::fscc;
using fscc::FileInfoClass;
using smb2::Command, smb2::FileId, smb2::InfoType;

namespace {

std::uint8_t number(FileInfoClass c) { return static_cast<std::uint8_t>(c); }

template <class T>
ByteVec appended(const T& value) {
  Buffer buffer;
  Writer writer(buffer);
  append(value, writer);
  return to_vec(buffer);
}

/// A chain of create contexts: name and data of each (MS-SMB2 2.2.13.2).
ByteVec context_chain(const std::vector<std::pair<std::string, ByteVec>>& contexts) {
  Buffer out;
  Writer w(out);
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    const auto& [name, data] = contexts[i];
    std::size_t begin = w.position();
    w.u32(0);
    w.u16(16);
    w.u16(static_cast<std::uint16_t>(name.size()));
    w.u16(0);
    w.u16(data.empty() ? 0 : 24);
    w.u32(static_cast<std::uint32_t>(data.size()));
    w.bytes(as_bytes(name));
    w.align(8);
    w.bytes(data);
    if (i + 1 == contexts.size()) break;
    w.align(8);
    w.patch_u32(begin, static_cast<std::uint32_t>(w.position() - begin));
  }
  return to_vec(out);
}

ByteVec some_descriptor() {
  // Revision 1, self-relative, with a DACL of one entry: everybody may do everything.
  Buffer out;
  Writer w(out);
  w.u8(1), w.u8(0), w.u16(0x8004);
  w.u32(0), w.u32(0), w.u32(0), w.u32(20);
  w.u8(2), w.u8(0), w.u16(28), w.u16(1), w.u16(0);
  w.u8(0), w.u8(0), w.u16(20), w.u32(0x001F01FF);
  w.u8(1), w.u8(1), w.u32(0), w.u16(0x0100), w.u32(0);
  return to_vec(out);
}

void add_creates(std::vector<Part>& list) {
  OpenArgs plain;
  plain.path = "evil\\new";
  list.push_back(create_part(plain));
  plain.options = smb2::CreateOptions::kDirectoryFile;
  plain.path = "evil\\sub";
  list.push_back(create_part(plain));
  smb2::CreateRequest request;
  ByteVec name = to_utf16le("evil\\with:stream");
  request.name = name;
  request.desired_access = access::kAll;
  request.share_access = 7;
  request.create_disposition = smb2::CreateDisposition::kOverwriteIf;
  Buffer eas;
  Writer writer(eas);
  (void)fscc::append_ea_list({{0, "EA", ByteVec(9, 1)}, {0, "OTHER", ByteVec(3, 2)}}, 0, 4096,
                             writer);
  ByteVec chain = context_chain({{"ExtA", to_vec(eas)},
                                 {"SecD", some_descriptor()},
                                 {"AlSi", ByteVec(8, 1)},
                                 {"MxAc", {}},
                                 {"QFid", {}},
                                 {"DH2Q", ByteVec(32, 0)},
                                 {"RqLs", ByteVec(52, 0)},
                                 {"AAPL", ByteVec(24, 1)}});
  request.create_contexts = chain;
  list.push_back({Command::kCreate, message_of(request)});
}

void add_info(std::vector<Part>& list, FileId file, FileId directory) {
  for (std::uint8_t c : {4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 18, 21, 22, 28, 34, 35, 48, 59})
    list.push_back(query_part(file, InfoType::kFile, c, 4096));
  for (std::uint8_t c : {1, 3, 4, 5, 6, 7, 8, 11})
    list.push_back(query_part(directory, InfoType::kFilesystem, c, 1024));
  list.push_back(query_part(file, InfoType::kSecurity, 0, 4096));
  list.push_back(query_part(directory, InfoType::kQuota, 0, 4096));
  fscc::RenameInformation rename;
  ByteVec name = to_utf16le("evil\\renamed");
  rename.file_name = name;
  Buffer eas;
  Writer writer(eas);
  (void)fscc::append_ea_list({{0, "EA", ByteVec(20, 7)}}, 0, 4096, writer);
  auto set = [&](FileInfoClass c, Bytes content) {
    list.push_back(set_part(file, InfoType::kFile, number(c), content));
  };
  set(FileInfoClass::kBasic, appended(fscc::BasicInformation{}));
  set(FileInfoClass::kRename, appended(rename));
  set(FileInfoClass::kLink, appended(rename));
  set(FileInfoClass::kDisposition, appended(fscc::DispositionInformation{false}));
  set(FileInfoClass::kDispositionEx, appended(fscc::DispositionInformationEx{0}));
  set(FileInfoClass::kEndOfFile, appended(fscc::EndOfFileInformation{1000}));
  set(FileInfoClass::kAllocation, appended(fscc::AllocationInformation{8192}));
  set(FileInfoClass::kFullEa, eas);
  list.push_back(set_part(file, InfoType::kSecurity, 0, some_descriptor()));
}

void add_ioctls(std::vector<Part>& list, FileId file) {
  ByteVec validate(4 + 16 + 4 + 2);
  validate[22] = 1;
  validate[24] = 0x11, validate[25] = 0x03;
  list.push_back(ioctl_part(FileId::all_ones(), 0x00140204, validate, 24));
  list.push_back(ioctl_part(FileId::all_ones(), 0x001401FC, {}, 4096));
  list.push_back(ioctl_part(file, 0x00140078, {}, 64));                // REQUEST_RESUME_KEY
  list.push_back(ioctl_part(file, 0x001440F2, ByteVec(56, 1), 12));    // SRV_COPYCHUNK
  list.push_back(ioctl_part(file, 0x000900C4, ByteVec(1, 1), 0));      // SET_SPARSE
  list.push_back(ioctl_part(file, 0x000980C8, ByteVec(16, 0), 0));     // SET_ZERO_DATA
  list.push_back(ioctl_part(file, 0x000940CF, ByteVec(16, 0), 1024));  // QUERY_ALLOCATED_RANGES
  list.push_back(ioctl_part(file, 0x000900A8, {}, 1024));              // GET_REPARSE_POINT
  list.push_back(ioctl_part(file, 0x0009009C, {}, 64));                // GET_OBJECT_ID
  list.push_back(ioctl_part(file, 0x0011C017, ByteVec(40, 0), 1024));  // PIPE_TRANSCEIVE
}

}  // namespace

std::vector<Part> valid_requests(Client&, FileId file, FileId directory) {
  std::vector<Part> list;
  add_creates(list);
  add_info(list, file, directory);
  add_ioctls(list, file);
  list.push_back(read_part(file, 10, 500));
  list.push_back(write_part(file, 20, ByteVec(100, 0x77)));
  list.push_back(flush_part(file));
  list.push_back(lock_part(file, {{0, 10, 0x12}, {20, 5, 0x11}}));
  list.push_back(lock_part(file, {{5, 10, 0x02}}));
  list.push_back(lock_part(file, {{0, 10, 0x04}}));
  for (FileInfoClass c : {FileInfoClass::kDirectory, FileInfoClass::kNames,
                          FileInfoClass::kIdBothDirectory, FileInfoClass::kIdFullDirectory})
    list.push_back(list_part(directory, "*", 1, 2000, c));
  list.push_back(notify_part(directory, 0xFFF, true));
  list.push_back(echo_part());
  list.push_back({Command::kCancel, message_of(smb2::CancelRequest{})});
  smb2::OplockBreak oplock;
  oplock.file_id = file;
  list.push_back({Command::kOplockBreak, message_of(oplock)});
  list.push_back({Command::kOplockBreak, message_of(smb2::LeaseBreakAcknowledgment{})});
  smb2::TreeConnectRequest tree;
  ByteVec path = to_utf16le("\\\\sim\\data");
  tree.path_name = path;
  list.push_back({Command::kTreeConnect, message_of(tree)});
  list.push_back({Command::kTreeDisconnect, message_of(smb2::TreeDisconnectRequest{})});
  list.push_back({Command::kLogoff, message_of(smb2::LogoffRequest{})});
  list.push_back(close_part(file));
  return list;
}

}  // namespace holdfast::sim
