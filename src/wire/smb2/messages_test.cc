// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wire/printer.h"
#include "wire/smb2/smb1_negotiate.h"
#include "wire/smb2/testing/all_messages.h"
#include "wire/testing/generator.h"

/// Properties of every described message: what is encoded decodes to the same, and no truncation or
/// mutation makes a decoder read past the end (the sanitizers say so).
namespace holdfast::wire::smb2 {
namespace {

using testing::encoded;
using wire::testing::Generator;

constexpr std::uint64_t kSeeds = 200;

template <class T>
std::string all_of(const T& message) {
  return print_described(message, "", Printer::Detail::kOctets);
}

template <class List, class Check>
void for_each_message(Check check) {
  List::for_each([&]<class T>() {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      Generator generator(seed);
      const T message = generator.make<T>();
      SCOPED_TRACE(print(message) + " seed " + std::to_string(seed));
      check(message, generator);
      if (::testing::Test::HasFailure()) return;
    }
  });
}

struct Check {
  template <class T>
  void round_trip(const T& message) {
    const ByteVec octets = encoded(message);
    T decoded;
    ASSERT_TRUE(decode(octets, decoded));
    EXPECT_EQ(all_of(decoded), all_of(message));
    EXPECT_EQ(encoded(decoded), octets);
    EXPECT_FALSE(print(decoded).empty());
  }

