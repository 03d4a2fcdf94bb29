// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/utf16.h"
#include "wire/fscc/constants.h"
#include "wire/fscc/file_information.h"
#include "wire/fscc/fs_information.h"
#include "wire/fscc/fsctl.h"
#include "wire/fscc/info_class.h"

namespace holdfast::wire::fscc {
namespace {

ByteVec from_hex(std::string_view text) {
  ByteVec out;
  int half = -1;
  for (char c : text) {
    if (c == ' ') continue;
    int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (half >= 0) out.push_back(static_cast<std::uint8_t>(half << 4 | digit));
    half = half >= 0 ? -1 : digit;
  }
  return out;
}

template <class T>
ByteVec octets_of(const T& x) {
  Buffer b;
  Writer w(b);
  append(x, w);
  return to_vec(b.view());
}

ByteVec cut(const ByteVec& octets, std::size_t n) {
  return {octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(n)};
}

/// Each field gets octets that differ from all others.
struct Fill {
  std::uint8_t next = 1;
  std::uint64_t number(std::size_t octets) {
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < octets; ++i) v |= std::uint64_t{next++} << (8 * i);
    return v;
  }
  template <class T>
  void operator()(T& v) {
    if constexpr (std::is_same_v<T, bool>)
      v = true;
    else if constexpr (std::is_integral_v<T>)
      v = static_cast<T>(number(sizeof(T)));
    else if constexpr (std::is_same_v<T, NtTime>)
      v.ticks = number(8);
    else if constexpr (std::is_same_v<T, Guid>)
      for (auto& o : v.octets) o = next++;
    else
      for (auto& o : v) o = next++;
  }
  void reserved(std::size_t) {}
};

template <class T>
class FixedStructure : public testing::Test {};
using FixedStructures = testing::Types<
    BasicInformation, StandardInformation, InternalInformation, EaInformation, AccessInformation,
    PositionInformation, ModeInformation, AlignmentInformation, CompressionInformation,
    NetworkOpenInformation, AttributeTagInformation, IdInformation, StandardLinkInformation,
    ReparsePointInformation, PipeInformation, PipeLocalInformation, PipeRemoteInformation,
    DispositionInformation, DispositionInformationEx, AllocationInformation, EndOfFileInformation,
    ValidDataLengthInformation, CaseSensitiveInformation, FsSizeInformation, FsDeviceInformation,
    FsControlInformation, FsFullSizeInformation, FsObjectIdInformation, FsSectorSizeInformation,
    FsPosixInformation, AllocatedRange, ZeroDataInformation, CompressionState, DuplicateExtentsData,
    DuplicateExtentsDataEx, FileRegionInput, FileRegionInfo, FileLevelTrimOutput, ObjectIdBuffer,
    GetIntegrityInformation, SetIntegrityInformation, NtfsVolumeData>;
TYPED_TEST_SUITE(FixedStructure, FixedStructures);

TYPED_TEST(FixedStructure, RoundTripAndEveryTruncation) {
  TypeParam x{};
  Fill fill;
  x.fields(fill);
  ByteVec octets = octets_of(x);
  EXPECT_EQ(octets.size(), size_of<TypeParam>());
  TypeParam back{};
  ASSERT_TRUE(decode(octets, back));
  EXPECT_EQ(back, x);
  for (std::size_t n = 0; n < octets.size(); ++n) {
    Result<void> result = decode(cut(octets, n), back);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), NtStatus::kInfoLengthMismatch);
  }
  octets.push_back(0xFF);
  EXPECT_TRUE(decode(octets, back)) << "a longer buffer is allowed";
}

