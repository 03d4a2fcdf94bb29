// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "service/handover/takeover.h"

using namespace holdfast;

/// A hand-over from nobody knows whom: it is read as far as it says what it must, or refused, and
/// what is accepted has its parts within the octets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto contents = service::handover::read_contents({data, size});
  if (!contents) {
    HF_ASSERT(!contents.error().empty());
    return 0;
  }
  for (const auto& connection : contents->connections)
    HF_ASSERT(connection.frame.octets.size() <= connection.frame_length);
  for (const auto& request : contents->requests) HF_ASSERT(!request.messages.empty());
  return 0;
}
