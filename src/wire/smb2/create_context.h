// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/sid.h"
#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// The create contexts that have a name (MS-SMB2 2.2.13.2; POSIX: the extensions of Samba and
/// the Linux client; AAPL: Apple).
enum class CreateContextTag : std::uint8_t {
  kEaBuffer,                  // "ExtA"
  kSdBuffer,                  // "SecD"
  kDurableHandleRequest,      // "DHnQ"
  kDurableHandleReconnect,    // "DHnC"
  kAllocationSize,            // "AlSi"
  kQueryMaximalAccess,        // "MxAc"
  kTimewarpToken,             // "TWrp"
  kQueryOnDiskId,             // "QFid"
  kLease,                     // "RqLs", version 1 and 2
  kDurableHandleRequestV2,    // "DH2Q"
  kDurableHandleReconnectV2,  // "DH2C"
  kAppInstanceId,
  kAppInstanceVersion,
  kSvhdxOpenDevice,
  kPosix,
  kAapl,  // "AAPL"
  kUnknown,
};
std::string_view name_of(CreateContextTag tag);

/// Contexts in one CREATE.
inline constexpr std::size_t kMaxCreateContexts = 32;

/// SMB2_CREATE_REQUEST_LEASE, 32 octets, and _V2, 52 octets; both also in the response (MS-SMB2
/// 2.2.13.2.8, 2.2.13.2.10, 2.2.14.2.10, 2.2.14.2.11).
struct LeaseContext {
  /// 1 or 2; decode takes it from the length.
  std::uint8_t version = 1;
  Guid lease_key;
  /// LeaseState bits.
  std::uint32_t lease_state = 0;
  /// LeaseFlags bits.
  std::uint32_t lease_flags = 0;
  std::uint64_t lease_duration = 0;
  /// Version 2 only; the key only with LeaseFlags::kParentLeaseKeySet.
  Guid parent_lease_key;
  std::uint16_t epoch = 0;

  void describe(this auto& self, auto& v) {
    v.version_by_size(HF_FIELD(version), 32, 52);
    v.field(HF_FIELD(lease_key));
    v.field(HF_FIELD(lease_state));
    v.field(HF_FIELD(lease_flags));
    v.field(HF_FIELD(lease_duration));
    if (self.version < 2) return;
    v.field(HF_FIELD(parent_lease_key));
    v.field(HF_FIELD(epoch));
    v.reserved(2);
  }
};
HF_WIRE_STRUCT(LeaseContext);

/// DH2Q and DH2C: SMB2_DHANDLE_FLAG_PERSISTENT.
inline constexpr std::uint32_t kDhandleFlagPersistent = 0x00000002;

/// "DHnQ" (MS-SMB2 2.2.13.2.3): 16 reserved octets.
struct DurableHandleRequest {
  void describe(this auto&, auto& v) { v.reserved(16); }
};
HF_WIRE_STRUCT(DurableHandleRequest);

/// "DHnC" (MS-SMB2 2.2.13.2.4).
struct DurableHandleReconnect {
  FileId data;

  void describe(this auto& self, auto& v) { v.field(HF_FIELD(data)); }
};
HF_WIRE_STRUCT(DurableHandleReconnect);

/// "DH2Q" (MS-SMB2 2.2.13.2.11).
struct DurableHandleRequestV2 {
  std::uint32_t timeout_ms = 0;
  std::uint32_t flags = 0;
  Guid create_guid;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(timeout_ms));
    v.field(HF_FIELD(flags));
    v.reserved(8);
    v.field(HF_FIELD(create_guid));
  }
};
HF_WIRE_STRUCT(DurableHandleRequestV2);

/// "DH2C" (MS-SMB2 2.2.13.2.12).
struct DurableHandleReconnectV2 {
  FileId file_id;
  Guid create_guid;
  std::uint32_t flags = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(file_id));
    v.field(HF_FIELD(create_guid));
    v.field(HF_FIELD(flags));
  }
};
HF_WIRE_STRUCT(DurableHandleReconnectV2);

/// "AlSi" (MS-SMB2 2.2.13.2.6).
struct AllocationSizeContext {
  std::uint64_t allocation_size = 0;

  void describe(this auto& self, auto& v) { v.field(HF_FIELD(allocation_size)); }
};
HF_WIRE_STRUCT(AllocationSizeContext);

/// "MxAc" (MS-SMB2 2.2.13.2.5); an empty one has no timestamp (0).
struct QueryMaximalAccessRequest {
  NtTime timestamp;

  void describe(this auto& self, auto& v) { v.optional_field(HF_FIELD(timestamp)); }
};
HF_WIRE_STRUCT(QueryMaximalAccessRequest);

