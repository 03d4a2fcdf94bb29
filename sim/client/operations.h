// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sim/client/client.h"
#include "wire/fscc/directory_information.h"
#include "wire/fscc/ea.h"
#include "wire/fscc/file_information.h"
#include "wire/fscc/notify.h"
#include "wire/smb2/close.h"
#include "wire/smb2/create.h"
#include "wire/smb2/create_context.h"
#include "wire/smb2/lock.h"

/// One request each, with its answer taken apart. kConnectionDisconnected: the connection ended
/// before the answer came, and whether it was done is unknown.
namespace holdfast::sim {

namespace access {
inline constexpr std::uint32_t kRead = wire::smb2::FileAccess::kGenericReadMapped;
inline constexpr std::uint32_t kReadWrite =
    wire::smb2::FileAccess::kGenericReadMapped | wire::smb2::FileAccess::kGenericWriteMapped;
inline constexpr std::uint32_t kAll = wire::smb2::FileAccess::kAll;
}  // namespace access

struct OpenArgs {
  /// '\' between components.
  std::string path;
  std::uint32_t access = access::kAll;
  std::uint32_t share = wire::smb2::ShareAccess::kAll;
  wire::smb2::CreateDisposition disposition = wire::smb2::CreateDisposition::kOpenIf;
  std::uint32_t options = 0;
  std::uint32_t attributes = 0;
  /// An oplock, or with kLease a lease.
  wire::smb2::OplockLevel oplock = wire::smb2::OplockLevel::kNone;
  wire::smb2::LeaseContext lease;
};

struct OpenFile {
  wire::smb2::FileId id;
  wire::smb2::CreateAction action{};
  std::uint64_t size = 0;
  std::uint32_t attributes = 0;
  wire::smb2::OplockLevel oplock = wire::smb2::OplockLevel::kNone;
  /// With oplock kLease.
  wire::smb2::LeaseContext lease;
};

Part create_part(const OpenArgs& args);
Part close_part(wire::smb2::FileId id, bool related = false);
Part read_part(wire::smb2::FileId id, std::uint64_t offset, std::uint32_t length);
Part write_part(wire::smb2::FileId id, std::uint64_t offset, Bytes data, bool through = false);
Part lock_part(wire::smb2::FileId id, std::vector<wire::smb2::LockElement> elements);
Part notify_part(wire::smb2::FileId id, std::uint32_t filter, bool tree, std::uint32_t room = 4096);
Part query_part(wire::smb2::FileId id, wire::smb2::InfoType type, std::uint8_t info_class,
                std::uint32_t length);
Part set_part(wire::smb2::FileId id, wire::smb2::InfoType type, std::uint8_t info_class,
              Bytes content);
Part list_part(wire::smb2::FileId id, std::string_view pattern, std::uint8_t flags,
               std::uint32_t length, wire::fscc::FileInfoClass info_class);
Part ioctl_part(wire::smb2::FileId id, std::uint32_t code, Bytes input, std::uint32_t limit);
Part rename_part(wire::smb2::FileId id, const std::string& new_path, bool replace);
Part disposition_part(wire::smb2::FileId id, bool remove);
Part echo_part();
Part flush_part(wire::smb2::FileId id);

Task<Result<OpenFile>> open(Client& client, OpenArgs args);
/// Acknowledgements of breaks (MS-SMB2 2.2.24).
Task<NtStatus> acknowledge(Client& client, wire::smb2::FileId id, wire::smb2::OplockLevel level);
Task<NtStatus> acknowledge(Client& client, const Guid& lease_key, std::uint32_t state);
Task<NtStatus> close(Client& client, wire::smb2::FileId id);
Task<Result<ByteVec>> read(Client& client, wire::smb2::FileId id, std::uint64_t offset,
                           std::uint32_t length);
Task<NtStatus> write(Client& client, wire::smb2::FileId id, std::uint64_t offset, ByteVec data,
                     bool through = false);
Task<NtStatus> flush(Client& client, wire::smb2::FileId id);
Task<NtStatus> set_end_of_file(Client& client, wire::smb2::FileId id, std::uint64_t size);
Task<NtStatus> rename(Client& client, wire::smb2::FileId id, std::string new_path, bool replace);
Task<NtStatus> set_delete(Client& client, wire::smb2::FileId id, bool remove);
Task<NtStatus> set_attributes(Client& client, wire::smb2::FileId id, std::uint32_t attributes);
Task<NtStatus> set_ea(Client& client, wire::smb2::FileId id, std::string name, ByteVec value);
Task<NtStatus> lock(Client& client, wire::smb2::FileId id, std::uint64_t offset,
                    std::uint64_t length, std::uint32_t flags, std::uint64_t* message_id = nullptr);
/// All entries but "." and "..", in as many requests as it takes.
Task<Result<std::vector<wire::fscc::DirectoryEntry>>> list(Client& client, wire::smb2::FileId id,
                                                           std::string pattern,
                                                           std::uint32_t buffer);
Task<Result<wire::fscc::StandardInformation>> standard_info(Client& client, wire::smb2::FileId id);
Task<Result<wire::fscc::BasicInformation>> basic_info(Client& client, wire::smb2::FileId id);
Task<Result<std::vector<wire::fscc::FullEa>>> eas(Client& client, wire::smb2::FileId id);
Task<Result<std::vector<wire::fscc::StreamInformation>>> streams(Client& client,
                                                                 wire::smb2::FileId id);

}  // namespace holdfast::sim
