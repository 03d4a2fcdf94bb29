// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/samba/nt_acl.h"

/// What is accepted is written, and read again as the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  Result<wire::samba::NtAcl> x = wire::samba::decode_nt_acl({data, size});
  if (!x) return 0;
  ByteVec octets = wire::samba::encode(*x);
  Result<wire::samba::NtAcl> again = wire::samba::decode_nt_acl(octets);
  HF_ASSERT(again.has_value());
  HF_ASSERT(wire::samba::encode(*again) == octets);
  return 0;
}