TEST(FixedStructure, SizesAreThoseOfTheTable) {
  auto size = [](FileInfoClass c) {
    const InfoClassRow* row = file_info_row(static_cast<std::uint8_t>(c));
    return row->query ? row->query_minimum : row->set_minimum;
  };
  EXPECT_EQ(size(FileInfoClass::kBasic), size_of<BasicInformation>());
  EXPECT_EQ(size(FileInfoClass::kStandard), size_of<StandardInformation>());
  EXPECT_EQ(size(FileInfoClass::kInternal), size_of<InternalInformation>());
  EXPECT_EQ(size(FileInfoClass::kEa), size_of<EaInformation>());
  EXPECT_EQ(size(FileInfoClass::kAccess), size_of<AccessInformation>());
  EXPECT_EQ(size(FileInfoClass::kPosition), size_of<PositionInformation>());
  EXPECT_EQ(size(FileInfoClass::kMode), size_of<ModeInformation>());
  EXPECT_EQ(size(FileInfoClass::kAlignment), size_of<AlignmentInformation>());
  EXPECT_EQ(size(FileInfoClass::kCompression), size_of<CompressionInformation>());
  EXPECT_EQ(size(FileInfoClass::kNetworkOpen), size_of<NetworkOpenInformation>());
  EXPECT_EQ(size(FileInfoClass::kAttributeTag), size_of<AttributeTagInformation>());
  EXPECT_EQ(size(FileInfoClass::kId), size_of<IdInformation>());
  EXPECT_EQ(size(FileInfoClass::kPipe), size_of<PipeInformation>());
  EXPECT_EQ(size(FileInfoClass::kPipeLocal), size_of<PipeLocalInformation>());
  EXPECT_EQ(size(FileInfoClass::kPipeRemote), size_of<PipeRemoteInformation>());
  EXPECT_EQ(size(FileInfoClass::kDisposition), size_of<DispositionInformation>());
  EXPECT_EQ(size(FileInfoClass::kDispositionEx), size_of<DispositionInformationEx>());
  EXPECT_EQ(size(FileInfoClass::kAllocation), size_of<AllocationInformation>());
  EXPECT_EQ(size(FileInfoClass::kEndOfFile), size_of<EndOfFileInformation>());
  EXPECT_EQ(size(FileInfoClass::kValidDataLength), size_of<ValidDataLengthInformation>());
  EXPECT_EQ(size(FileInfoClass::kCaseSensitive), size_of<CaseSensitiveInformation>());
  auto fs_size = [](FsInfoClass c) {
    return fs_info_row(static_cast<std::uint8_t>(c))->query_minimum;
  };
  EXPECT_EQ(fs_size(FsInfoClass::kSize), size_of<FsSizeInformation>());
  EXPECT_EQ(fs_size(FsInfoClass::kDevice), size_of<FsDeviceInformation>());
  EXPECT_EQ(fs_size(FsInfoClass::kControl), size_of<FsControlInformation>());
  EXPECT_EQ(fs_size(FsInfoClass::kFullSize), size_of<FsFullSizeInformation>());
  EXPECT_EQ(fs_size(FsInfoClass::kObjectId), size_of<FsObjectIdInformation>());
  EXPECT_EQ(fs_size(FsInfoClass::kSectorSize), size_of<FsSectorSizeInformation>());
  EXPECT_EQ(fs_size(FsInfoClass::kPosix), size_of<FsPosixInformation>());
  EXPECT_EQ(size_of<DuplicateExtentsDataEx>(), 56u);
  EXPECT_EQ(size_of<NtfsVolumeData>(), 96u);
}

TEST(InfoClassTable, KnowsWhatIsAllowed) {
  EXPECT_EQ(file_info_row(0), nullptr);
  EXPECT_EQ(file_info_row(30), nullptr);
  EXPECT_EQ(file_info_row(255), nullptr);
  EXPECT_EQ(fs_info_row(0), nullptr);
  const InfoClassRow* basic = file_info_row(4);
  ASSERT_NE(basic, nullptr);
  EXPECT_TRUE(basic->query && basic->set && basic->fixed);
  EXPECT_EQ(basic->query_access, 0x80u);
  EXPECT_EQ(basic->set_access, 0x100u);
  EXPECT_FALSE(file_info_row(9)->query) << "FileNameInformation is local";
  EXPECT_FALSE(file_info_row(10)->query);
  EXPECT_TRUE(file_info_row(10)->set);
  EXPECT_EQ(file_info_row(10)->set_access, 0x10000u);
  EXPECT_TRUE(fs_info_row(6)->set);
  for (int c = 0; c < 256; ++c) {
    const InfoClassRow* row = file_info_row(static_cast<std::uint8_t>(c));
    if (row == nullptr) continue;
    EXPECT_EQ(row->info_class, c);
    EXPECT_EQ(row->query, row->query_minimum != 0) << row->name;
    EXPECT_EQ(row->set, row->set_minimum != 0) << row->name;
  }
}

TEST(InfoClassTable, SaysWhyAClassIsRefused) {
  EXPECT_EQ(query_file_status(4), NtStatus::kSuccess);
  EXPECT_EQ(query_file_status(37), NtStatus::kNotSupported) << "a directory class";
  EXPECT_EQ(query_file_status(9), NtStatus::kNotSupported);
  EXPECT_EQ(query_file_status(200), NtStatus::kInvalidInfoClass);
  EXPECT_EQ(set_file_status(10), NtStatus::kSuccess);
  EXPECT_EQ(set_file_status(5), NtStatus::kInvalidInfoClass);
  EXPECT_EQ(set_file_status(32), NtStatus::kNotSupported);
  EXPECT_EQ(query_fs_status(5), NtStatus::kSuccess);
  EXPECT_EQ(query_fs_status(9), NtStatus::kNotSupported);
  EXPECT_EQ(set_fs_status(6), NtStatus::kSuccess);
  EXPECT_EQ(set_fs_status(3), NtStatus::kInvalidInfoClass);
  EXPECT_EQ(set_fs_status(2), NtStatus::kNotSupported);
}

