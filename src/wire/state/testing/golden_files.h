// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/buffer.h"
#include "base/guid.h"

/// For the tests of what is stored: golden files keep what each version wrote.
namespace holdfast::wire::state {

/// 16 octets that count up from `first`.
inline Guid guid(std::uint8_t first) {
  Guid g;
  for (std::size_t i = 0; i < 16; ++i) g.octets[i] = static_cast<std::uint8_t>(first + i);
  return g;
}

template <class T>
ByteVec encoded(const T& value) {
  Buffer out;
  Writer writer(out);
  encode(value, writer);
  return to_vec(out.view());
}

/// As golden files have it: 32 octets a line.
inline std::string hex_lines(Bytes octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    text += kDigits[octets[i] >> 4];
    text += kDigits[octets[i] & 15];
    if (i % 32 == 31 || i + 1 == octets.size()) text += '\n';
  }
  return text;
}

/// The octets of golden/NAME.hex.
inline ByteVec golden(const std::string& name) {
  std::ifstream file(std::string(HF_GOLDEN) + "/" + name + ".hex");
  EXPECT_TRUE(file.good()) << name;
  ByteVec octets;
  for (std::string line; std::getline(file, line);)
    for (std::size_t i = 0; i + 1 < line.size(); i += 2)
      octets.push_back(static_cast<std::uint8_t>(std::stoul(line.substr(i, 2), nullptr, 16)));
  return octets;
}

/// Today's writer writes what the file has (as long as its version is today's), and today's reader
/// reads it as `value`. With HF_WRITE_GOLDEN in the environment a file that is missing is made.
template <class T>
void check_golden(const std::string& name, const T& value) {
  const std::string path = std::string(HF_GOLDEN) + "/" + name + ".hex";
  if (std::getenv("HF_WRITE_GOLDEN") != nullptr && !std::ifstream(path).good())
    std::ofstream(path) << hex_lines(encoded(value));
  const ByteVec octets = golden(name);
  T read;
  ASSERT_TRUE(decode(octets, read)) << name;
  EXPECT_EQ(print(read), print(value)) << name;
  EXPECT_EQ(encoded(read), octets) << name;
  EXPECT_EQ(encoded(value), octets) << name;
}

}  // namespace holdfast::wire::state
