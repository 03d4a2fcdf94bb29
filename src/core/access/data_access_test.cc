// SPDX-License-Identifier: Apache-2.0
#include "core/access/data_access.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

namespace rights = wire::dtyp::access;
using ports::DataAccess;

TEST(DataAccess, IsWhatTheRightsNeedOfTheData) {
  EXPECT_EQ(data_access(0), DataAccess::kNone);
  EXPECT_EQ(data_access(rights::kDelete | rights::kReadAttributes), DataAccess::kNone);
  EXPECT_EQ(data_access(rights::kReadData), DataAccess::kRead);
  EXPECT_EQ(data_access(rights::kExecute), DataAccess::kRead);
  EXPECT_EQ(data_access(rights::kWriteData), DataAccess::kWrite);
  EXPECT_EQ(data_access(rights::kAppendData), DataAccess::kWrite);
  EXPECT_EQ(data_access(rights::kExecute | rights::kAppendData), DataAccess::kReadWrite);
}

}  // namespace
}  // namespace holdfast::core
