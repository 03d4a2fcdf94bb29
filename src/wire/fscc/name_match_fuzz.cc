// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/bytes.h"
#include "wire/fscc/name_match.h"

/// Expression and name, separated by '/'.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  std::string_view text = as_text({data, size});
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || size > 4096) return 0;
  std::string_view expression = text.substr(0, slash), name = text.substr(slash + 1);
  wire::fscc::NamePattern pattern(expression);
  bool match = pattern.matches(name);
  // Every name matches itself unless it has wildcards, and "*" matches it.
  if (!name.empty()) HF_ASSERT(wire::fscc::NamePattern("*").matches(name));
  if (!wire::fscc::has_wildcards(name)) HF_ASSERT(wire::fscc::NamePattern(name).matches(name));
  // A case-sensitive match is a match.
  if (wire::fscc::NamePattern(expression, true).matches(name)) HF_ASSERT(match);
  return 0;
}
