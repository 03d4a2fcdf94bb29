// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wire/fscc/constants.h"
#include "wire/fscc/directory_information.h"
#include "wire/fscc/ea.h"
#include "wire/fscc/notify.h"
#include "wire/fscc/quota.h"
#include "wire/fscc/reparse.h"

namespace holdfast::wire::fscc {
namespace {

ByteVec cut(Bytes octets, std::size_t n) { return to_vec(octets.first(n)); }

const FileInfoClass kDirectoryClasses[] = {FileInfoClass::kDirectory,
                                           FileInfoClass::kFullDirectory,
                                           FileInfoClass::kBothDirectory,
                                           FileInfoClass::kNames,
                                           FileInfoClass::kIdBothDirectory,
                                           FileInfoClass::kIdFullDirectory,
                                           FileInfoClass::kIdExtdDirectory,
                                           FileInfoClass::kId64ExtdDirectory,
                                           FileInfoClass::kId64ExtdBothDirectory,
                                           FileInfoClass::kIdAllExtdDirectory,
                                           FileInfoClass::kIdAllExtdBothDirectory,
                                           FileInfoClass::kPosix};

DirectoryEntry sample(std::string name) {
  DirectoryEntry x;
  x.creation_time.ticks = 0x0101010101010101;
  x.last_access_time.ticks = 0x0202020202020202;
  x.last_write_time.ticks = 0x0303030303030303;
  x.change_time.ticks = 0x0404040404040404;
  x.end_of_file = 0x0505050505050505;
  x.allocation_size = 0x0606060606060606;
  x.file_attributes = attributes::kArchive;
  x.ea_size = 0x07070707;
  x.file_id = 0x0808080808080808;
  x.file_id_128.fill(9);
  x.file_name = std::move(name);
  x.short_name = "AB~1.TXT";
  x.device_id = 1;
  x.hard_links = 2;
  x.mode = 0644;
  x.owner = Sid(5, {88, 1, 1000});
  x.group = Sid(5, {88, 2, 1000});
  return x;
}

TEST(Directory, OffsetsOfEachClass) {
  // FieldOffset(FileName) and, where it is, that of FileId, of MS-FSCC's C structures.
  struct Row {
    FileInfoClass info_class;
    std::size_t name_at, id_at, id_128_at, short_name_at;
  };
  const Row rows[] = {{FileInfoClass::kDirectory, 64, 0, 0, 0},
                      {FileInfoClass::kFullDirectory, 68, 0, 0, 0},
                      {FileInfoClass::kBothDirectory, 94, 0, 0, 70},
                      {FileInfoClass::kNames, 12, 0, 0, 0},
                      {FileInfoClass::kIdBothDirectory, 104, 96, 0, 70},
                      {FileInfoClass::kIdFullDirectory, 80, 72, 0, 0},
                      {FileInfoClass::kIdExtdDirectory, 88, 0, 72, 0},
                      {FileInfoClass::kId64ExtdDirectory, 80, 72, 0, 0},
                      {FileInfoClass::kId64ExtdBothDirectory, 106, 72, 0, 82},
                      {FileInfoClass::kIdAllExtdDirectory, 96, 72, 80, 0},
                      {FileInfoClass::kIdAllExtdBothDirectory, 122, 72, 80, 98}};
  for (const Row& row : rows) {
    Buffer b;
    DirectoryAppender appender(row.info_class, b, 4096);
    ASSERT_TRUE(appender.append(sample("Q")));
    SCOPED_TRACE(static_cast<int>(row.info_class));
    EXPECT_EQ(directory_entry_fixed_size(row.info_class), row.name_at);
    ASSERT_EQ(b.size(), row.name_at + 2);
    EXPECT_EQ(b.data()[row.name_at], 'Q');
    if (row.id_at) EXPECT_EQ(load_u64(b.data() + row.id_at), 0x0808080808080808u);
    if (row.id_128_at) EXPECT_EQ(load_u64(b.data() + row.id_128_at + 8), 0x0909090909090909u);
    if (row.short_name_at) {
      EXPECT_EQ(b.data()[row.short_name_at - 2], 16);
      EXPECT_EQ(load_u16(b.data() + row.short_name_at), 'A');
    }
    std::size_t length_at = row.info_class == FileInfoClass::kNames ? 8 : 60;
    EXPECT_EQ(load_u32(b.data() + length_at), 2u);
    if (row.name_at > 64) EXPECT_EQ(load_u32(b.data() + 64), 0x07070707u);
  }
}

TEST(Directory, AppleAttributesStandInThePlaceOfTheShortName) {
  DirectoryEntry x = sample("Q");
  AppleAttributes& told = x.apple.emplace();
  told.resource_fork_size = 0x1122334455667788;
  told.finder_info.fill(0xAB);
  told.mode = 0100644;
  Buffer b;
  DirectoryAppender appender(FileInfoClass::kIdBothDirectory, b, 4096);
  ASSERT_TRUE(appender.append(x));
  ASSERT_EQ(b.size(), 106u);
  EXPECT_EQ(b.data()[68], 24);
  EXPECT_EQ(load_u64(b.data() + 70), 0x1122334455667788u);
  EXPECT_EQ(b.data()[93], 0xAB);
  EXPECT_EQ(load_u16(b.data() + 94), 0100644);
  EXPECT_EQ(load_u64(b.data() + 96), 0x0808080808080808u);
  // No other class has room for them.
  Buffer other;
  DirectoryAppender both(FileInfoClass::kBothDirectory, other, 4096);
  ASSERT_TRUE(both.append(x));
  EXPECT_EQ(other.data()[68], 16);
}

TEST(Directory, RoundTripOfEachClass) {
  for (FileInfoClass c : kDirectoryClasses) {
    SCOPED_TRACE(static_cast<int>(c));
    ASSERT_TRUE(is_directory_class(c));
    Buffer b;
    b.append(as_bytes("head"));
    DirectoryAppender appender(c, b, 4096);
    for (const char* name : {"a", "\xC3\xA4\xE2\x82\xAC", "longer name.txt"})
      ASSERT_TRUE(appender.append(sample(name)));
    EXPECT_EQ(appender.count(), 3u);
    Bytes octets = b.view().subspan(4);
    Result<std::vector<DirectoryEntry>> back = decode_directory(c, octets);
    ASSERT_TRUE(back);
    ASSERT_EQ(back->size(), 3u);
    EXPECT_EQ((*back)[1].file_name, "\xC3\xA4\xE2\x82\xAC");
    if (c != FileInfoClass::kNames) EXPECT_EQ((*back)[2].end_of_file, 0x0505050505050505u);
    if (c == FileInfoClass::kPosix) EXPECT_EQ((*back)[2].group, Sid(5, {88, 2, 1000}));
    Buffer again;
    DirectoryAppender second(c, again, 4096);
    for (const DirectoryEntry& entry : *back) ASSERT_TRUE(second.append(entry));
    EXPECT_TRUE(equal(again.view(), octets));
    for (std::size_t n = 1; n < octets.size(); ++n)
      EXPECT_FALSE(decode_directory(c, cut(octets, n))) << n;
  }
}

TEST(Directory, EntriesAreAlignedAndFillExactly) {
  for (FileInfoClass c : kDirectoryClasses) {
    SCOPED_TRACE(static_cast<int>(c));
    Buffer whole;
    DirectoryAppender reference(c, whole, 100000);
    std::vector<std::size_t> ends;
    for (int i = 0; i < 6; ++i) {
      ASSERT_TRUE(reference.append(sample(std::string(static_cast<std::size_t>(i) + 1, 'n'))));
      ends.push_back(whole.size());
    }
    for (std::size_t maximum = 0; maximum <= whole.size(); ++maximum) {
      Buffer b;
      DirectoryAppender appender(c, b, maximum);
      std::size_t i = 0;
      while (i < 6 && appender.append(sample(std::string(i + 1, 'n')))) ++i;
      std::size_t expected = 0;
      while (expected < 6 && ends[expected] <= maximum) ++expected;
      ASSERT_EQ(i, expected) << maximum;
      EXPECT_EQ(b.size(), i == 0 ? 0 : ends[i - 1]);
      Result<std::vector<DirectoryEntry>> back = decode_directory(c, b.view());
      ASSERT_TRUE(back);
      EXPECT_EQ(back->size(), i);
    }
    for (std::size_t at = 0, next = 1; next != 0; at += next) {
      EXPECT_EQ(at % 8, 0u);
      next = load_u32(whole.data() + at);
    }
  }
}

TEST(Directory, FirstEntryThatDoesNotFitIsCut) {
  DirectoryEntry entry = sample("0123456789");
  Buffer b;
  DirectoryAppender small(FileInfoClass::kDirectory, b, 63);
  EXPECT_FALSE(small.append(entry));
  EXPECT_FALSE(small.append_truncated(entry));
  EXPECT_EQ(b.size(), 0u);
  DirectoryAppender medium(FileInfoClass::kDirectory, b, 70);
  EXPECT_FALSE(medium.append(entry));
  EXPECT_TRUE(medium.append_truncated(entry));
  EXPECT_EQ(b.size(), 70u);
  EXPECT_EQ(load_u32(b.data() + 60), 20u) << "the true length";
  EXPECT_FALSE(medium.append_truncated(entry));
}

TEST(Directory, ReparseTagStandsInForEaSize) {
  DirectoryEntry entry = sample("x");
  entry.file_attributes |= attributes::kReparsePoint;
  entry.reparse_tag = reparse_tag::kSymlink;
  Buffer b;
  DirectoryAppender plain(FileInfoClass::kFullDirectory, b, 4096);
  ASSERT_TRUE(plain.append(entry));
  EXPECT_EQ(load_u32(b.data() + 64), reparse_tag::kSymlink);
  Buffer e;
  DirectoryAppender extended(FileInfoClass::kIdExtdDirectory, e, 4096);
  ASSERT_TRUE(extended.append(entry));
  EXPECT_EQ(load_u32(e.data() + 64), 0x07070707u);
  EXPECT_EQ(load_u32(e.data() + 68), reparse_tag::kSymlink);
}

TEST(Directory, TooLongShortNameIsCut) {
  DirectoryEntry entry = sample("x");
  entry.short_name = "0123456789ABCDEF";
  Buffer b;
  DirectoryAppender appender(FileInfoClass::kIdBothDirectory, b, 4096);
  ASSERT_TRUE(appender.append(entry));
  EXPECT_EQ(b.data()[68], 24);
  EXPECT_EQ(b.size(), 106u);
}

TEST(Ea, RoundTripTruncationAndRoom) {
  std::vector<FullEa> eas = {
      {0, "ONE", {1, 2, 3}}, {kFileNeedEa, "TWO2", {}}, {0, "X", ByteVec(20, 5)}};
  Buffer b;
  Writer w(b);
  EXPECT_EQ(append_ea_list(eas, 0, 1000, w), 3u);
  // 8 + 4 + 3 -> 16; 8 + 5 -> 16; 8 + 2 + 20.
  ASSERT_EQ(b.size(), 62u);
  auto back = decode_ea_list(b.view());
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, eas);
  for (std::size_t n = 1; n < b.size(); ++n) {
    auto result = decode_ea_list(cut(b.view(), n));
    ASSERT_FALSE(result) << n;
    EXPECT_EQ(result.error().status, NtStatus::kEaListInconsistent);
  }
  EXPECT_TRUE(decode_ea_list({})->empty());
  for (std::size_t room = 0; room <= 62; ++room) {
    Buffer small;
    Writer sw(small);
    std::size_t written = append_ea_list(eas, 0, room, sw);
    EXPECT_EQ(written, room < 15 ? 0u : room < 29 ? 1u : room < 62 ? 2u : 3u) << room;
    EXPECT_LE(small.size(), room);
    EXPECT_EQ(decode_ea_list(small.view())->size(), written);
  }
  EXPECT_EQ(ea_size(eas), 4u + 11 + 9 + 26);
  EXPECT_EQ(ea_size({}), 0u);
}

TEST(Ea, ErrorsSayWhatAndWhere) {
  std::vector<FullEa> eas = {{0, "GOOD", {1}}, {0, "B*D", {1}}};
  Buffer b;
  Writer w(b);
  append_ea_list(eas, 0, 1000, w);
  auto result = decode_ea_list(b.view());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().status, NtStatus::kInvalidEaName);
  EXPECT_EQ(result.error().offset, 16u);
  for (std::uint32_t next : {1u, 4u, 15u, 18u, 31u, 32u, 0xFFFFFFFCu}) {
    Buffer changed = Buffer::copy_of(b.view());
    store_u32(changed.data(), next);
    EXPECT_EQ(decode_ea_list(changed.view()).error().status, NtStatus::kEaListInconsistent) << next;
  }
  EXPECT_EQ(decode_ea_list(ByteVec(65537)).error().status, NtStatus::kEaTooLarge);
  EXPECT_FALSE(is_valid_ea_name(""));
  EXPECT_FALSE(is_valid_ea_name(std::string(256, 'a')));
  EXPECT_TRUE(is_valid_ea_name(std::string(255, 'a')));
}

