// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include "base/guid.h"
#include "base/nt_time.h"
#include "base/reader.h"
#include "base/sid.h"
#include "base/writer.h"
#include "wire/message.h"

/// The visitors that a message's describe() is run with: Decoder, Encoder and, in printer.h,
/// Printer; the tests' Generator has the same vocabulary.
///
/// Fields in the order of the wire:
///   structure_size(n, odd)    16 bits that must be n. An odd n counts one octet of the buffer that
///                             follows: encode writes it when there is no buffer (unless `odd` is
///                             OddOctet::kOmitted), decode does not ask for it.
///   field(name, x)            integer, enum, Guid, NtTime, Sid, octet array, or something
///   described optional_field(name, x)   the same at the end; not there when zero reserved(n) n
///   octets, written as zero and not looked at fixed_u32(value)          32 bits that must be value
///   version_by_size(name, x, size1, size2)   1 or 2, from the size of the whole
///   check(condition)          what must hold beside the bounds
///
/// Buffers and lists, told apart by a Region: `auto r = v.region();`
///   offset8/16/32(r), length16/32(r), count16/32(r)   its fields. Offsets are counted from the
///   begin
///                             of the message; length32(r, n) counts n octets more than the buffer
///   data(r, name, bytes, alignment)            buffer at the offset; an empty one has an offset
///   too optional_data(r, name, bytes, alignment)   buffer at the offset; an empty one has offset 0
///   name(r, name, bytes)      data of UTF-16 units: an odd length is malformed
///   inline_data(r, name, bytes)   buffer here
///   trailing_data(name, bytes)    all that is left
///   list(r, name, elements, limit)             elements here
///   aligned_list_at(r, name, elements, limit, alignment)      elements at the offset, each aligned
///   list_to_end(name, elements, limit), aligned_list_to_end(name, elements, limit, alignment)
///
/// decode accepts a buffer anywhere behind the fixed part and an empty one with any offset.
namespace holdfast::wire {

/// Where a buffer or list is, and where the fields are that say so.
struct Region {
  std::size_t offset = 0;
  /// Octets of a buffer, elements of a list.
  std::size_t length = 0;
  std::size_t offset_at = 0;
  std::size_t length_at = 0;
  std::uint32_t length_extra = 0;
  std::uint8_t offset_width = 0;
  std::uint8_t length_width = 0;
};

template <class T>
concept WireInteger = std::is_integral_v<T> || std::is_enum_v<T>;

/// Something with a describe() of its own.
template <class T, class Visitor>
concept Described = requires(T& t, Visitor& v) { t.describe(v); };

class Decoder {
 public:
  /// `begin`: where the described structure starts in `message`.
  Decoder(Bytes message, std::size_t begin) : reader_(message), begin_(begin), floor_(begin) {
    reader_.seek(begin);
  }

  bool ok() const { return reader_.ok(); }

  void structure_size(std::uint16_t size, OddOctet = OddOctet::kWritten) {
    check(reader_.u16() == size);
    floor_ = begin_ + (size & ~1u);
  }

  template <WireInteger T>
  void field(const char*, T& x) {
    if constexpr (sizeof(T) == 1) x = static_cast<T>(reader_.u8());
    if constexpr (sizeof(T) == 2) x = static_cast<T>(reader_.u16());
    if constexpr (sizeof(T) == 4) x = static_cast<T>(reader_.u32());
    if constexpr (sizeof(T) == 8) x = static_cast<T>(reader_.u64());
  }
  template <std::size_t N>
  void field(const char*, std::array<std::uint8_t, N>& x) {
    Bytes octets = reader_.bytes(N);
    if (octets.size() == N) std::memcpy(x.data(), octets.data(), N);
  }
  void field(const char* name, Guid& x) { field(name, x.octets); }
  void field(const char*, NtTime& x) { x.ticks = reader_.u64(); }
  void field(const char*, Sid& x);
  template <Described<Decoder> T>
  void field(const char*, T& x) {
    x.describe(*this);
  }
  template <class T>
  void optional_field(const char* name, T& x) {
    if (reader_.remaining() != 0) field(name, x);
  }

