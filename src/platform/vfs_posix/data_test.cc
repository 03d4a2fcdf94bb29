// SPDX-License-Identifier: Apache-2.0
// Octets of files: limits, holes, copies.
#include "platform/loop/pool_file_io.h"
#include "platform/vfs_posix/test_share.h"
#include "wire/fscc/constants.h"

namespace holdfast::platform::posix {
namespace {

using ports::DataAccess;
using ports::Range;

class InlineFileIo final : public FileIoProvider {
 public:
  explicit InlineFileIo(ports::Executor& loop) : io_(loop) {}
  FileIo& file_io(unsigned) override { return io_; }

 private:
  PoolFileIo io_;
};

/// Once with the loop's FileIo and once without.
class DataTest : public ShareTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    ShareTest::SetUp();
    PosixVfsOptions options;
    if (GetParam()) options.file_io = &file_io_;
    open_share(options);
  }
  InlineFileIo file_io_{loop_};
};
INSTANTIATE_TEST_SUITE_P(FileIo, DataTest, ::testing::Bool());

TEST_P(DataTest, WritesLargeAndThrough) {
  auto file = create("f");
  std::string big(300'000, 'x');
  ASSERT_TRUE(write(*file->file, 10, big));
  ASSERT_TRUE(wait(file->file->write(io(), 0, as_bytes("0123456789"), true)));
  ASSERT_TRUE(wait(file->file->flush(io())));
  ASSERT_TRUE(wait(open("f")->file->flush(io())));
  EXPECT_EQ(*read_all(*file->file), "0123456789" + big);
  ByteVec out(20);
  auto now = file->file->try_read(5, out);
  if (now) {
    ASSERT_TRUE(*now);
    EXPECT_EQ(as_text(Bytes(out)), "56789xxxxxxxxxxxxxxx");
  }
  EXPECT_EQ(*wait(file->file->read(io(), 300'005, out)), 5u);
  EXPECT_EQ(*wait(file->file->read(io(), 300'010, out)), 0u);
  EXPECT_EQ(*wait(file->file->read(io(), 900'010, out)), 0u);
}

TEST_P(DataTest, OffsetsAtTheEndOfAllNumbers) {
  auto file = create("f");
  ByteVec out(16);
  EXPECT_EQ(*wait(file->file->read(io(), INT64_MAX, out)), 0u);
  EXPECT_EQ(*wait(file->file->read(io(), INT64_MAX - 3, out)), 0u);
  for (std::uint64_t offset : {std::uint64_t{1} << 63, UINT64_MAX}) {
    EXPECT_EQ(wait(file->file->read(io(), offset, out)).error(), NtStatus::kInvalidParameter);
    EXPECT_EQ(file->file->try_read(offset, out)->error(), NtStatus::kInvalidParameter);
    EXPECT_EQ(write(*file->file, offset, "x").error(), NtStatus::kInvalidParameter);
    EXPECT_EQ(wait(file->file->set_end_of_file(io(), offset)).error(), NtStatus::kInvalidParameter);
    EXPECT_EQ(wait(file->file->zero_range(io(), {offset, 1})).error(), NtStatus::kInvalidParameter);
  }
  EXPECT_EQ(write(*file->file, INT64_MAX, "x").error(), NtStatus::kInvalidParameter);
  EXPECT_EQ(write(*file->file, INT64_MAX - 8, "x").error(), NtStatus::kDiskFull);
  EXPECT_EQ(wait(file->file->info(io()))->end_of_file, 0u);
}

TEST_P(DataTest, AccessIsWhatWasAskedFor) {
  ASSERT_TRUE(create("f"));
  ByteVec out(4);
  auto reader = open_data("f", DataAccess::kRead), writer = open_data("f", DataAccess::kWrite);
  auto looker = open("f");
  EXPECT_EQ(write(*reader->file, 0, "x").error(), NtStatus::kAccessDenied);
  EXPECT_EQ(wait(writer->file->read(io(), 0, out)).error(), NtStatus::kAccessDenied);
  EXPECT_EQ(writer->file->try_read(0, out)->error(), NtStatus::kAccessDenied);
  EXPECT_EQ(wait(looker->file->read(io(), 0, out)).error(), NtStatus::kAccessDenied);
  EXPECT_TRUE(write(*writer->file, 0, "x"));
  ASSERT_TRUE(make_dir("d"));
  EXPECT_EQ(wait(open_data("d")->file->read(io(), 0, out)).error(),
            NtStatus::kInvalidDeviceRequest);
}

TEST_P(DataTest, SizesAndSpace) {
  auto file = create("f");
  ASSERT_TRUE(wait(file->file->set_allocation(io(), 1 << 20)));
  auto info = wait(file->file->info(io()));
  EXPECT_GE(info->allocation_size, 1u << 20);
  EXPECT_EQ(info->end_of_file, 0u);
  ASSERT_TRUE(write(*file->file, 0, "0123456789"));
  ASSERT_TRUE(wait(file->file->set_allocation(io(), 4)));
  EXPECT_EQ(*read_all(*file->file), "0123");
  ASSERT_TRUE(wait(file->file->set_end_of_file(io(), 8)));
  EXPECT_EQ(*read_all(*file->file), std::string("0123\0\0\0\0", 8));
  // A handle that cannot write data itself may be allowed to resize all the same.
  ASSERT_TRUE(wait(open("f")->file->set_end_of_file(io(), 2)));
  EXPECT_EQ(get("f"), "01");
  ports::CreateHow how;
  how.allocation_size = 1 << 16;
  EXPECT_GE(create("g", how)->info.allocation_size, 1u << 16);
}

TEST_P(DataTest, HolesAndZeros) {
  auto file = create("f");
  constexpr std::uint64_t kMiB = 1 << 20;
  ASSERT_TRUE(write(*file->file, 0, std::string(kMiB, 'a')));
  ASSERT_TRUE(wait(file->file->flush(io())));
  EXPECT_EQ(wait(file->file->allocated_ranges(io(), {0, kMiB}, 10))->size(), 1u);
  ASSERT_TRUE(wait(file->file->zero_range(io(), {100, 50})));
  EXPECT_EQ(get("f").substr(99, 52), "a" + std::string(50, '\0') + "a");
  ASSERT_TRUE(wait(file->file->set_sparse(io(), true)));
  EXPECT_NE(wait(file->file->info(io()))->attributes & wire::fscc::attributes::kSparseFile, 0u);
  ASSERT_TRUE(wait(file->file->zero_range(io(), {kMiB / 4, kMiB / 2})));
  auto ranges = wait(file->file->allocated_ranges(io(), {0, 4 * kMiB}, 10));
  ASSERT_EQ(ranges->size(), 2u);
  EXPECT_EQ(ranges->at(0).offset, 0u);
  EXPECT_EQ(ranges->at(0).length, kMiB / 4);
  EXPECT_EQ(ranges->at(1).offset, kMiB * 3 / 4);
  auto limited = wait(file->file->allocated_ranges(io(), {0, 4 * kMiB}, 1));
  ASSERT_EQ(limited->size(), 2u);
  EXPECT_EQ(limited->at(1).length, 0u);
  EXPECT_EQ(wait(file->file->info(io()))->end_of_file, kMiB);
  ASSERT_TRUE(wait(file->file->zero_range(io(), {0, 100 * kMiB})));
  EXPECT_EQ(wait(file->file->info(io()))->end_of_file, kMiB);
  ASSERT_TRUE(wait(file->file->set_sparse(io(), false)));
  EXPECT_EQ(wait(file->file->info(io()))->attributes, wire::fscc::attributes::kNormal);
}

// MS-FSA 2.1.5.10.22: who knows of no holes has none.
TEST_P(DataTest, AFileThatIsNotSparseIsAllocatedToItsEnd) {
  auto file = create("f");
  constexpr std::uint64_t kMiB = 1 << 20;
  ASSERT_TRUE(wait(file->file->set_end_of_file(io(), kMiB)));
  auto ranges = wait(file->file->allocated_ranges(io(), {kMiB / 2, kMiB}, 10));
  ASSERT_EQ(ranges->size(), 1u);
  EXPECT_EQ(ranges->at(0).offset, kMiB / 2);
  EXPECT_EQ(ranges->at(0).length, kMiB / 2);
  EXPECT_TRUE(wait(file->file->allocated_ranges(io(), {kMiB, 1}, 10))->empty());
  ASSERT_TRUE(wait(file->file->set_sparse(io(), true)));
  EXPECT_TRUE(wait(file->file->allocated_ranges(io(), {0, kMiB}, 10))->empty());
  ASSERT_TRUE(wait(file->file->set_sparse(io(), false)));
  EXPECT_GE(wait(file->file->info(io()))->allocation_size, kMiB);
}

TEST_P(DataTest, TrimTakesWholeBlocksOnly) {
  auto file = create("f");
  std::string text(64 << 10, 'a');
  ASSERT_TRUE(write(*file->file, 0, text));
  ASSERT_TRUE(wait(file->file->flush(io())));
  ASSERT_TRUE(wait(file->file->trim_range(io(), {100, 4000})));
  EXPECT_EQ(get("f"), text);
  ASSERT_TRUE(wait(file->file->trim_range(io(), {0, 1 << 20})));
  EXPECT_EQ(wait(file->file->info(io()))->end_of_file, text.size());
  if (wait(vfs_->volume_info(io()))->trims)
    EXPECT_EQ(wait(file->file->info(io()))->allocation_size, 0u);
  EXPECT_EQ(wait(open_data("f", DataAccess::kRead)->file->trim_range(io(), {0, 1})).error(),
            NtStatus::kAccessDenied);
}

TEST_P(DataTest, OverlappingCopiesAreAsThroughABuffer) {
  auto file = create("f");
  std::string text;
  for (int i = 0; i < 600'000; ++i) text += static_cast<char>('a' + i % 23);
  ASSERT_TRUE(write(*file->file, 0, text));
  EXPECT_EQ(*wait(file->file->copy_from(io(), *file->file, 0, 8, 600'000)), 600'000u);
  EXPECT_EQ(get("f"), text.substr(0, 8) + text);
}

TEST_P(DataTest, CompressionIsTheFileSystemsOrNotSupported) {
  auto file = create("f");
  namespace attr = wire::fscc::attributes;
  auto set = wait(file->file->set_compression(io(), true));
  auto compressed = wait(file->file->info(io()))->attributes & attr::kCompressed;
  if (set) {
    EXPECT_NE(compressed, 0u);
    ASSERT_TRUE(wait(file->file->set_compression(io(), false)));
    EXPECT_EQ(wait(file->file->info(io()))->attributes & attr::kCompressed, 0u);
  } else {
    EXPECT_EQ(set.error(), NtStatus::kNotSupported);
    EXPECT_EQ(compressed, 0u);
  }
}

TEST_P(DataTest, Copies) {
  auto a = create("a"), b = create("b");
  std::string text(700'000, 'q');
  text += "end";
  ASSERT_TRUE(write(*a->file, 0, text));
  EXPECT_EQ(*wait(b->file->copy_from(io(), *a->file, 0, 5, text.size())), text.size());
  EXPECT_EQ(get("b"), std::string(5, '\0') + text);
  // Less than asked at the end of the source.
  EXPECT_EQ(*wait(b->file->copy_from(io(), *a->file, 700'000, 0, 100)), 3u);
  EXPECT_EQ(wait(open("b")->file->copy_from(io(), *a->file, 0, 0, 1)).error(),
            NtStatus::kAccessDenied);
  ports::CreateHow how;
  how.stream = "s";
  auto stream = create("b", how);
  EXPECT_EQ(*wait(stream->file->copy_from(io(), *a->file, 700'000, 0, 3)), 3u);
  EXPECT_EQ(*read_all(*stream->file), "end");
  EXPECT_EQ(*wait(b->file->copy_from(io(), *stream->file, 0, 0, 3)), 3u);
  EXPECT_EQ(get("b").substr(0, 3), "end");
  auto cloned = wait(b->file->clone_from(io(), *a->file, 0, 0, 4096));
  if (!cloned) {
    EXPECT_EQ(cloned.error(), NtStatus::kInvalidDeviceRequest);
    return;
  }
  EXPECT_EQ(wait(b->file->clone_from(io(), *a->file, 1, 0, 4096)).error(),
            NtStatus::kInvalidParameter);
  // The target does not grow.
  auto c = create("c");
  ASSERT_TRUE(wait(c->file->clone_from(io(), *a->file, 0, 0, 1 << 20)));
  EXPECT_EQ(get("c"), "");
  ASSERT_TRUE(wait(c->file->set_end_of_file(io(), 5'000)));
  ASSERT_TRUE(wait(c->file->clone_from(io(), *a->file, 0, 0, 1 << 20)));
  EXPECT_EQ(get("c"), get("a").substr(0, 5'000));
}

TEST_P(DataTest, ALargeRemovedFileIsFreedWhenItIsClosed) {
  auto file = create("large");
  ASSERT_TRUE(wait(file->file->set_end_of_file(io(), 64 << 20)));
  ASSERT_TRUE(write(*file->file, 0, "x"));
  ASSERT_TRUE(wait(vfs_->remove(io(), *file->file)));
  EXPECT_EQ(wait(file->file->info(io()))->link_count, 0u);
  auto open_large = [&] {
    int count = 0;
    for (auto& fd : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      count += std::filesystem::read_symlink(fd, gone).string().ends_with("large (deleted)");
    }
    return count;
  };
  EXPECT_EQ(open_large(), 1);
  file->file.reset();
  // Waits for the closing thread.
  vfs_.reset();
  EXPECT_EQ(open_large(), 0);
}

}  // namespace
}  // namespace holdfast::platform::posix
