// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/guid.h"
#include "base/limits.h"
#include "core/session/share.h"
#include "wire/smb2/types.h"

namespace holdfast::core {

/// What the administrator allows, as far as connections and sessions are concerned. A snapshot: a
/// connection keeps the one it began with.
struct Policy {
  std::uint16_t min_dialect = wire::smb2::Dialect::kSmb202;
  std::uint16_t max_dialect = wire::smb2::Dialect::kSmb311;
  Requirement signing = Requirement::kRequired;
  Requirement encryption = Requirement::kDesired;
  /// In order of preference.
  std::vector<wire::smb2::Cipher> ciphers = {
      wire::smb2::Cipher::kAes128Gcm, wire::smb2::Cipher::kAes256Gcm,
      wire::smb2::Cipher::kAes128Ccm, wire::smb2::Cipher::kAes256Ccm};
  std::vector<wire::smb2::SigningAlgorithm> signing_algorithms = {
      wire::smb2::SigningAlgorithm::kAesGmac, wire::smb2::SigningAlgorithm::kAesCmac,
      wire::smb2::SigningAlgorithm::kHmacSha256};
  /// Sessions may have several connections (dialect 3.x).
  bool multichannel = true;
  /// Oplock breaks are sent on one channel after the other until one is confirmed; otherwise on the
  /// newest channel only. Lease breaks always are.
  bool oplock_break_retry = true;
  /// Compression algorithms that are understood (MS-SMB2 2.2.3.1.3). Empty: compression is off.
  std::vector<wire::smb2::CompressionAlgorithm> compression_algorithms = {
      wire::smb2::CompressionAlgorithm::kLz4, wire::smb2::CompressionAlgorithm::kLz77,
      wire::smb2::CompressionAlgorithm::kLz77Huffman, wire::smb2::CompressionAlgorithm::kLznt1,
      wire::smb2::CompressionAlgorithm::kPatternV1};
  /// Clients may use the SMB3 POSIX extensions.
  bool posix_extensions = true;
  /// There is a DFS namespace (MS-SMB2 3.3.1.5 IsDfsCapable).
  bool dfs = false;
  /// Some share grants persistent handles (SMB2_GLOBAL_CAP_PERSISTENT_HANDLES).
  bool persistent_handles = false;
  bool allow_guest = false;
  bool allow_anonymous = false;
  Guid server_guid;
  std::uint32_t max_transact_size = limits::kMaxTransactSize;
  std::uint32_t max_credits = limits::kMaxCredits;
};

}  // namespace holdfast::core
