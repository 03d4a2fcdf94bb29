// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <type_traits>

#include "base/guid.h"
#include "base/nt_time.h"
#include "base/reader.h"
#include "base/result.h"
#include "base/writer.h"

/// Structures of fixed size are described once: `template <class V> void fields(V& v)` visits each
/// field in the order of the wire, reserved octets included. Size, encoder and decoder follow.
namespace holdfast::wire::fscc {

namespace detail {
struct SizeVisitor {
  std::size_t size = 0;
  template <class T>
  void operator()(T&) {
    if constexpr (std::is_same_v<T, bool>)
      size += 1;
    else
      size += sizeof(T);
  }
  void reserved(std::size_t n) { size += n; }
};

struct WriteVisitor {
  Writer& w;
  void operator()(std::uint8_t& v) { w.u8(v); }
  void operator()(bool& v) { w.u8(v ? 1 : 0); }
  void operator()(std::uint16_t& v) { w.u16(v); }
  void operator()(std::uint32_t& v) { w.u32(v); }
  void operator()(std::uint64_t& v) { w.u64(v); }
  void operator()(NtTime& v) { w.u64(v.ticks); }
  void operator()(Guid& v) { w.bytes(v.octets); }
  template <std::size_t N>
  void operator()(std::array<std::uint8_t, N>& v) {
    w.bytes(v);
  }
  void reserved(std::size_t n) { w.zeros(n); }
};

struct ReadVisitor {
  Reader& r;
  void operator()(std::uint8_t& v) { v = r.u8(); }
  void operator()(bool& v) { v = r.u8() != 0; }
  void operator()(std::uint16_t& v) { v = r.u16(); }
  void operator()(std::uint32_t& v) { v = r.u32(); }
  void operator()(std::uint64_t& v) { v = r.u64(); }
  void operator()(NtTime& v) { v.ticks = r.u64(); }
  void operator()(Guid& v) { v = Guid::from(r.bytes(16)); }
  template <std::size_t N>
  void operator()(std::array<std::uint8_t, N>& v) {
    Bytes b = r.bytes(N);
    if (b.size() == N) std::memcpy(v.data(), b.data(), N);
  }
  void reserved(std::size_t n) { r.skip(n); }
};
}  // namespace detail

/// A structure that describes itself.
template <class T>
concept Fixed = requires(T& t, detail::SizeVisitor& v) { t.fields(v); };

/// Octets of the structure on the wire.
template <Fixed T>
std::size_t size_of() {
  T t{};
  detail::SizeVisitor v;
  t.fields(v);
  return v.size;
}

/// Appends the structure where the writer stands.
template <Fixed T>
void append(const T& value, Writer& w) {
  detail::WriteVisitor v{w};
  // fields() serves decoding too and is therefore not const; WriteVisitor only reads.
  const_cast<T&>(value).fields(v);
}

/// Reads the structure where the reader stands; failure stays in the reader.
template <Fixed T>
void read(Reader& r, T& value) {
  detail::ReadVisitor v{r};
  value.fields(v);
}

/// Reads the structure from the start of bytes, which may be longer.
/// STATUS_INFO_LENGTH_MISMATCH when they are shorter.
template <Fixed T>
Result<void> decode(Bytes bytes, T& value) {
  Reader r(bytes);
  read(r, value);
  if (!r.ok()) return fail(NtStatus::kInfoLengthMismatch);
  return {};
}

}  // namespace holdfast::wire::fscc