/// "TWrp" (MS-SMB2 2.2.13.2.7).
struct TimewarpToken {
  NtTime timestamp;

  void describe(this auto& self, auto& v) { v.field(HF_FIELD(timestamp)); }
};
HF_WIRE_STRUCT(TimewarpToken);

/// MS-SMB2 2.2.13.2.13.
struct AppInstanceId {
  Guid app_instance_id;

  void describe(this auto& self, auto& v) {
    v.structure_size(20);
    v.reserved(2);
    v.field(HF_FIELD(app_instance_id));
  }
};
HF_WIRE_STRUCT(AppInstanceId);

/// MS-SMB2 2.2.13.2.15.
struct AppInstanceVersion {
  std::uint64_t app_instance_version_high = 0;
  std::uint64_t app_instance_version_low = 0;

  void describe(this auto& self, auto& v) {
    v.structure_size(24);
    v.reserved(2);
    v.reserved(4);
    v.field(HF_FIELD(app_instance_version_high));
    v.field(HF_FIELD(app_instance_version_low));
  }
};
HF_WIRE_STRUCT(AppInstanceVersion);

/// POSIX request: permissions of a new file.
struct PosixCreateRequest {
  std::uint32_t mode = 0;

  void describe(this auto& self, auto& v) { v.field(HF_FIELD(mode)); }
};
HF_WIRE_STRUCT(PosixCreateRequest);

/// POSIX response.
struct PosixCreateResponse {
  std::uint32_t nlink = 1;
  std::uint32_t reparse_tag = 0;
  /// Permission bits.
  std::uint32_t mode = 0;
  Sid owner;
  Sid group;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(nlink));
    v.field(HF_FIELD(reparse_tag));
    v.field(HF_FIELD(mode));
    v.field(HF_FIELD(owner));
    v.field(HF_FIELD(group));
  }
};
HF_WIRE_STRUCT(PosixCreateResponse);

/// AAPL: what both directions share.
namespace Aapl {
inline constexpr std::uint32_t kServerQuery = 1;
inline constexpr std::uint32_t kResolveId = 2;
/// request_bitmap and reply_bitmap.
inline constexpr std::uint64_t kServerCaps = 1;
inline constexpr std::uint64_t kVolumeCaps = 2;
inline constexpr std::uint64_t kModelInfo = 4;
/// client and server capabilities.
inline constexpr std::uint64_t kSupportsReadDirAttr = 1;
inline constexpr std::uint64_t kSupportsOsxCopyfile = 2;
inline constexpr std::uint64_t kUnixBased = 4;
inline constexpr std::uint64_t kSupportsNfsAce = 8;
/// volume capabilities.
inline constexpr std::uint64_t kSupportsResolveId = 1;
inline constexpr std::uint64_t kCaseSensitive = 2;
inline constexpr std::uint64_t kSupportsFullSync = 4;
}  // namespace Aapl

/// AAPL request. Apple publishes no layout; this is what macOS sends.
struct AaplRequest {
  std::uint32_t command_code = Aapl::kServerQuery;
  /// kServerQuery.
  std::uint64_t request_bitmap = 0;
  std::uint64_t client_capabilities = 0;
  /// kResolveId.
  std::uint64_t file_id = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(command_code));
    v.reserved(4);
    if (self.command_code == Aapl::kServerQuery) {
      v.field(HF_FIELD(request_bitmap));
      v.field(HF_FIELD(client_capabilities));
    } else if (self.command_code == Aapl::kResolveId) {
      v.field(HF_FIELD(file_id));
    }
  }
};
HF_WIRE_STRUCT(AaplRequest);

/// AAPL response to kServerQuery: what reply_bitmap names is there.
struct AaplResponse {
  std::uint32_t command_code = Aapl::kServerQuery;
  std::uint64_t reply_bitmap = 0;
  std::uint64_t server_capabilities = 0;
  std::uint64_t volume_capabilities = 0;
  /// UTF-16LE: the icon that Finder shows ("MacSamba", "Xserve").
  Bytes model;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(command_code));
    v.reserved(4);
    v.field(HF_FIELD(reply_bitmap));
    if (self.reply_bitmap & Aapl::kServerCaps) v.field(HF_FIELD(server_capabilities));
    if (self.reply_bitmap & Aapl::kVolumeCaps) v.field(HF_FIELD(volume_capabilities));
    if ((self.reply_bitmap & Aapl::kModelInfo) == 0) return;
    auto text = v.region();
    v.reserved(4);
    v.length32(text);
    v.inline_data(text, HF_FIELD(model));
  }
};
HF_WIRE_STRUCT(AaplResponse);

