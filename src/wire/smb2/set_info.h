// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 SET_INFO Request (MS-SMB2 2.2.39).
struct SetInfoRequest {
  InfoType info_type = InfoType::kFile;
  std::uint8_t file_info_class = 0;
  /// SecurityInformation bits for InfoType::kSecurity.
  std::uint32_t additional_information = 0;
  FileId file_id;
  Bytes buffer;

  void describe(this auto& self, auto& v) {
    auto octets = v.region();
    v.structure_size(33);
    v.field(HF_FIELD(info_type));
    v.field(HF_FIELD(file_info_class));
    v.length32(octets);
    v.offset16(octets);
    v.reserved(2);
    v.field(HF_FIELD(additional_information));
    v.field(HF_FIELD(file_id));
    v.data(octets, HF_FIELD(buffer));
  }
};
HF_WIRE_BODY(SetInfoRequest);

/// SMB2 SET_INFO Response (MS-SMB2 2.2.40).
struct SetInfoResponse {
  void describe(this auto&, auto& v) { v.structure_size(2); }
};
HF_WIRE_BODY(SetInfoResponse);

}  // namespace holdfast::wire::smb2
