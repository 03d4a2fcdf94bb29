// SPDX-License-Identifier: Apache-2.0
#include "wire/auth/der.h"

namespace holdfast::wire::auth {

std::optional<DerElement> DerReader::next() {
  if (rest_.size() < 2) return std::nullopt;
  const std::uint8_t tag = rest_[0];
  // 0x1F in the low bits announces a tag of several octets, which nothing here uses.
  if ((tag & 0x1F) == 0x1F) return std::nullopt;
  std::size_t at = 2;
  std::size_t length = rest_[1];
  if (length >= 0x80) {
    const std::size_t octets = length & 0x7F;
    if (octets == 0 || octets > 4 || rest_.size() - at < octets) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < octets; ++i) length = length << 8 | rest_[at++];
  }
  if (length > rest_.size() - at) return std::nullopt;
  DerElement element{tag, rest_.subspan(at, length), rest_.first(at + length)};
  rest_ = rest_.subspan(at + length);
  return element;
}

std::optional<DerElement> DerReader::next(std::uint8_t tag) {
  if (rest_.empty() || rest_[0] != tag) return std::nullopt;
  return next();
}

std::optional<Bytes> der_unwrap(Bytes bytes, std::uint8_t tag) {
  std::optional<DerElement> element = DerReader(bytes).next(tag);
  if (!element) return std::nullopt;
  return element->content;
}

ByteVec der_wrap(std::uint8_t tag, std::initializer_list<Bytes> pieces) {
  std::size_t length = 0;
  for (Bytes piece : pieces) length += piece.size();
  ByteVec out;
  out.reserve(length + 6);
  out.push_back(tag);
  if (length < 0x80) {
    out.push_back(static_cast<std::uint8_t>(length));
  } else {
    unsigned octets = 1;
    while (octets < 4 && length >> 8 * octets != 0) ++octets;
    out.push_back(static_cast<std::uint8_t>(0x80 | octets));
    while (octets-- > 0) out.push_back(static_cast<std::uint8_t>(length >> 8 * octets));
  }
  for (Bytes piece : pieces) out.insert(out.end(), piece.begin(), piece.end());
  return out;
}

}  // namespace holdfast::wire::auth