/// "MxAc" response (MS-SMB2 2.2.14.2.5).
struct QueryMaximalAccessResponse {
  std::uint32_t query_status = 0;
  std::uint32_t maximal_access = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(query_status));
    v.field(HF_FIELD(maximal_access));
  }
};
HF_WIRE_STRUCT(QueryMaximalAccessResponse);

/// "QFid" response (MS-SMB2 2.2.14.2.9).
struct QueryOnDiskIdResponse {
  std::uint64_t disk_file_id = 0;
  std::uint64_t volume_id = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(disk_file_id));
    v.field(HF_FIELD(volume_id));
    v.reserved(16);
  }
};
HF_WIRE_STRUCT(QueryOnDiskIdResponse);

/// "DHnQ" response (MS-SMB2 2.2.14.2.3): 8 reserved octets.
struct DurableHandleResponse {
  void describe(this auto&, auto& v) { v.reserved(8); }
};
HF_WIRE_STRUCT(DurableHandleResponse);

/// "DH2Q" response (MS-SMB2 2.2.14.2.12).
struct DurableHandleResponseV2 {
  std::uint32_t timeout_ms = 0;
  std::uint32_t flags = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(timeout_ms));
    v.field(HF_FIELD(flags));
  }
};
HF_WIRE_STRUCT(DurableHandleResponseV2);

/// A create context as it is on the wire.
struct RawCreateContext {
  CreateContextTag tag = CreateContextTag::kUnknown;
  Bytes name;
  Bytes data;
};

/// What is wrong with a chain of create contexts.
struct CreateContextFault {
  enum class Kind : std::uint8_t {
    kNone,
    kBadChain,   // an offset or length that leads out of the chain, or a step back
    kTooMany,    // more than kMaxCreateContexts
    kDuplicate,  // a known context twice; the first one is in the list
    kMalformed,  // a known context whose data does not decode
  };
  Kind kind = Kind::kNone;
  /// The context at fault, for kDuplicate and kMalformed.
  CreateContextTag tag = CreateContextTag::kUnknown;

  bool ok() const { return kind == Kind::kNone; }
};

/// The create contexts of a request. `order` holds every context in the order of the request, also
/// the unknown ones, which a server ignores.
struct CreateContextList {
  std::optional<Bytes> ea_buffer;
  std::optional<Bytes> sd_buffer;
  std::optional<DurableHandleRequest> durable_handle_request;
  std::optional<DurableHandleReconnect> durable_handle_reconnect;
  std::optional<AllocationSizeContext> allocation_size;
  std::optional<QueryMaximalAccessRequest> query_maximal_access;
  std::optional<TimewarpToken> timewarp_token;
  /// True when present; it has no data.
  bool query_on_disk_id = false;
  std::optional<LeaseContext> lease;
  std::optional<DurableHandleRequestV2> durable_handle_request_v2;
  std::optional<DurableHandleReconnectV2> durable_handle_reconnect_v2;
  std::optional<AppInstanceId> app_instance_id;
  std::optional<AppInstanceVersion> app_instance_version;
  std::optional<Bytes> svhdx_open_device;
  std::optional<PosixCreateRequest> posix;
  std::optional<AaplRequest> aapl;
  /// As it was on the wire; encode does not look at it.
  std::vector<RawCreateContext> order;
};

/// Decodes CreateRequest::create_contexts. After a fault the list holds what was read before it.
[[nodiscard]] CreateContextFault decode(Bytes create_contexts, CreateContextList& out);
/// Writes the chain of what is present. Offsets are counted within the chain.
void encode(const CreateContextList& list, Writer& writer);
std::string print(const CreateContextList& list);

/// The create contexts of a response.
struct CreateContextResponseList {
  std::optional<QueryMaximalAccessResponse> query_maximal_access;
  std::optional<QueryOnDiskIdResponse> query_on_disk_id;
  std::optional<DurableHandleResponse> durable_handle;
  std::optional<DurableHandleResponseV2> durable_handle_v2;
  std::optional<LeaseContext> lease;
  std::optional<Bytes> svhdx_open_device;
  std::optional<PosixCreateResponse> posix;
  std::optional<AaplResponse> aapl;
  std::vector<RawCreateContext> order;

  bool empty() const {
    return !query_maximal_access && !query_on_disk_id && !durable_handle && !durable_handle_v2 &&
           !lease && !svhdx_open_device && !posix && !aapl;
  }
};

[[nodiscard]] CreateContextFault decode(Bytes create_contexts, CreateContextResponseList& out);
void encode(const CreateContextResponseList& list, Writer& writer);
std::string print(const CreateContextResponseList& list);

}  // namespace holdfast::wire::smb2
