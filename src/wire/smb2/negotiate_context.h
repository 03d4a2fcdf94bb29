// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// MS-SMB2 2.2.3.1.
enum class NegotiateContextType : std::uint16_t {
  kPreauthIntegrityCapabilities = 0x0001,
  kEncryptionCapabilities = 0x0002,
  kCompressionCapabilities = 0x0003,
  kNetnameNegotiateContextId = 0x0005,
  kTransportCapabilities = 0x0006,
  kRdmaTransformCapabilities = 0x0007,
  kSigningCapabilities = 0x0008,
  /// Reserved in MS-SMB2 2.2.3.1; SMB3_POSIX_EXTENSIONS_AVAILABLE of the SMB3 POSIX extensions.
  kPosixExtensionsAvailable = 0x0100,
};

/// Contexts in one NEGOTIATE, and ids in one context.
inline constexpr std::size_t kMaxNegotiateContexts = 32;
inline constexpr std::size_t kMaxNegotiateContextIds = 64;

/// SMB2 NEGOTIATE_CONTEXT (MS-SMB2 2.2.3.1); data as it is, for the decoders below.
struct NegotiateContext {
  NegotiateContextType context_type{};
  Bytes data;

  void describe(this auto& self, auto& v) {
    auto octets = v.region();
    v.field(HF_FIELD(context_type));
    v.length16(octets);
    v.reserved(4);
    v.inline_data(octets, HF_FIELD(data));
  }
};

/// MS-SMB2 2.2.3.1.1.
struct PreauthIntegrityCapabilities {
  std::vector<std::uint16_t> hash_algorithms;
  Bytes salt;

  void describe(this auto& self, auto& v) {
    auto hashes = v.region();
    auto salt_octets = v.region();
    v.count16(hashes);
    v.length16(salt_octets);
    v.list(hashes, HF_FIELD(hash_algorithms), kMaxNegotiateContextIds);
    v.inline_data(salt_octets, HF_FIELD(salt));
  }
};
HF_WIRE_STRUCT(PreauthIntegrityCapabilities);

/// MS-SMB2 2.2.3.1.2.
struct EncryptionCapabilities {
  std::vector<Cipher> ciphers;

  void describe(this auto& self, auto& v) {
    auto list = v.region();
    v.count16(list);
    v.list(list, HF_FIELD(ciphers), kMaxNegotiateContextIds);
  }
};
HF_WIRE_STRUCT(EncryptionCapabilities);

/// MS-SMB2 2.2.3.1.3.
struct CompressionCapabilities {
  static constexpr std::uint32_t kFlagNone = 0;
  static constexpr std::uint32_t kFlagChained = 1;

  std::uint32_t flags = kFlagNone;
  std::vector<CompressionAlgorithm> compression_algorithms;

  void describe(this auto& self, auto& v) {
    auto list = v.region();
    v.count16(list);
    v.reserved(2);
    v.field(HF_FIELD(flags));
    v.list(list, HF_FIELD(compression_algorithms), kMaxNegotiateContextIds);
  }
};
HF_WIRE_STRUCT(CompressionCapabilities);

/// MS-SMB2 2.2.3.1.4.
struct NetnameNegotiateContextId {
  /// UTF-16LE, not terminated.
  Bytes net_name;

  void describe(this auto& self, auto& v) { v.trailing_data(HF_FIELD(net_name)); }
};
HF_WIRE_STRUCT(NetnameNegotiateContextId);

/// MS-SMB2 2.2.3.1.5.
struct TransportCapabilities {
  static constexpr std::uint32_t kAcceptTransportLevelSecurity = 1;

  std::uint32_t flags = 0;

  void describe(this auto& self, auto& v) { v.field(HF_FIELD(flags)); }
};
HF_WIRE_STRUCT(TransportCapabilities);

/// MS-SMB2 2.2.3.1.6.
struct RdmaTransformCapabilities {
  static constexpr std::uint16_t kNone = 0;
  static constexpr std::uint16_t kEncryption = 1;
  static constexpr std::uint16_t kSigning = 2;

  std::vector<std::uint16_t> rdma_transform_ids;

  void describe(this auto& self, auto& v) {
    auto list = v.region();
    v.count16(list);
    v.reserved(6);
    v.list(list, HF_FIELD(rdma_transform_ids), kMaxNegotiateContextIds);
  }
};
HF_WIRE_STRUCT(RdmaTransformCapabilities);

/// MS-SMB2 2.2.3.1.7.
struct SigningCapabilities {
  std::vector<SigningAlgorithm> signing_algorithms;

  void describe(this auto& self, auto& v) {
    auto list = v.region();
    v.count16(list);
    v.list(list, HF_FIELD(signing_algorithms), kMaxNegotiateContextIds);
  }
};
HF_WIRE_STRUCT(SigningCapabilities);

}  // namespace holdfast::wire::smb2
