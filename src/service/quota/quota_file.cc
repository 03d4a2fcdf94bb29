// SPDX-License-Identifier: Apache-2.0
#include "service/quota/quota_file.h"

namespace holdfast::service {

ports::FileInfo QuotaFile::info_of(const ports::FileKey& key) {
  // HIDDEN, SYSTEM, ARCHIVE, DIRECTORY as of NTFS's index.
  constexpr std::uint32_t kAttributes = 0x00000036;
  ports::FileInfo info;
  info.key = key;
  info.attributes = kAttributes;
  return info;
}

}  // namespace holdfast::service
