// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/testing/fuzzing.h"

/// The body of each request of MS-SMB2.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::wire::smb2::testing;
  try_chosen<Requests>({data, size});
  return 0;
}