TEST(Ea, GetList) {
  Buffer b;
  Writer w(b);
  append_get_ea_list({"A", "LONGER"}, w);
  EXPECT_EQ(*decode_get_ea_list(b.view()), (std::vector<std::string>{"A", "LONGER"}));
  // The NUL at the very end may be missing.
  EXPECT_TRUE(decode_get_ea_list(cut(b.view(), b.size() - 1)));
  for (std::size_t n = 1; n + 1 < b.size(); ++n)
    EXPECT_FALSE(decode_get_ea_list(cut(b.view(), n))) << n;
}

TEST(Notify, AllOrNothing) {
  std::vector<NotifyInformation> changes = {{FileAction::kAdded, "a"},
                                            {FileAction::kRenamedNewName, "sub\\\xF0\x9F\x98\x80"}};
  Buffer b;
  Writer w(b);
  EXPECT_FALSE(append_notify_list(changes, 39, w));
  EXPECT_EQ(b.size(), 0u);
  EXPECT_TRUE(append_notify_list(changes, 40, w));
  EXPECT_EQ(b.size(), 40u);
  EXPECT_EQ(load_u32(b.data()), 16u);
  EXPECT_EQ(size_of(changes[0]), 14u);
  EXPECT_EQ(size_of(changes[1]), 24u);
  EXPECT_EQ(*decode_notify_list(b.view()), changes);
  for (std::size_t n = 1; n < b.size(); ++n)
    EXPECT_FALSE(decode_notify_list(cut(b.view(), n))) << n;
}

