// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "service/logon/user_file.h"

using namespace holdfast;
using namespace holdfast::service;

// What parses is written and parsed again as the same accounts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = parse_user_file(as_text({data, size}));
  if (!file) return 0;
  const auto again = parse_user_file(serialize_user_file(*file));
  HF_ASSERT(again.has_value());
  HF_ASSERT(*again == *file);
  const StaticUserDatabase users(file->machine_sid, file->users);
  for (const UserRecord& user : file->users) HF_ASSERT(users.find(user.name) == user);
  return 0;
}