  void reserved(std::size_t n) { reader_.skip(n); }
  void fixed_u32(std::uint32_t value) { check(reader_.u32() == value); }
  void check(bool holds) {
    if (!holds) reader_.fail();
  }
  void version_by_size(const char*, std::uint8_t& version, std::size_t size1, std::size_t size2) {
    const std::size_t size = reader_.all().size() - begin_;
    check(size == size1 || size == size2);
    version = size == size2 ? 2 : 1;
  }

  Region region() { return {}; }
  void offset8(Region& r) { r.offset = reader_.u8(); }
  void offset16(Region& r) { r.offset = reader_.u16(); }
  void offset32(Region& r) { r.offset = reader_.u32(); }
  void length16(Region& r) { r.length = reader_.u16(); }
  void length32(Region& r, std::uint32_t extra = 0) {
    const std::uint32_t length = reader_.u32();
    check(length >= extra);
    r.length = length - extra;
  }
  void count16(Region& r) { r.length = reader_.u16(); }
  void count32(Region& r) { r.length = reader_.u32(); }

  void data(const Region& r, const char*, Bytes& x, std::size_t = 1) {
    check(r.length == 0 || r.offset >= floor_);
    x = reader_.at(r.offset, r.length);
  }
  void optional_data(const Region& r, const char* name, Bytes& x, std::size_t) { data(r, name, x); }
  void name(const Region& r, const char* field_name, Bytes& x) {
    check(r.length % 2 == 0);
    data(r, field_name, x);
  }
  void inline_data(const Region& r, const char*, Bytes& x) { x = reader_.bytes(r.length); }
  void trailing_data(const char*, Bytes& x) { x = reader_.rest(); }

  template <class T>
  void list(const Region& r, const char*, std::vector<T>& elements, std::size_t limit) {
    // Every element takes an octet at least, so a count beyond that is refused before it costs.
    check(r.length <= limit && r.length <= reader_.remaining());
    for (std::size_t i = 0; ok() && i < r.length; ++i) field("", elements.emplace_back());
  }
  template <class T>
  void aligned_list_at(const Region& r, const char*, std::vector<T>& elements, std::size_t limit,
                       std::size_t alignment) {
    if (r.length == 0) return;
    check(r.length <= limit && r.offset >= floor_);
    reader_.seek(r.offset);
    for (std::size_t i = 0; ok() && i < r.length; ++i) {
      if (i != 0) reader_.align(alignment);
      field("", elements.emplace_back());
    }
  }
  template <class T>
  void list_to_end(const char* name, std::vector<T>& elements, std::size_t limit) {
    aligned_list_to_end(name, elements, limit, 1);
  }
  template <class T>
  void aligned_list_to_end(const char*, std::vector<T>& elements, std::size_t limit,
                           std::size_t alignment) {
    while (ok() && reader_.remaining() != 0) {
      const std::size_t padding = (alignment - reader_.position() % alignment) % alignment;
      if (!elements.empty() && padding >= reader_.remaining()) return;
      if (!elements.empty()) reader_.skip(padding);
      check(elements.size() < limit);
      if (ok()) field("", elements.emplace_back());
    }
  }

 private:
  Reader reader_;
  std::size_t begin_;
  /// No buffer begins before this: the end of the fixed part.
  std::size_t floor_;
};

class Encoder {
 public:
  /// `begin`: the Writer's position from which offsets are counted. The structure starts at the
  /// Writer's position now.
  Encoder(Writer& writer, std::size_t begin)
      : writer_(writer), begin_(begin), start_(writer.position()) {}
  /// As above, for a message whose buffer `external` is to be put behind it by the caller: its
  /// octets are not written, its length is `external_length`.
  Encoder(Writer& writer, std::size_t begin, const Bytes& external, std::size_t external_length)
      : Encoder(writer, begin) {
    external_ = &external;
    external_length_ = external_length;
  }

