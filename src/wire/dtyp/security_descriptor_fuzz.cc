// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/dtyp/security_descriptor.h"

/// What is accepted is written, and read again as the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  namespace dtyp = holdfast::wire::dtyp;
  Result<dtyp::SecurityDescriptor> sd = dtyp::decode_security_descriptor({data, size});
  if (!sd) return 0;
  dtyp::to_sddl(*sd);
  ByteVec octets = dtyp::encode(*sd);
  HF_ASSERT(octets.size() == dtyp::size_of(*sd));
  Result<dtyp::SecurityDescriptor> again = dtyp::decode_security_descriptor(octets);
  HF_ASSERT(again.has_value());
  // The revision of an ACL with object ACEs is raised; after that nothing changes any more.
  HF_ASSERT(dtyp::encode(*again) == octets);
  return 0;
}
