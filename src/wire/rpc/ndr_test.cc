// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc/ndr.h"

#include <gtest/gtest.h>

#include "wire/rpc/srvs.h"
#include "wire/rpc/wkst.h"

namespace holdfast::wire::rpc {
namespace {

/// A stub in a heap block of exactly its size, so that AddressSanitizer sees every octet too many.
class Stub {
 public:
  explicit Stub(Bytes octets) : octets_(octets.begin(), octets.end()) { octets_.shrink_to_fit(); }
  NdrReader reader() const { return NdrReader(octets_); }

 private:
  ByteVec octets_;
};

template <class T>
ByteVec fixed_of(const T& value) {
  Buffer out(64);
  NdrWriter w(out);
  write_structure(w, value);
  return to_vec(out);
}

/// Equal when both encode to the same octets.
template <class T>
void expect_round_trip(const T& value) {
  const ByteVec octets = fixed_of(value);
  Stub stub(octets);
  NdrReader r = stub.reader();
  T copy;
  read_structure(r, copy);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.remaining(), 0u);
  EXPECT_EQ(fixed_of(copy), octets);
  for (std::size_t cut = 0; cut < octets.size(); ++cut) {
    Stub shorter(Bytes(octets).first(cut));
    NdrReader s = shorter.reader();
    T ignored;
    read_structure(s, ignored);
    EXPECT_FALSE(s.ok()) << "cut to " << cut;
  }
}

TEST(Ndr, AlignsEveryIntegerToItsSize) {
  Buffer out(64);
  NdrWriter w(out);
  w.u8(1);
  w.u16(2);
  w.u8(3);
  w.u32(4);
  w.u8(5);
  w.u64(6);
  const ByteVec expected{1, 0, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(to_vec(out), expected);
  NdrReader r(expected);
  EXPECT_EQ(r.u8(), 1);
  EXPECT_EQ(r.u16(), 2);
  EXPECT_EQ(r.u8(), 3);
  EXPECT_EQ(r.u32(), 4u);
  EXPECT_EQ(r.u8(), 5);
  EXPECT_EQ(r.u64(), 6u);
  EXPECT_TRUE(r.ok());
}

// C706 14.3.4.1: maximum, offset and actual count, then the units with the NUL.
TEST(Ndr, WideStringsAreConformantVaryingAndEndWithNul) {
  Buffer out(64);
  NdrWriter w(out);
  w.unique_wide_string("a\u00DF");
  EXPECT_EQ(to_vec(out),
            (ByteVec{0, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 'a', 0, 0xDF, 0, 0, 0}));
  NdrReader r(out.view());
  EXPECT_EQ(r.unique_wide_string(), "a\u00DF");
  EXPECT_EQ(NdrReader(as_bytes(std::string_view("\0\0\0\0", 4))).unique_wide_string(),
            std::nullopt);
}

TEST(Ndr, StringsThatLieAreRefused) {
  const ByteVec good{3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 'a', 0, 'b', 0, 0, 0};
  auto accepts = [](ByteVec octets) {
    NdrReader r(octets);
    (void)r.wide_string();
    return r.ok();
  };
  EXPECT_TRUE(accepts(good));
  ByteVec bad = good;
  bad[4] = 1;  // an offset
  EXPECT_FALSE(accepts(bad));
  bad = good;
  bad[0] = 2;  // a maximum below the actual count
  EXPECT_FALSE(accepts(bad));
  bad = good;
  bad[16] = 'c';  // no NUL at the end
  EXPECT_FALSE(accepts(bad));
  bad = good;
  bad[0] = bad[8] = 0xFF;
  bad[3] = bad[11] = 0x7F;  // more than there is
  EXPECT_FALSE(accepts(bad));
  EXPECT_FALSE(accepts({good.begin(), good.end() - 1}));
}

TEST(Ndr, AStringEndsAtItsFirstNul) {
  const ByteVec octets{3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 'a', 0, 0, 0, 0, 0};
  NdrReader r(octets);
  EXPECT_EQ(r.wide_string(), "a");
  EXPECT_TRUE(r.ok());
}

TEST(Ndr, ArraysThatCannotFitAreRefusedBeforeTheyCost) {
  ByteVec octets{0xFF, 0xFF, 0, 0, 1, 2, 3, 4};
  NdrReader r(octets);
  EXPECT_TRUE(read_array<srvs::ShareInfo1>(r).empty());
  EXPECT_FALSE(r.ok());
}

TEST(Ndr, FullPointersAreSeenOnce) {
  Buffer out(64);
  NdrWriter w(out);
  for (std::uint32_t id : {7u, 0u, 8u, 7u}) w.u32(id);
  NdrReader r(out.view());
  std::uint32_t id = 0;
  EXPECT_EQ(r.full(id), NdrReader::Full::kNew);
  EXPECT_EQ(r.full(id), NdrReader::Full::kNull);
  EXPECT_EQ(r.full(id), NdrReader::Full::kNew);
  EXPECT_EQ(r.full(id), NdrReader::Full::kSeen);
  EXPECT_EQ(id, 7u);
}

// Two entries of level 1: both fixed parts, then the four strings (C706 14.3.12.3).
TEST(Ndr, ReferentsStandBehindTheArray) {
  Buffer out(64);
  NdrWriter w(out);
  write_array(w, std::vector<srvs::ShareInfo1>{{"d", 0, "x"}, {"I", 0x80000003, ""}});
  const ByteVec expected{2, 0, 0, 0,                                            // count
                         0, 0, 2, 0, 0, 0, 0, 0,    4,  0, 2, 0,                // first entry
                         8, 0, 2, 0, 3, 0, 0, 0x80, 12, 0, 2, 0,                // second entry
                         2, 0, 0, 0, 0, 0, 0, 0,    2,  0, 0, 0, 'd', 0, 0, 0,  // "d"
                         2, 0, 0, 0, 0, 0, 0, 0,    2,  0, 0, 0, 'x', 0, 0, 0,  // "x"
                         2, 0, 0, 0, 0, 0, 0, 0,    2,  0, 0, 0, 'I', 0, 0, 0,  // "I"
                         1, 0, 0, 0, 0, 0, 0, 0,    1,  0, 0, 0, 0,   0};       // ""
  EXPECT_EQ(to_vec(out), expected);
  NdrReader r(expected);
  auto shares = read_array<srvs::ShareInfo1>(r);
  ASSERT_EQ(shares.size(), 2u);
  EXPECT_EQ(shares[1].netname, "I");
  EXPECT_EQ(shares[1].type, 0x80000003u);
  EXPECT_EQ(shares[1].remark, "");
}

TEST(Ndr, StructuresMakeTheRoundTrip) {
  srvs::ShareInfo2 two{"data", 0, "Remark", 1, 2, 3, "C:\\srv\\data", std::nullopt};
  expect_round_trip(srvs::ShareInfo0{"x"});
  expect_round_trip(srvs::ShareInfo1{"x", 3, std::nullopt});
  expect_round_trip(two);
  expect_round_trip(srvs::ShareInfo501{"x", 0, "r", 0x30});
  expect_round_trip(srvs::ShareInfo502{two, 3, ByteVec{1, 2, 3}});
  expect_round_trip(srvs::ShareInfo503{two, "*", 0, std::nullopt});
  srvs::ServerInfo101 server{500, "HOLDFAST", 10, 0, 0x9003, "comment"};
  expect_round_trip(server);
  expect_round_trip(srvs::ServerInfo102{server, 1, 2, 3, 4, 5, 6, "C:\\"});
  srvs::SessionInfo1 session{"\\\\192.0.2.1", "anna", 1, 2, 3, 1};
  expect_round_trip(srvs::SessionInfo502{{session, "SMB 3.1.1"}, "TCP"});
  expect_round_trip(srvs::SessionInfo10{"\\\\192.0.2.1", "anna", 2, 3});
  expect_round_trip(srvs::FileInfo3{1, 3, 2, "C:\\srv\\a", "anna"});
  expect_round_trip(srvs::ConnectionInfo1{1, 0, 2, 1, 60, "anna", "data"});
  expect_round_trip(srvs::ServerTransportInfo0{1, "t", ByteVec{1, 2, 3}, 3, "n"});
  expect_round_trip(srvs::TimeOfDay{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  wkst::WkstaInfo101 station{{500, "HOLDFAST", "WORKGROUP", 10, 0}, ""};
  expect_round_trip(wkst::WkstaInfo102{station, 4});
  expect_round_trip(wkst::WkstaInfo502{{1, 2, 3}});
  expect_round_trip(wkst::UseInfo0{"S:", "\\\\server\\share"});
  expect_round_trip(wkst::WkstaUserInfo1{"a", "b", "c", std::nullopt});
  expect_round_trip(wkst::WkstaTransportInfo0{1, 2, "t", "a", 1});
}

TEST(Envelopes, AnEnumerationMakesTheRoundTrip) {
  EnumResponse<srvs::ShareInfo1> answer{1, {{"a", 0, "b"}, {"c", 3, std::nullopt}}, 5, 2, 234};
  Buffer out(64);
  NdrWriter w(out);
  write_enum_response(w, answer);
  NdrReader r(out.view());
  auto copy = read_enum_response<srvs::ShareInfo1>(r);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.remaining(), 0u);
  ASSERT_EQ(copy.entries.size(), 2u);
  EXPECT_EQ(copy.entries[1].netname, "c");
  EXPECT_EQ(copy.total_entries, 5u);
  EXPECT_EQ(copy.resume_handle, 2u);
  EXPECT_EQ(copy.status, 234u);
}

TEST(Envelopes, ARequestWithEntriesIsRefused) {
  Buffer out(64);
  NdrWriter w(out);
  for (std::uint32_t v : {1u, 1u, 4u, 1u, 8u, 1u, 0u, 0u, 0u, 0u, 0u}) w.u32(v);
  NdrReader r(out.view());
  (void)read_enum_request(r, [](std::uint32_t) { return true; });
  EXPECT_FALSE(r.ok());
}

}  // namespace
}  // namespace holdfast::wire::rpc