  /// Each prefix is a heap block of its own, so that an octet too far is found.
  template <class T>
  void truncations(const T& message) {
    const ByteVec octets = encoded(message);
    for (std::size_t size = 0; size < octets.size(); ++size) {
      const ByteVec cut(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
      T decoded;
      if (decode(cut, decoded)) EXPECT_FALSE(all_of(decoded).empty());
    }
  }

  template <class T>
  void mutations(const T& message, Generator& generator) {
    for (int i = 0; i < 8; ++i) {
      ByteVec octets = encoded(message);
      const std::size_t begin = wire_begin(&message);
      for (std::size_t n = generator.below(4); octets.size() > begin && n <= 4; ++n)
        octets[begin + generator.below(octets.size() - begin)] =
            static_cast<std::uint8_t>(generator.below(256));
      T decoded;
      if (!decode(octets, decoded)) continue;
      // What decodes can be encoded and means the same then.
      const ByteVec again = encoded(decoded);
      T twice;
      ASSERT_TRUE(decode(again, twice));
      EXPECT_EQ(all_of(twice), all_of(decoded));
    }
  }
};

TEST(Messages, RoundTrip) {
  auto check = [](const auto& message, Generator&) { Check{}.round_trip(message); };
  for_each_message<testing::Requests>(check);
  for_each_message<testing::Responses>(check);
  for_each_message<testing::Structures>(check);
}

TEST(Messages, TruncationsStayInside) {
  auto check = [](const auto& message, Generator&) { Check{}.truncations(message); };
  for_each_message<testing::Requests>(check);
  for_each_message<testing::Responses>(check);
  for_each_message<testing::Structures>(check);
}

TEST(Messages, MutationsThatDecodeEncodeToTheSame) {
  auto check = [](const auto& message, Generator& g) { Check{}.mutations(message, g); };
  for_each_message<testing::Requests>(check);
  for_each_message<testing::Responses>(check);
  for_each_message<testing::Structures>(check);
}

TEST(Messages, AnotherStructureSizeDoesNotDecode) {
  auto refuse = []<class T>() {
    Generator generator(1);
    ByteVec octets = encoded(generator.make<T>());
    octets[kHeaderSize] ^= 1;
    T decoded;
    EXPECT_FALSE(decode(octets, decoded)) << print(decoded);
  };
  testing::Requests::for_each(refuse);
  testing::Responses::for_each(refuse);
}

/// The fixed part is StructureSize octets without the odd one, and all of it must be there.
/// Requests without a buffer are sent with the odd octet.
TEST(Messages, FixedPartIsRequiredTheOddOctetIsNot) {
  auto check = []<class T>(bool odd_octet) {
    const T message{};
    ByteVec octets = encoded(message);
    const std::size_t structure_size = load_u16(octets.data() + kHeaderSize);
    // LOCK counts one element, which the default has not; the notification does not count its type.
    if (structure_size == 48 || std::is_same_v<T, ServerToClientNotification>) return;
    const std::size_t fixed = kHeaderSize + (structure_size & ~std::size_t{1});
    if (odd_octet) EXPECT_EQ(octets.size(), kHeaderSize + structure_size) << print(message);
    T decoded;
    octets.resize(fixed);
    EXPECT_TRUE(decode(octets, decoded)) << print(message);
    octets.pop_back();
    EXPECT_FALSE(decode(octets, decoded)) << print(message);
  };
  testing::Requests::for_each([&]<class T>() { check.operator()<T>(true); });
  testing::Responses::for_each([&]<class T>() { check.operator()<T>(false); });
}

TEST(Messages, FixedPartsEqualTheWholeWithoutItsBuffer) {
  const ByteVec data(100, 0xAA);
  auto run = [&]<class T>(T message, Bytes T::* buffer) {
    T whole_message = message;
    whole_message.*buffer = data;
    Buffer out;
    Writer writer(out);
    writer.zeros(kHeaderSize);
    encode_fixed(message, 100, writer);
    writer.bytes(data);
    EXPECT_EQ(to_vec(out.view()), encoded(whole_message)) << print(message);
  };
  run(ReadResponse{}, &ReadResponse::data);
  run(WriteRequest{}, &WriteRequest::data);
  run(IoctlResponse{}, &IoctlResponse::output);
  run(QueryDirectoryResponse{}, &QueryDirectoryResponse::output_buffer);
  run(QueryInfoResponse{}, &QueryInfoResponse::output_buffer);
}

TEST(Smb1Negotiate, RoundTripAndTruncation) {
  Smb1NegotiateRequest request;
  request.mid = 7;
  request.dialects = {"NT LM 0.12", "SMB 2.002", "SMB 2.???"};
  const ByteVec octets = encoded(request);
  Smb1NegotiateRequest decoded;
  ASSERT_TRUE(decode(octets, decoded));
  EXPECT_EQ(decoded.mid, 7);
  EXPECT_EQ(decoded.dialects, request.dialects);
  EXPECT_TRUE(decoded.offers_smb_2_002());
  EXPECT_TRUE(decoded.offers_smb_2_wildcard());
  EXPECT_FALSE(decoded.offers("SMB 2"));
  for (std::size_t size = 0; size < octets.size(); ++size)
    EXPECT_FALSE(
        decode(ByteVec(octets.begin(), octets.begin() + static_cast<long>(size)), decoded));
}

TEST(Smb1Negotiate, OtherCommandsAndOpenStringsDoNotDecode) {
  Smb1NegotiateRequest request;
  request.dialects = {"SMB 2.002"};
  ByteVec octets = encoded(request);
  Smb1NegotiateRequest decoded;
  octets.back() = 'x';  // no zero behind the string
  EXPECT_FALSE(decode(octets, decoded));
  octets.back() = 0;
  EXPECT_TRUE(decode(octets, decoded));
  octets[4] = 0x73;  // SESSION_SETUP_ANDX
  EXPECT_FALSE(decode(octets, decoded));
}

TEST(Symlink, RoundTripAndTruncation) {
  const ByteVec target = {'a', 0, '\\', 0, 'b', 0};
  const ByteVec shown = {'c', 0};
  SymbolicLinkErrorResponse link;
  link.unparsed_path_length = 6;
  link.flags = SymbolicLinkErrorResponse::kFlagRelative;
  link.substitute_name = target;
  link.print_name = shown;
  const ByteVec octets = encoded(link);
  SymbolicLinkErrorResponse decoded;
  ASSERT_TRUE(decode(octets, decoded));
  EXPECT_EQ(to_vec(decoded.substitute_name), target);
  EXPECT_EQ(to_vec(decoded.print_name), shown);
  EXPECT_EQ(decoded.unparsed_path_length, 6);
  EXPECT_EQ(decoded.flags, SymbolicLinkErrorResponse::kFlagRelative);
  for (std::size_t size = 0; size < octets.size(); ++size)
    EXPECT_FALSE(
        decode(ByteVec(octets.begin(), octets.begin() + static_cast<long>(size)), decoded));
}

TEST(NetworkInterfaces, RoundTripAndTruncation) {
  NetworkInterfaceInfoList list;
  NetworkInterfaceInfo v4{.if_index = 2, .capability = 1, .link_speed = 10'000'000'000};
  v4.address = {192, 0, 2, 1};
  NetworkInterfaceInfo v6{.if_index = 3, .family = NetworkInterfaceInfo::kFamilyInet6};
  v6.address = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  list.interfaces = {v4, v6};
  const ByteVec octets = encoded(list);
  EXPECT_EQ(octets.size(), 304u);
  NetworkInterfaceInfoList decoded;
  ASSERT_TRUE(decode(octets, decoded));
  ASSERT_EQ(decoded.interfaces.size(), 2u);
  EXPECT_EQ(decoded.interfaces[0].link_speed, v4.link_speed);
  EXPECT_EQ(decoded.interfaces[0].address, v4.address);
  EXPECT_EQ(decoded.interfaces[1].address, v6.address);
  EXPECT_EQ(decoded.interfaces[1].if_index, 3u);
  for (std::size_t size = 1; size < octets.size(); ++size)
    EXPECT_FALSE(
        decode(ByteVec(octets.begin(), octets.begin() + static_cast<long>(size)), decoded));
}

}  // namespace
}  // namespace holdfast::wire::smb2