TEST(FileInformation, GoldenBasic) {
  BasicInformation x{NtTime{1}, NtTime{2}, NtTime{3}, NtTime{4}, 0x21};
  EXPECT_EQ(octets_of(x), from_hex("0100000000000000 0200000000000000 0300000000000000"
                                   "0400000000000000 21000000 00000000"));
}

TEST(FileInformation, GoldenAll) {
  AllInformation x;
  x.basic.file_attributes = 0x20;
  x.standard = {0x1000, 5, 1, false, false};
  x.internal.index_number = 0x77;
  x.ea.ea_size = 9;
  x.access.access_flags = 0x1f01ff;
  x.position.current_byte_offset = 3;
  x.mode.mode = 2;
  x.alignment.alignment_requirement = 1;
  x.name.file_name = "\\a\xC3\xA4";
  ByteVec octets = octets_of(x);
  EXPECT_EQ(octets, from_hex("0000000000000000 0000000000000000 0000000000000000 0000000000000000"
                             "20000000 00000000"
                             "0010000000000000 0500000000000000 01000000 00 00 0000"
                             "7700000000000000 09000000 ff011f00 0300000000000000 02000000 01000000"
                             "06000000 5c006100e400"));
  AllInformation back;
  ASSERT_TRUE(decode(octets, back));
  EXPECT_EQ(back, x);
  for (std::size_t n = 0; n < octets.size(); ++n) EXPECT_FALSE(decode(cut(octets, n), back));
}

TEST(FileInformation, Rename) {
  ByteVec name = to_utf16le("b.txt");
  RenameInformation x;
  x.flags = RenameInformation::kReplaceIfExists;
  x.file_name = name;
  ByteVec octets = octets_of(x);
  EXPECT_EQ(octets, from_hex("01000000 00000000 0000000000000000 0a000000 62002e00740078007400"));
  RenameInformation back;
  ASSERT_TRUE(decode(octets, back));
  EXPECT_TRUE(back.replace_if_exists());
  EXPECT_TRUE(equal(back.file_name, name));
  for (std::size_t n = 0; n < octets.size(); ++n)
    EXPECT_EQ(decode(cut(octets, n), back).error(), NtStatus::kInfoLengthMismatch);
  octets[16] = 9;
  EXPECT_EQ(decode(octets, back).error(), NtStatus::kInvalidParameter);
  octets[16] = 10;
  octets[0] = 0x42;
  ASSERT_TRUE(decode_ex(octets, back));
  EXPECT_EQ(back.flags, 0x42u);
  ASSERT_TRUE(decode(octets, back));
  EXPECT_EQ(back.flags, 1u);
}

TEST(FileInformation, StreamsWriteWholeEntriesOnly) {
  std::vector<StreamInformation> streams = {{5, 4096, "::$DATA"}, {6, 4096, ":x:$DATA"}};
  Buffer b;
  b.append(as_bytes("xyz"));
  Writer w(b);
  EXPECT_TRUE(append(streams, 1000, w));
  // 24 + 14 octets, 2 of padding, 24 + 16.
  EXPECT_EQ(w.position(), 80u);
  Bytes all = b.view().subspan(3);
  EXPECT_EQ(load_u32(all.data()), 40u);
  EXPECT_EQ(load_u32(all.data() + 40), 0u);
  std::vector<StreamInformation> back;
  ASSERT_TRUE(decode(all, back));
  EXPECT_EQ(back, streams);
  for (std::size_t room = 0; room < 80; ++room) {
    Buffer small;
    Writer sw(small);
    EXPECT_FALSE(append(streams, room, sw));
    EXPECT_EQ(small.size(), room < 38 ? 0u : 38u) << room;
    if (room >= 38) EXPECT_EQ(load_u32(small.data()), 0u);
  }
  Buffer none;
  Writer nw(none);
  EXPECT_TRUE(append(std::vector<StreamInformation>{}, 0, nw));
  EXPECT_EQ(none.size(), 0u);
}

