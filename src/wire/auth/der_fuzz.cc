// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/auth/der.h"

using namespace holdfast;
using namespace holdfast::wire::auth;

namespace {

/// Walks everything that nests, as far as a caller would; elements stay inside their parent.
void walk(Bytes bytes, int depth) {
  DerReader reader(bytes);
  std::size_t used = 0;
  while (auto element = reader.next()) {
    used += element->whole.size();
    HF_ASSERT(used <= bytes.size());
    HF_ASSERT(element->content.size() < element->whole.size());
    const ByteVec wrapped = der_wrap(element->tag, {element->content});
    const auto unwrapped = der_unwrap(wrapped, element->tag);
    HF_ASSERT(unwrapped && equal(*unwrapped, element->content));
    if (depth < 8 && (element->tag & 0x20)) walk(element->content, depth + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  walk({data, size}, 0);
  return 0;
}
