// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/samba/dos_attrib.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  Result<wire::samba::DosAttrib> x = wire::samba::decode_dos_attrib({data, size});
  if (!x) return 0;
  Result<wire::samba::DosAttrib> again = wire::samba::decode_dos_attrib(wire::samba::encode(*x));
  HF_ASSERT(again && again->attributes == x->attributes && again->create_time == x->create_time);
  return 0;
}
