// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/reader.h"
#include "base/utf16.h"
#include "base/writer.h"
#include "wire/message.h"

/// NDR, the 32-bit transfer syntax (C706 chapter 14), little-endian. A structure is a plain struct
/// with one template member,
///
///   void describe(this auto& self, auto& v) { v.field(HF_FIELD(netname)); v.field(HF_FIELD(type));
///   }
///
/// whose members are integers, WidePointer and OctetsPointer. It is run twice in either direction:
/// once for the fixed part and once for what its pointers lead to, because NDR puts referents
/// behind the construction that holds the pointers (C706 14.3.12.3).
namespace holdfast::wire::rpc {

/// [string, unique] wchar_t*: a conformant varying string that ends with a NUL. UTF-8 here.
using WidePointer = std::optional<std::string>;
/// [unique, size_is(n)] unsigned char*: a conformant array of octets.
using OctetsPointer = std::optional<ByteVec>;

/// Code units in one string, and elements in one array, beyond which input is malformed.
inline constexpr std::uint32_t kMaxStringUnits = 32'768;
inline constexpr std::uint32_t kMaxArrayElements = 65'536;

/// Reads a stub. Alignment is counted from its first octet; failure is sticky (as in Reader).
class NdrReader {
 public:
  explicit NdrReader(Bytes stub) : reader_(stub) {}

  bool ok() const { return reader_.ok(); }
  std::size_t remaining() const { return reader_.remaining(); }
  void fail() { reader_.fail(); }
  void align(std::size_t n) { reader_.align(n); }

  std::uint8_t u8() { return reader_.u8(); }
  std::uint16_t u16() { return reader_.align(2), reader_.u16(); }
  std::uint32_t u32() { return reader_.align(4), reader_.u32(); }
  std::uint64_t u64() { return reader_.align(8), reader_.u64(); }
  Bytes octets(std::size_t n) { return reader_.bytes(n); }

  /// A unique pointer: true when its referent follows (now or deferred).
  bool unique() { return u32() != 0; }
  /// A full pointer (C706 14.3.10): where it leads.
  enum class Full : std::uint8_t { kNull, kNew, kSeen };
  Full full(std::uint32_t& referent_id);

  /// The text of a [string] at this place (a ref pointer's referent), without its NUL.
  std::string wide_string();
  /// A unique pointer to one, followed at once by the referent, as parameters are.
  WidePointer unique_wide_string();
  std::optional<std::uint32_t> unique_u32();
  /// The count before a conformant array whose elements take at least element_size octets each;
  /// 0 and failure when they cannot fit.
  std::uint32_t conformance(std::size_t element_size);
  /// A conformant array of octets.
  ByteVec conformant_octets();

 private:
  Reader reader_;
  std::vector<std::uint32_t> seen_;
};

/// Writes a stub into a Buffer; alignment is counted from where it began.
class NdrWriter {
 public:
  explicit NdrWriter(Buffer& out) : writer_(out) {}

  std::size_t size() const { return writer_.position(); }
  void align(std::size_t n) { writer_.align(n); }
  void u8(std::uint8_t v) { writer_.u8(v); }
  void u16(std::uint16_t v) { writer_.align(2), writer_.u16(v); }
  void u32(std::uint32_t v) { writer_.align(4), writer_.u32(v); }
  void u64(std::uint64_t v) { writer_.align(8), writer_.u64(v); }
  void octets(Bytes v) { writer_.bytes(v); }

  /// A pointer: a referent id of its own, or 0.
  void pointer(bool present) { u32(present ? next_referent() : 0); }
  void wide_string(std::string_view utf8);
  void unique_wide_string(const WidePointer& text) {
    pointer(text.has_value());
    if (text) wide_string(*text);
  }
  void unique_u32(const std::optional<std::uint32_t>& value) {
    pointer(value.has_value());
    if (value) u32(*value);
  }
  void conformant_octets(Bytes v) {
    u32(static_cast<std::uint32_t>(v.size()));
    octets(v);
  }