  /// Writes the octet that an odd StructureSize counts, if nothing is there.
  void finish() {
    const std::size_t written = writer_.position() - start_;
    if (external_ == nullptr && smallest_ % 2 == 1 && written < smallest_)
      writer_.zeros(smallest_ - written);
  }

  void structure_size(std::uint16_t size, OddOctet odd = OddOctet::kWritten) {
    smallest_ = odd == OddOctet::kWritten ? size : 0;
    writer_.u16(size);
  }

  template <WireInteger T>
  void field(const char*, const T& x) {
    if constexpr (sizeof(T) == 1) writer_.u8(static_cast<std::uint8_t>(x));
    if constexpr (sizeof(T) == 2) writer_.u16(static_cast<std::uint16_t>(x));
    if constexpr (sizeof(T) == 4) writer_.u32(static_cast<std::uint32_t>(x));
    if constexpr (sizeof(T) == 8) writer_.u64(static_cast<std::uint64_t>(x));
  }
  template <std::size_t N>
  void field(const char*, const std::array<std::uint8_t, N>& x) {
    writer_.bytes(x);
  }
  void field(const char*, const Guid& x) { writer_.bytes(x.octets); }
  void field(const char*, const NtTime& x) { writer_.u64(x.ticks); }
  void field(const char*, const Sid& x);
  template <Described<Encoder> T>
  void field(const char*, const T& x) {
    x.describe(*this);
  }
  template <class T>
  void optional_field(const char* name, const T& x) {
    if (x != T{}) field(name, x);
  }

  void reserved(std::size_t n) { writer_.zeros(n); }
  void fixed_u32(std::uint32_t value) { writer_.u32(value); }
  void check(bool holds) { HF_ASSERT(holds); }
  void version_by_size(const char*, const std::uint8_t& version, std::size_t, std::size_t) {
    HF_ASSERT(version == 1 || version == 2);
  }

  Region region() { return {}; }
  void offset8(Region& r) { place(r.offset_at, r.offset_width, 1); }
  void offset16(Region& r) { place(r.offset_at, r.offset_width, 2); }
  void offset32(Region& r) { place(r.offset_at, r.offset_width, 4); }
  void length16(Region& r) { place(r.length_at, r.length_width, 2); }
  void length32(Region& r, std::uint32_t extra = 0) {
    r.length_extra = extra;
    place(r.length_at, r.length_width, 4);
  }
  void count16(Region& r) { length16(r); }
  void count32(Region& r) { length32(r); }

  void data(const Region& r, const char*, const Bytes& x, std::size_t alignment = 1) {
    if (&x == external_) {
      patch(r.offset_at, r.offset_width, offset());
      patch(r.length_at, r.length_width, external_length_);
      return;
    }
    if (!x.empty()) align(alignment);
    patch(r.offset_at, r.offset_width, offset());
    append(r, x);
  }
  void optional_data(const Region& r, const char* name, const Bytes& x, std::size_t alignment) {
    if (!x.empty()) data(r, name, x, alignment);
  }
  void name(const Region& r, const char* field_name, const Bytes& x) { data(r, field_name, x); }
  void inline_data(const Region& r, const char*, const Bytes& x) { append(r, x); }
  void trailing_data(const char*, const Bytes& x) { writer_.bytes(x); }

