// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/testing/fuzzing.h"

/// What stands alone: negotiate contexts, FSCTL payloads, error contexts, transform headers.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::wire::smb2;
  const holdfast::Bytes input(data, size);
  testing::try_chosen<testing::Structures>(input);
  SymbolicLinkErrorResponse link;
  if (decode(input, link)) HF_ASSERT(!print(link).empty());
  NetworkInterfaceInfoList interfaces;
  if (decode(input, interfaces)) HF_ASSERT(!print(interfaces).empty());
  return 0;
}
