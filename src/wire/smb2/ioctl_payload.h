// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// The payloads of the FSCTLs that MS-SMB2 itself defines. Those of MS-FSCC are in wire/fscc.

/// FSCTL_VALIDATE_NEGOTIATE_INFO Request (MS-SMB2 2.2.31.4).
struct ValidateNegotiateInfoRequest {
  std::uint32_t capabilities = 0;
  Guid guid;
  std::uint16_t security_mode = 0;
  std::vector<std::uint16_t> dialects;

  void describe(this auto& self, auto& v) {
    auto list = v.region();
    v.field(HF_FIELD(capabilities));
    v.field(HF_FIELD(guid));
    v.field(HF_FIELD(security_mode));
    v.count16(list);
    v.list(list, HF_FIELD(dialects), 64);
  }
};
HF_WIRE_STRUCT(ValidateNegotiateInfoRequest);

/// FSCTL_VALIDATE_NEGOTIATE_INFO Response (MS-SMB2 2.2.32.6).
struct ValidateNegotiateInfoResponse {
  std::uint32_t capabilities = 0;
  Guid guid;
  std::uint16_t security_mode = 0;
  std::uint16_t dialect = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(capabilities));
    v.field(HF_FIELD(guid));
    v.field(HF_FIELD(security_mode));
    v.field(HF_FIELD(dialect));
  }
};
HF_WIRE_STRUCT(ValidateNegotiateInfoResponse);

/// Opaque key of an open, for copychunk (MS-SMB2 2.2.32.3).
using ResumeKey = std::array<std::uint8_t, 24>;

/// SRV_COPYCHUNK (MS-SMB2 2.2.31.1.1).
struct SrvCopychunk {
  std::uint64_t source_offset = 0;
  std::uint64_t target_offset = 0;
  std::uint32_t length = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(source_offset));
    v.field(HF_FIELD(target_offset));
    v.field(HF_FIELD(length));
    v.reserved(4);
  }
};

/// SRV_COPYCHUNK_COPY (MS-SMB2 2.2.31.1). More than kMaxChunks do not decode; the server's own
/// limit (3.3.5.15.6) is below it.
struct SrvCopychunkCopy {
  static constexpr std::size_t kMaxChunks = 4096;

  ResumeKey source_key{};
  std::vector<SrvCopychunk> chunks;

  void describe(this auto& self, auto& v) {
    auto list = v.region();
    v.field(HF_FIELD(source_key));
    v.count32(list);
    v.reserved(4);
    v.list(list, HF_FIELD(chunks), kMaxChunks);
  }
};
HF_WIRE_STRUCT(SrvCopychunkCopy);

/// SRV_COPYCHUNK_RESPONSE (MS-SMB2 2.2.32.1).
struct SrvCopychunkResponse {
  std::uint32_t chunks_written = 0;
  std::uint32_t chunk_bytes_written = 0;
  std::uint32_t total_bytes_written = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(chunks_written));
    v.field(HF_FIELD(chunk_bytes_written));
    v.field(HF_FIELD(total_bytes_written));
  }
};
HF_WIRE_STRUCT(SrvCopychunkResponse);

/// SRV_REQUEST_RESUME_KEY Response (MS-SMB2 2.2.32.3), 32 octets: Context is four zero octets that
/// ContextLength does not count, as Windows sends it.
struct SrvRequestResumeKeyResponse {
  ResumeKey resume_key{};

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(resume_key));
    v.reserved(4);
    v.reserved(4);
  }
};
HF_WIRE_STRUCT(SrvRequestResumeKeyResponse);

/// One NETWORK_INTERFACE_INFO with its SOCKADDR_STORAGE, 152 octets without Next
/// (MS-SMB2 2.2.32.5).
struct NetworkInterfaceInfo {
  static constexpr std::uint32_t kRssCapable = 0x00000001;
  static constexpr std::uint32_t kRdmaCapable = 0x00000002;
  static constexpr std::uint16_t kFamilyInet = 0x0002;
  static constexpr std::uint16_t kFamilyInet6 = 0x0017;

