// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/create_context_answers.h"

namespace holdfast::service::handlers {

namespace smb2 = wire::smb2;

ByteVec create_context_answers(const smb2::CreateContextList& asked, const ports::FileInfo& info,
                               std::uint32_t maximal_access) {
  smb2::CreateContextResponseList answers;
  if (asked.query_maximal_access) {
    // A client that knows the file as it is gets no answer in vain (MS-SMB2 3.3.5.9.5).
    smb2::QueryMaximalAccessResponse& a = answers.query_maximal_access.emplace();
    if (asked.query_maximal_access->timestamp.ticks != 0 &&
        asked.query_maximal_access->timestamp == info.change_time)
      a.query_status = static_cast<std::uint32_t>(NtStatus::kNoneMapped);
    else
      a.maximal_access = maximal_access;
  }
  if (asked.query_on_disk_id)
    answers.query_on_disk_id = smb2::QueryOnDiskIdResponse{info.key.inode, info.key.device};
  if (answers.empty()) return {};
  Buffer octets;
  Writer writer(octets);
  encode(answers, writer);
  return to_vec(octets);
}

}  // namespace holdfast::service::handlers
