// SPDX-License-Identifier: Apache-2.0
#include "core/access/data_access.h"

namespace holdfast::core {

namespace rights = wire::dtyp::access;

ports::DataAccess data_access(wire::dtyp::AccessMask access) {
  bool reads = (access & (rights::kReadData | rights::kExecute)) != 0;
  bool writes = (access & (rights::kWriteData | rights::kAppendData)) != 0;
  if (reads && writes) return ports::DataAccess::kReadWrite;
  if (writes) return ports::DataAccess::kWrite;
  return reads ? ports::DataAccess::kRead : ports::DataAccess::kNone;
}

}  // namespace holdfast::core
