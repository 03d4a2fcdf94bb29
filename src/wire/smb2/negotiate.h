// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/negotiate_context.h"
#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 NEGOTIATE Request (MS-SMB2 2.2.3). ClientStartTime, which is to be ignored, is not kept.
/// decode accepts DialectCount 0: the server answers it with STATUS_INVALID_PARAMETER itself.
struct NegotiateRequest {
  static constexpr std::size_t kMaxDialects = 64;

  std::uint16_t security_mode = 0;
  std::uint32_t capabilities = 0;
  Guid client_guid;
  std::vector<std::uint16_t> dialects;
  /// Only when dialects has 3.1.1.
  std::vector<NegotiateContext> negotiate_contexts;

  bool offers(std::uint16_t dialect) const {
    for (std::uint16_t d : dialects)
      if (d == dialect) return true;
    return false;
  }

  void describe(this auto& self, auto& v) {
    auto dialect_list = v.region();
    auto contexts = v.region();
    v.structure_size(36);
    v.count16(dialect_list);
    v.field(HF_FIELD(security_mode));
    v.reserved(2);
    v.field(HF_FIELD(capabilities));
    v.field(HF_FIELD(client_guid));
    v.offset32(contexts);
    v.count16(contexts);
    v.reserved(2);
    v.list(dialect_list, HF_FIELD(dialects), kMaxDialects);
    if (!self.offers(Dialect::kSmb311)) return;
    v.aligned_list_at(contexts, HF_FIELD(negotiate_contexts), kMaxNegotiateContexts, 8);
  }
};
HF_WIRE_BODY(NegotiateRequest);

/// SMB2 NEGOTIATE Response (MS-SMB2 2.2.4).
struct NegotiateResponse {
  std::uint16_t security_mode = 0;
  std::uint16_t dialect_revision = 0;
  Guid server_guid;
  std::uint32_t capabilities = 0;
  std::uint32_t max_transact_size = 0;
  std::uint32_t max_read_size = 0;
  std::uint32_t max_write_size = 0;
  NtTime system_time;
  NtTime server_start_time;
  /// SPNEGO NegTokenInit2 of the server; may be empty.
  Bytes security_buffer;
  /// Only when dialect_revision is 3.1.1.
  std::vector<NegotiateContext> negotiate_contexts;

  void describe(this auto& self, auto& v) {
    auto token = v.region();
    auto contexts = v.region();
    v.structure_size(65);
    v.field(HF_FIELD(security_mode));
    v.field(HF_FIELD(dialect_revision));
    v.count16(contexts);
    v.field(HF_FIELD(server_guid));
    v.field(HF_FIELD(capabilities));
    v.field(HF_FIELD(max_transact_size));
    v.field(HF_FIELD(max_read_size));
    v.field(HF_FIELD(max_write_size));
    v.field(HF_FIELD(system_time));
    v.field(HF_FIELD(server_start_time));
    v.offset16(token);
    v.length16(token);
    v.offset32(contexts);
    v.data(token, HF_FIELD(security_buffer));
    if (self.dialect_revision != Dialect::kSmb311) return;
    v.aligned_list_at(contexts, HF_FIELD(negotiate_contexts), kMaxNegotiateContexts, 8);
  }
};
HF_WIRE_BODY(NegotiateResponse);

}  // namespace holdfast::wire::smb2