  template <class T>
  void list(const Region& r, const char*, const std::vector<T>& elements, std::size_t limit) {
    HF_ASSERT(elements.size() <= limit);
    patch(r.length_at, r.length_width, elements.size());
    for (const T& element : elements) field("", element);
  }
  template <class T>
  void aligned_list_at(const Region& r, const char*, const std::vector<T>& elements,
                       std::size_t limit, std::size_t alignment) {
    HF_ASSERT(elements.size() <= limit);
    if (elements.empty()) return;
    align(alignment);
    patch(r.offset_at, r.offset_width, offset());
    patch(r.length_at, r.length_width, elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (i != 0) align(alignment);
      field("", elements[i]);
    }
  }
  template <class T>
  void list_to_end(const char* name, const std::vector<T>& elements, std::size_t limit) {
    aligned_list_to_end(name, elements, limit, 1);
  }
  template <class T>
  void aligned_list_to_end(const char*, const std::vector<T>& elements, std::size_t limit,
                           std::size_t alignment) {
    HF_ASSERT(elements.size() <= limit);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (i != 0) align(alignment);
      field("", elements[i]);
    }
  }

 private:
  std::size_t offset() const { return writer_.position() - begin_; }
  void align(std::size_t n) { writer_.zeros((n - offset() % n) % n); }
  void place(std::size_t& at, std::uint8_t& width, std::uint8_t octets) {
    at = writer_.position();
    width = octets;
    writer_.zeros(octets);
  }
  void append(const Region& r, const Bytes& x) {
    patch(r.length_at, r.length_width, x.size() + r.length_extra);
    writer_.bytes(x);
  }
  /// A value that does not fit its field is a bug of ours: nothing received is encoded unchecked.
  void patch(std::size_t at, std::uint8_t width, std::size_t value) {
    HF_ASSERT(width == 0 || value >> (8 * width) == 0);
    if (width == 1) writer_.patch_u8(at, static_cast<std::uint8_t>(value));
    if (width == 2) writer_.patch_u16(at, static_cast<std::uint16_t>(value));
    if (width == 4) writer_.patch_u32(at, static_cast<std::uint32_t>(value));
  }

  Writer& writer_;
  std::size_t begin_;
  std::size_t start_;
  std::uint16_t smallest_ = 0;
  const Bytes* external_ = nullptr;
  std::size_t external_length_ = 0;
};

inline void Decoder::field(const char*, Sid& x) {
  x.revision = reader_.u8();
  x.count = reader_.u8();
  check(x.count <= Sid::kMaxSubAuthorities);
  x.authority = 0;
  for (int i = 0; i < 6; ++i) x.authority = x.authority << 8 | reader_.u8();
  x.sub = {};
  for (std::size_t i = 0; ok() && i < x.count; ++i) x.sub[i] = reader_.u32();
}

inline void Encoder::field(const char*, const Sid& x) {
  writer_.u8(x.revision);
  writer_.u8(x.count);
  for (int shift = 40; shift >= 0; shift -= 8)
    writer_.u8(static_cast<std::uint8_t>(x.authority >> shift));
  for (std::size_t i = 0; i < x.count; ++i) writer_.u32(x.sub[i]);
}

/// Decodes a described message; `out` starts from its defaults.
template <class T>
[[nodiscard]] bool decode_described(Bytes message, T& out) {
  out = T{};
  Decoder decoder(message, wire_begin(&out));
  out.describe(decoder);
  return decoder.ok();
}

/// Encodes a described message. A body (HF_WIRE_BODY) has its header before it: the Writer's
/// position is where the body begins. A structure begins where the Writer is.
template <class T>
void encode_described(const T& message, Writer& writer) {
  constexpr std::size_t kBegin = wire_begin(static_cast<const T*>(nullptr));
  HF_ASSERT(kBegin == 0 || writer.position() == kBegin);
  Encoder encoder(writer, kBegin == 0 ? writer.position() : 0);
  message.describe(encoder);
  encoder.finish();
}

/// Encodes all of a message but its last buffer `external`, which is length octets.
template <class T>
void encode_described_fixed(const T& message, const Bytes& external, std::size_t length,
                            Writer& writer) {
  constexpr std::size_t kBegin = wire_begin(static_cast<const T*>(nullptr));
  HF_ASSERT(kBegin == 0 || writer.position() == kBegin);
  Encoder encoder(writer, kBegin == 0 ? writer.position() : 0, external, length);
  message.describe(encoder);
}

}  // namespace holdfast::wire
