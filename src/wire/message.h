// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/writer.h"

/// What the header of a message needs. A message is a plain struct with one template member,
///
///   void describe(this auto& self, auto& v) { v.structure_size(4); v.field(HF_FIELD(flags)); ... }
///
/// from which decode, encode, print and the random generator of the tests come (wire/codec.h has
/// the vocabulary of `v`). Payloads, names and tokens are views: a decoded message lives no longer
/// than the octets that it was decoded from.

namespace holdfast::wire {

/// Whether encode writes the octet of the buffer that an odd StructureSize counts, when the buffer
/// is empty. Servers want it of every request; Windows leaves it out of some responses.
enum class OddOctet : std::uint8_t { kWritten, kOmitted };

}  // namespace holdfast::wire

/// The name and the value of a member, for describe().
#define HF_FIELD(member) #member, self.member

/// Declares for a message that stands alone (offsets are counted from its own first octet):
///   bool decode(Bytes message, T& out)    false when malformed; `out` is then unspecified
///   void encode(const T&, Writer&)        from the Writer's position on
///   std::string print(const T&)           one line, for traces
#define HF_WIRE_STRUCT(T)                                       \
  [[nodiscard]] bool decode(::holdfast::Bytes message, T& out); \
  void encode(const T& message, ::holdfast::Writer& writer);    \
  std::string print(const T& message);                          \
  constexpr std::size_t wire_begin(const T*) { return 0; }      \
  static_assert(true)

/// The same for the body of an SMB2 message: `message` in decode begins at the SMB2 header, and the
/// Writer in encode began there (its position is 64), because offsets are counted from the header.
#define HF_WIRE_BODY(T)                                         \
  [[nodiscard]] bool decode(::holdfast::Bytes message, T& out); \
  void encode(const T& message, ::holdfast::Writer& writer);    \
  std::string print(const T& message);                          \
  constexpr std::size_t wire_begin(const T*) { return 64; }     \
  static_assert(true)
