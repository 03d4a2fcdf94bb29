// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB_COM_NEGOTIATE of SMB1, as far as a multi-protocol negotiate needs it (MS-CIFS 2.2.4.52.1,
/// MS-SMB2 3.3.5.3). Anything else that begins with 0xFF 'SMB' does not decode.
struct Smb1NegotiateRequest {
  static constexpr std::size_t kMaxDialects = 64;

  /// Process id high and low, multiplex id: what a trace wants.
  std::uint16_t mid = 0;
  /// Dialect strings as offered, without the 0x02 in front and the zero behind. Views.
  std::vector<std::string_view> dialects;

  bool offers(std::string_view dialect) const;
  /// "SMB 2.002": answer with dialect 0x0202.
  bool offers_smb_2_002() const { return offers("SMB 2.002"); }
  /// "SMB 2.???": answer with dialect 0x02FF.
  bool offers_smb_2_wildcard() const { return offers("SMB 2.???"); }
};
HF_WIRE_STRUCT(Smb1NegotiateRequest);

}  // namespace holdfast::wire::smb2
