// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/limits.h"
#include "wire/fscc/ea.h"

/// What is accepted is written and read again as the same list.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  using namespace holdfast::wire::fscc;
  Bytes bytes(data, size);
  if (auto eas = decode_ea_list(bytes)) {
    Buffer out;
    Writer w(out);
    HF_ASSERT(append_ea_list(*eas, 0, limits::kMaxEaList, w) == eas->size());
    HF_ASSERT(decode_ea_list(out.view()) == eas);
  }
  if (auto names = decode_get_ea_list(bytes)) {
    Buffer out;
    Writer w(out);
    append_get_ea_list(*names, w);
    HF_ASSERT(out.size() > limits::kMaxEaList || decode_get_ea_list(out.view()) == names);
  }
  return 0;
}