 private:
  std::uint32_t next_referent() {
    std::uint32_t id = next_referent_;
    next_referent_ += 4;
    return id;
  }
  Writer writer_;
  // Windows counts from here in fours.
  std::uint32_t next_referent_ = 0x00020000;
};

namespace ndr {

template <class T>
concept Integer = std::is_integral_v<T> && !std::is_same_v<T, bool>;

/// First pass of writing: integers and referent ids.
struct WriteFixed {
  NdrWriter& w;
  template <Integer T>
  void field(const char*, const T& x) {
    if constexpr (sizeof(T) == 1) w.u8(static_cast<std::uint8_t>(x));
    if constexpr (sizeof(T) == 2) w.u16(static_cast<std::uint16_t>(x));
    if constexpr (sizeof(T) == 4) w.u32(static_cast<std::uint32_t>(x));
    if constexpr (sizeof(T) == 8) w.u64(static_cast<std::uint64_t>(x));
  }
  void field(const char*, const WidePointer& x) { w.pointer(x.has_value()); }
  void field(const char*, const OctetsPointer& x) { w.pointer(x.has_value()); }
};

/// Second pass of writing: referents.
struct WriteDeferred {
  NdrWriter& w;
  template <Integer T>
  void field(const char*, const T&) {}
  void field(const char*, const WidePointer& x) {
    if (x) w.wide_string(*x);
  }
  void field(const char*, const OctetsPointer& x) {
    if (x) w.conformant_octets(*x);
  }
};

/// First pass of reading: a pointer that is not null becomes an empty value.
struct ReadFixed {
  NdrReader& r;
  template <Integer T>
  void field(const char*, T& x) {
    if constexpr (sizeof(T) == 1) x = static_cast<T>(r.u8());
    if constexpr (sizeof(T) == 2) x = static_cast<T>(r.u16());
    if constexpr (sizeof(T) == 4) x = static_cast<T>(r.u32());
    if constexpr (sizeof(T) == 8) x = static_cast<T>(r.u64());
  }
  template <class T>
  void field(const char*, std::optional<T>& x) {
    x.reset();
    if (r.unique()) x.emplace();
  }
};

/// Second pass of reading.
struct ReadDeferred {
  NdrReader& r;
  template <Integer T>
  void field(const char*, T&) {}
  void field(const char*, WidePointer& x) {
    if (x) x = r.wide_string();
  }
  void field(const char*, OctetsPointer& x) {
    if (x) x = r.conformant_octets();
  }
};

/// Octets of the fixed part, alignment not counted: the least an element takes.
struct Measure {
  std::size_t size = 0;
  template <Integer T>
  void field(const char*, const T&) {
    size += sizeof(T);
  }
  template <class T>
  void field(const char*, const std::optional<T>&) {
    size += 4;
  }
};

}  // namespace ndr

template <class T>
void write_structure(NdrWriter& w, const T& value) {
  ndr::WriteFixed fixed{w};
  value.describe(fixed);
  ndr::WriteDeferred deferred{w};
  value.describe(deferred);
}

template <class T>
void read_structure(NdrReader& r, T& value) {
  ndr::ReadFixed fixed{r};
  value.describe(fixed);
  ndr::ReadDeferred deferred{r};
  if (r.ok()) value.describe(deferred);
}

/// A conformant array of structures.
template <class T>
void write_array(NdrWriter& w, const std::vector<T>& elements) {
  w.u32(static_cast<std::uint32_t>(elements.size()));
  ndr::WriteFixed fixed{w};
  for (const T& element : elements) element.describe(fixed);
  ndr::WriteDeferred deferred{w};
  for (const T& element : elements) element.describe(deferred);
}

template <class T>
std::vector<T> read_array(NdrReader& r) {
  ndr::Measure least;
  const T nothing;
  nothing.describe(least);
  std::vector<T> elements(r.conformance(least.size));
  ndr::ReadFixed fixed{r};
  for (T& element : elements) element.describe(fixed);
  ndr::ReadDeferred deferred{r};
  for (T& element : elements)
    if (r.ok()) element.describe(deferred);
  if (!r.ok()) elements.clear();
  return elements;
}

}  // namespace holdfast::wire::rpc