  std::uint32_t if_index = 0;
  std::uint32_t capability = 0;
  /// Bits per second.
  std::uint64_t link_speed = 0;
  std::uint16_t family = kFamilyInet;
  /// IPv4: the first four octets.
  std::array<std::uint8_t, 16> address{};
};

/// FSCTL_QUERY_NETWORK_INTERFACE_INFO Response: the chain of interfaces.
struct NetworkInterfaceInfoList {
  static constexpr std::size_t kMaxInterfaces = 1024;

  std::vector<NetworkInterfaceInfo> interfaces;
};
HF_WIRE_STRUCT(NetworkInterfaceInfoList);

/// NETWORK_RESILIENCY_REQUEST (MS-SMB2 2.2.31.3).
struct NetworkResiliencyRequest {
  std::uint32_t timeout_ms = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(timeout_ms));
    v.reserved(4);
  }
};
HF_WIRE_STRUCT(NetworkResiliencyRequest);

/// FSCTL_PIPE_WAIT Request (MS-FSCC 2.3.49).
struct PipeWaitRequest {
  /// Units of 100 ns; only with timeout_specified.
  std::uint64_t timeout = 0;
  std::uint8_t timeout_specified = 0;
  /// UTF-16LE, without "\pipe\".
  Bytes name;

  void describe(this auto& self, auto& v) {
    auto octets = v.region();
    v.field(HF_FIELD(timeout));
    v.length32(octets);
    v.field(HF_FIELD(timeout_specified));
    v.reserved(1);
    v.inline_data(octets, HF_FIELD(name));
  }
};
HF_WIRE_STRUCT(PipeWaitRequest);

/// FSCTL_PIPE_PEEK Reply (MS-FSCC 2.3.46).
struct PipePeekResponse {
  static constexpr std::uint32_t kConnectedState = 0x00000003;
  static constexpr std::uint32_t kClosingState = 0x00000004;

  std::uint32_t named_pipe_state = kConnectedState;
  std::uint32_t read_data_available = 0;
  std::uint32_t number_of_messages = 0;
  std::uint32_t message_length = 0;
  Bytes data;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(named_pipe_state));
    v.field(HF_FIELD(read_data_available));
    v.field(HF_FIELD(number_of_messages));
    v.field(HF_FIELD(message_length));
    v.trailing_data(HF_FIELD(data));
  }
};
HF_WIRE_STRUCT(PipePeekResponse);

/// SRV_READ_HASH Request (MS-SMB2 2.2.31.2). The response (2.2.32.4) is not described: no server
/// here keeps content hashes.
struct SrvReadHashRequest {
  static constexpr std::uint32_t kHashTypePeerDist = 0x00000001;

  std::uint32_t hash_type = kHashTypePeerDist;
  std::uint32_t hash_version = 0;
  std::uint32_t hash_retrieval_type = 0;
  std::uint32_t length = 0;
  std::uint64_t offset = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(hash_type));
    v.field(HF_FIELD(hash_version));
    v.field(HF_FIELD(hash_retrieval_type));
    v.field(HF_FIELD(length));
    v.field(HF_FIELD(offset));
  }
};
HF_WIRE_STRUCT(SrvReadHashRequest);

/// SRV_SNAPSHOT_ARRAY (MS-SMB2 2.2.32.2). The array is given as it is: "@GMT-..." names, UTF-16LE,
/// each terminated, and one terminator more.
struct SrvSnapshotArray {
  std::uint32_t number_of_snapshots = 0;
  std::uint32_t number_of_snapshots_returned = 0;
  /// Octets that the whole array needs; may exceed what is there.
  std::uint32_t snapshot_array_size = 0;
  Bytes snapshots;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(number_of_snapshots));
    v.field(HF_FIELD(number_of_snapshots_returned));
    v.field(HF_FIELD(snapshot_array_size));
    v.trailing_data(HF_FIELD(snapshots));
  }
};
HF_WIRE_STRUCT(SrvSnapshotArray);

}  // namespace holdfast::wire::smb2
