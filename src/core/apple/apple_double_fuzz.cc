// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "core/apple/apple_double.h"
#include "core/apple/band_size.h"

using namespace holdfast;
using namespace holdfast::core::apple;

// Whatever lies in a ._ file, in Netatalk's attribute, in AFP_AfpInfo or in an Info.plist.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes octets{data, size};
  (void)decode_double_head(octets);
  std::size_t values = 0;
  for (const DoubleAttribute& a : decode_attributes(octets, 50)) {
    HF_ASSERT(!a.name.empty() && a.value.size() <= size);
    ++values;
  }
  HF_ASSERT(values <= size / 12);
  if (auto info = decode_afp_info(octets)) {
    auto again = encode(*info);
    HF_ASSERT(decode_afp_info(again) == info);
  }
  if (auto info = decode_netatalk_metadata(octets)) {
    info->finder_info[0] ^= 1;
    HF_ASSERT(decode_netatalk_metadata(encode_netatalk_metadata(*info, octets))->finder_info ==
              info->finder_info);
  }
  (void)band_size(as_text(octets));
  return 0;
}