TEST(FileInformation, Posix) {
  PosixInformation x{.end_of_file = 1,
                     .inode = 7,
                     .hard_links = 2,
                     .mode = 0644,
                     .owner = Sid(5, {88, 1, 1000}),
                     .group = sids::kEveryone};
  ByteVec octets = octets_of(x);
  EXPECT_EQ(octets.size(), 80u + 20 + 12);
  EXPECT_EQ(load_u64(octets.data() + 52), 7u);
  EXPECT_EQ(load_u32(octets.data() + 76), 0644u);
  PosixInformation back;
  ASSERT_TRUE(decode(octets, back));
  EXPECT_EQ(back, x);
  for (std::size_t n = 0; n < octets.size(); ++n) EXPECT_FALSE(decode(cut(octets, n), back));
}

TEST(FileInformation, FitCuts) {
  Buffer b;
  b.append(as_bytes("abcdef"));
  EXPECT_EQ(fit(b, 2, 4), NtStatus::kSuccess);
  EXPECT_EQ(fit(b, 2, 3), NtStatus::kBufferOverflow);
  EXPECT_EQ(as_text(b.view()), "abcde");
}

TEST(FsInformation, GoldenVolumeAndAttribute) {
  FsVolumeInformation volume{NtTime{0x11}, 0xAABBCCDD, false, "Hi"};
  EXPECT_EQ(octets_of(volume), from_hex("1100000000000000 ddccbbaa 04000000 00 00 48006900"));
  FsAttributeInformation attribute{0x4F, 255, "NTFS"};
  EXPECT_EQ(octets_of(attribute), from_hex("4f000000 ff000000 08000000 4e00540046005300"));
  FsVolumeInformation volume_back;
  ASSERT_TRUE(decode(octets_of(volume), volume_back));
  EXPECT_EQ(volume_back, volume);
  FsAttributeInformation attribute_back;
  ASSERT_TRUE(decode(octets_of(attribute), attribute_back));
  EXPECT_EQ(attribute_back, attribute);
  FsLabelInformation label{"x"}, label_back;
  ASSERT_TRUE(decode(octets_of(label), label_back));
  EXPECT_EQ(label_back, label);
  FsDriverPathInformation driver{true, "x"}, driver_back;
  ASSERT_TRUE(decode(octets_of(driver), driver_back));
  EXPECT_EQ(driver_back, driver);
  for (std::size_t n = 0; n < octets_of(volume).size(); ++n)
    EXPECT_FALSE(decode(cut(octets_of(volume), n), volume_back));
}

TEST(Fsctl, RangesAndTrim) {
  std::vector<AllocatedRange> ranges = {{0, 4096}, {8192, 4096}}, back;
  Buffer b;
  Writer w(b);
  EXPECT_FALSE(append(ranges, 31, w));
  EXPECT_EQ(b.size(), 16u);
  b.clear();
  Writer w2(b);
  EXPECT_TRUE(append(ranges, 32, w2));
  ASSERT_TRUE(decode(b.view(), back));
  EXPECT_EQ(back, ranges);
  EXPECT_FALSE(decode(b.view().first(17), back));

  FileLevelTrim trim{.key = 3, .ranges = ranges}, trim_back;
  ByteVec octets = octets_of(trim);
  ASSERT_TRUE(decode(octets, trim_back));
  EXPECT_EQ(trim_back, trim);
  for (std::size_t n = 0; n < octets.size(); ++n) EXPECT_FALSE(decode(cut(octets, n), trim_back));
  store_u32(octets.data() + 4, 0xFFFFFFFF);
  EXPECT_EQ(decode(octets, trim_back).error(), NtStatus::kInvalidParameter);

  EXPECT_EQ(decode_set_sparse({}), true);
  EXPECT_EQ(decode_set_sparse(ByteVec{0}), false);
  ZeroDataInformation zero;
  EXPECT_EQ(decode_fsctl(ByteVec(15), zero).error(), NtStatus::kInvalidParameter);
}

TEST(Fsctl, Regions) {
  std::vector<FileRegionInfo> regions = {{0, 10}, {20, 30}};
  Buffer b;
  Writer w(b);
  EXPECT_FALSE(append_file_regions(regions, 15, w));
  EXPECT_EQ(b.size(), 0u);
  EXPECT_FALSE(append_file_regions(regions, 16 + 47, w));
  EXPECT_EQ(b.size(), 40u);
  EXPECT_EQ(load_u32(b.data() + 4), 2u);
  EXPECT_EQ(load_u32(b.data() + 8), 1u);
  b.clear();
  Writer w2(b);
  EXPECT_TRUE(append_file_regions(regions, 64, w2));
  EXPECT_EQ(b.size(), 64u);
}

}  // namespace
}  // namespace holdfast::wire::fscc