TEST(Quota, RoundTrip) {
  std::vector<QuotaInformation> quotas = {{NtTime{1}, 2, 3, 4, sids::kEveryone},
                                          {NtTime{1}, 2, 3, 4, Sid(5, {21, 1, 2, 3, 1000})}};
  Buffer b;
  Writer w(b);
  EXPECT_EQ(append_quota_list(quotas, 0, 123, w), 1u);
  b.clear();
  Writer w2(b);
  EXPECT_EQ(append_quota_list(quotas, 0, 124, w2), 2u);
  EXPECT_EQ(*decode_quota_list(b.view()), quotas);
  for (std::size_t n = 1; n < b.size(); ++n) EXPECT_FALSE(decode_quota_list(cut(b.view(), n))) << n;
}

TEST(Quota, Query) {
  // FILE_GET_QUOTA_INFORMATION of one SID, 12 octets.
  ByteVec octets = {1, 0, 0,  0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                    0, 0, 12, 0, 0,  0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
  Result<QueryQuotaInfo> x = decode_query_quota(octets);
  ASSERT_TRUE(x);
  EXPECT_TRUE(x->return_single);
  EXPECT_EQ(x->sids, std::vector<Sid>{sids::kEveryone});
  for (std::size_t n = 0; n < octets.size(); ++n) EXPECT_FALSE(decode_query_quota(cut(octets, n)));
  ByteVec start = {0, 1, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0,
                   0, 0, 1, 1, 0, 0, 0, 0, 0,  1, 0, 0, 0, 0};
  x = decode_query_quota(start);
  ASSERT_TRUE(x);
  EXPECT_EQ(x->start_sid, sids::kEveryone);
}

TEST(Reparse, SymlinkAndMountPoint) {
  SymbolicLinkReparse link{"..\\target", "target", SymbolicLinkReparse::kRelative};
  Buffer b;
  Writer w(b);
  append(to_reparse(link), w);
  EXPECT_EQ(load_u32(b.data()), reparse_tag::kSymlink);
  EXPECT_EQ(load_u16(b.data() + 4), b.size() - 8);
  Result<ReparseDataBuffer> back = decode_reparse(b.view());
  ASSERT_TRUE(back);
  EXPECT_EQ(*decode_symlink(*back), link);
  EXPECT_EQ(decode_mount_point(*back).error(), NtStatus::kIoReparseTagMismatch);
  for (std::size_t n = 0; n < b.size(); ++n)
    EXPECT_EQ(decode_reparse(cut(b.view(), n)).error(), NtStatus::kIoReparseDataInvalid) << n;
  for (std::size_t n = 0; n < back->data.size(); ++n) {
    ReparseDataBuffer broken = *back;
    broken.data.resize(n);
    EXPECT_EQ(decode_symlink(broken).error(), NtStatus::kIoReparseDataInvalid) << n;
  }
  MountPointReparse mount{"\\??\\C:\\x", "C:\\x"};
  EXPECT_EQ(*decode_mount_point(to_reparse(mount)), mount);
}

TEST(Reparse, RawAndForeignTags) {
  ReparseDataBuffer nfs{.reparse_tag = reparse_tag::kNfs, .data = {1, 2, 3, 4, 5, 6, 7, 8}};
  ReparseDataBuffer foreign{.reparse_tag = 0x00000123, .reparse_guid = Guid{{1}}, .data = {9}};
  for (const ReparseDataBuffer& x : {nfs, foreign}) {
    Buffer b;
    Writer w(b);
    append(x, w);
    EXPECT_EQ(*decode_reparse(b.view()), x);
  }
  EXPECT_EQ(decode_reparse(ByteVec(24)).error(), NtStatus::kIoReparseTagInvalid);
  EXPECT_EQ(decode_reparse(ByteVec(16385)).error(), NtStatus::kIoReparseDataInvalid);
}

}  // namespace
}  // namespace holdfast::wire::fscc
