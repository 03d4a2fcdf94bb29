// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <random>

#include "wire/codec.h"

namespace holdfast::wire::testing {

/// Fills described messages with random values: half of the integers from those that codecs branch
/// on. Reproducible from the seed. The buffers of a message live as long as the Generator.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  template <class T>
  T make() {
    T message;
    message.describe(*this);
    return message;
  }

  void structure_size(std::uint16_t, OddOctet = OddOctet::kWritten) {}
  template <WireInteger T>
  void field(const char*, T& x) {
    x = static_cast<T>(number());
  }
  template <std::size_t N>
  void field(const char*, std::array<std::uint8_t, N>& x) {
    for (std::uint8_t& octet : x) octet = static_cast<std::uint8_t>(random_());
  }
  void field(const char* name, Guid& x) { field(name, x.octets); }
  void field(const char* name, NtTime& x) { field(name, x.ticks); }
  void field(const char*, Sid& x) {
    x.count = static_cast<std::uint8_t>(below(Sid::kMaxSubAuthorities + 1));
    x.authority = random_() & 0xFFFF'FFFF'FFFF;
    for (std::size_t i = 0; i < x.count; ++i) x.sub[i] = static_cast<std::uint32_t>(random_());
  }
  template <Described<Generator> T>
  void field(const char*, T& x) {
    x.describe(*this);
  }
  template <class T>
  void optional_field(const char* name, T& x) {
    if (below(2) == 0) field(name, x);
  }
  void reserved(std::size_t) {}
  void fixed_u32(std::uint32_t) {}
  void check(bool) {}
  void version_by_size(const char*, std::uint8_t& version, std::size_t, std::size_t) {
    version = static_cast<std::uint8_t>(1 + below(2));
  }

  Region region() { return {}; }
  void offset8(Region&) {}
  void offset16(Region&) {}
  void offset32(Region&) {}
  void length16(Region&) {}
  void length32(Region&, std::uint32_t = 0) {}
  void count16(Region&) {}
  void count32(Region&) {}

  void data(const Region&, const char*, Bytes& x, std::size_t = 1) { x = octets(below(48)); }
  void optional_data(const Region& r, const char* name, Bytes& x, std::size_t) { data(r, name, x); }
  void name(const Region&, const char*, Bytes& x) { x = octets(2 * below(24)); }
  void inline_data(const Region& r, const char* name, Bytes& x) { data(r, name, x); }
  void trailing_data(const char*, Bytes& x) { x = octets(below(48)); }

  template <class T>
  void list(const Region&, const char*, std::vector<T>& elements, std::size_t limit) {
    fill(elements, below(std::min<std::size_t>(limit, 5) + 1));
  }
  template <class T>
  void aligned_list_at(const Region& r, const char* name, std::vector<T>& elements,
                       std::size_t limit, std::size_t) {
    list(r, name, elements, limit);
  }
  template <class T>
  void list_to_end(const char*, std::vector<T>& elements, std::size_t limit) {
    fill(elements, 1 + below(std::min<std::size_t>(limit, 5)));
  }
  template <class T>
  void aligned_list_to_end(const char* name, std::vector<T>& elements, std::size_t limit,
                           std::size_t) {
    list_to_end(name, elements, limit);
  }

  /// A number less than n.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  Bytes octets(std::size_t n) {
    if (below(4) == 0) n = 0;
    ByteVec& owned = arena_.emplace_back(n);
    for (std::uint8_t& octet : owned) octet = static_cast<std::uint8_t>(random_());
    return owned;
  }

 private:
  template <class T>
  void fill(std::vector<T>& elements, std::size_t n) {
    elements.resize(n);
    for (T& element : elements) field("", element);
  }
  std::uint64_t number() {
    static constexpr std::uint64_t kTelling[] = {0,  1,  2,      3,      4,      5,      6,
                                                 7,  8,  9,      10,     0x10,   0x40,   0x7F,
                                                 80, 88, 0x0202, 0x0210, 0x0300, 0x0302, 0x0311};
    return below(2) == 0 ? kTelling[below(std::size(kTelling))] : random_();
  }

  std::mt19937_64 random_;
  std::deque<ByteVec> arena_;
};

}  // namespace holdfast::wire::testing
