// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/fscc/reparse.h"

/// What is accepted is written as the same octets but for the reserved ones.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  using namespace holdfast::wire::fscc;
  auto x = decode_reparse({data, size});
  if (!x) return 0;
  Buffer out;
  Writer w(out);
  append(*x, w);
  HF_ASSERT(out.size() == size && decode_reparse(out.view()) == x);
  if (auto link = decode_symlink(*x)) HF_ASSERT(decode_symlink(to_reparse(*link)) == link);
  if (auto mount = decode_mount_point(*x))
    HF_ASSERT(decode_mount_point(to_reparse(*mount)) == mount);
  return 0;
}
