// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "wire/codec.h"

namespace holdfast::wire {

/// Prints a described message as one line, for traces: "ReadRequest{padding=0x50 length=8 ...}".
/// Buffers are printed by their length only: they hold data and credentials of users. Names are
/// printed.
class Printer {
 public:
  enum class Detail : std::uint8_t { kLengths, kOctets };

  /// Detail::kOctets prints all buffers in hexadecimal; for tests.
  explicit Printer(std::string_view type, Detail detail = Detail::kLengths) : detail_(detail) {
    text_.append(type).push_back('{');
  }
  /// Ends the line and gives it.
  std::string take() {
    text_.push_back('}');
    return std::move(text_);
  }

  void structure_size(std::uint16_t, OddOctet = OddOctet::kWritten) {}
  template <WireInteger T>
  void field(const char* name, const T& x) {
    label(name);
    number(static_cast<std::uint64_t>(x));
  }
  template <std::size_t N>
  void field(const char* name, const std::array<std::uint8_t, N>& x) {
    label(name);
    hex(x);
  }
  void field(const char* name, const Guid& x) { text(name, x.to_string()); }
  void field(const char* name, const NtTime& x) { field(name, x.ticks); }
  void field(const char* name, const Sid& x) { text(name, x.to_string()); }
  template <Described<Printer> T>
  void field(const char* name, const T& x) {
    label(name);
    text_.push_back('{');
    x.describe(*this);
    text_.push_back('}');
  }
  template <class T>
  void optional_field(const char* name, const T& x) {
    field(name, x);
  }
  void reserved(std::size_t) {}
  void fixed_u32(std::uint32_t) {}
  void check(bool) {}
  void version_by_size(const char* name, const std::uint8_t& version, std::size_t, std::size_t) {
    field(name, version);
  }

  Region region() { return {}; }
  void offset8(Region&) {}
  void offset16(Region&) {}
  void offset32(Region&) {}
  void length16(Region&) {}
  void length32(Region&, std::uint32_t = 0) {}
  void count16(Region&) {}
  void count32(Region&) {}

  void data(const Region&, const char* name, const Bytes& x, std::size_t = 1) { buffer(name, x); }
  void optional_data(const Region&, const char* name, const Bytes& x, std::size_t) {
    buffer(name, x);
  }
  void name(const Region&, const char* field_name, const Bytes& x);
  void inline_data(const Region&, const char* name, const Bytes& x) { buffer(name, x); }
  void trailing_data(const char* name, const Bytes& x) { buffer(name, x); }

  template <class T>
  void list(const Region&, const char* name, const std::vector<T>& elements, std::size_t) {
    label(name);
    text_.push_back('[');
    for (const T& element : elements) field("", element);
    text_.push_back(']');
  }
  template <class T>
  void aligned_list_at(const Region& r, const char* name, const std::vector<T>& elements,
                       std::size_t limit, std::size_t) {
    list(r, name, elements, limit);
  }
  template <class T>
  void list_to_end(const char* name, const std::vector<T>& elements, std::size_t limit) {
    list(Region{}, name, elements, limit);
  }
  template <class T>
  void aligned_list_to_end(const char* name, const std::vector<T>& elements, std::size_t limit,
                           std::size_t) {
    list(Region{}, name, elements, limit);
  }

  /// For messages that print themselves.
  void text(const char* name, std::string_view value);
  void buffer(const char* name, const Bytes& x);

 private:
  void label(std::string_view name);
  void number(std::uint64_t value);
  void hex(Bytes octets);

  std::string text_;
  Detail detail_;
};

template <class T>
std::string print_described(const T& message, std::string_view type,
                            Printer::Detail detail = Printer::Detail::kLengths) {
  Printer printer(type, detail);
  message.describe(printer);
  return printer.take();
}

}  // namespace holdfast::wire

/// Defines what HF_WIRE_STRUCT or HF_WIRE_BODY declared, from describe().
#define HF_WIRE_IMPLEMENT(T)                                                                     \
  bool decode(::holdfast::Bytes message, T& out) {                                               \
    return ::holdfast::wire::decode_described(message, out);                                     \
  }                                                                                              \
  void encode(const T& message, ::holdfast::Writer& writer) {                                    \
    ::holdfast::wire::encode_described(message, writer);                                         \
  }                                                                                              \
  std::string print(const T& message) { return ::holdfast::wire::print_described(message, #T); } \
  static_assert(true)
