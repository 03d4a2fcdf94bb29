// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/state/records.h"

using namespace holdfast;

namespace {

/// What is accepted is written again as something that is accepted and equal.
template <class T>
void try_decode(Bytes octets) {
  T value;
  if (!wire::state::decode(octets, value)) return;
  Buffer first;
  Writer writer(first);
  wire::state::encode(value, writer);
  HF_ASSERT(first.size() <= octets.size());
  HF_ASSERT(equal(first.view(), octets.first(first.size())));
  (void)wire::state::print(value);
}

}  // namespace

/// First octet: which record.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Bytes octets(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0: try_decode<wire::state::OpenState>(octets); break;
    case 1: try_decode<wire::state::ServerState>(octets); break;
    case 2: try_decode<wire::state::ConnectionState>(octets); break;
    default: try_decode<wire::state::EpochState>(octets);
  }
  return 0;
}
