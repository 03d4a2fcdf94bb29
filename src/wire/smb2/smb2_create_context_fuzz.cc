// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/testing/fuzzing.h"

namespace holdfast::wire::smb2 {
namespace {

template <class List>
void try_list(Bytes chain) {
  List list;
  const CreateContextFault fault = decode(chain, list);
  HF_ASSERT(!print(list).empty());
  HF_ASSERT(list.order.size() <= kMaxCreateContexts);
  if (!fault.ok()) return;
  list.order.clear();
  Buffer buffer;
  Writer writer(buffer);
  encode(list, writer);
  List again;
  HF_ASSERT(decode(buffer.view(), again).ok());
  again.order.clear();
  HF_ASSERT(print(again) == print(list));
}

}  // namespace
}  // namespace holdfast::wire::smb2

/// A chain of create contexts, as a request's and as a response's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::wire::smb2;
  try_list<CreateContextList>({data, size});
  try_list<CreateContextResponseList>({data, size});
  return 0;
}
