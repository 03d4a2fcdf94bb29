// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <optional>

#include "base/bytes.h"

namespace holdfast::wire::auth {

/// Tags that SPNEGO and GSS-API frames use (X.690; single-octet tags only).
namespace der_tag {
inline constexpr std::uint8_t kBitString = 0x03;
inline constexpr std::uint8_t kOctetString = 0x04;
inline constexpr std::uint8_t kOid = 0x06;
inline constexpr std::uint8_t kEnumerated = 0x0A;
inline constexpr std::uint8_t kGeneralString = 0x1B;
inline constexpr std::uint8_t kSequence = 0x30;
/// [APPLICATION 0] constructed: the GSS-API frame (RFC 2743 3.1).
inline constexpr std::uint8_t kGssFrame = 0x60;
/// [n] constructed.
constexpr std::uint8_t context(unsigned n) { return static_cast<std::uint8_t>(0xA0 + n); }
}  // namespace der_tag

struct DerElement {
  std::uint8_t tag = 0;
  Bytes content;
  /// Tag, length and content.
  Bytes whole;
};

/// Reads the elements of a DER (or BER with definite lengths) encoding one after the other. Never
/// recurses: the caller makes another reader of an element's content.
class DerReader {
 public:
  explicit DerReader(Bytes bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  /// The next element; nullopt (and nothing moves) when it is truncated, its tag has more than one
  /// octet, or its length is indefinite or has more than four octets.
  std::optional<DerElement> next();
  /// The next element if it has this tag; nullopt otherwise, and nothing moves.
  std::optional<DerElement> next(std::uint8_t tag);

 private:
  Bytes rest_;
};

/// The content of the one element that `bytes` begins with; nullopt when it is malformed or has
/// another tag. What follows it is ignored.
std::optional<Bytes> der_unwrap(Bytes bytes, std::uint8_t tag);

/// One element around the concatenated pieces, with the shortest length form.
ByteVec der_wrap(std::uint8_t tag, std::initializer_list<Bytes> pieces);

}  // namespace holdfast::wire::auth
