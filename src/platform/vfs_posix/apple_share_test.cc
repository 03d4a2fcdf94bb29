// SPDX-License-Identifier: Apache-2.0
// service/apple on files, and the octets that Samba and Netatalk find there.
#include <sys/xattr.h>

#include "core/apple/apple_double.h"
#include "platform/vfs_posix/test_share.h"
#include "service/apple/apple_vfs.h"

namespace holdfast::platform::posix {
namespace {

using service::AppleOptions;

class AppleShareTest : public ShareTest {
 protected:
  void SetUp() override {
    ShareTest::SetUp();
    plain_ = vfs_;
    wrap({});
  }
  void TearDown() override {
    plain_.reset();
    apple_.reset();
    ShareTest::TearDown();
  }
  void wrap(const AppleOptions& options) {
    apple_ = service::apple_vfs(plain_, options);
    vfs_ = apple_;
  }
  Result<ports::Opened> make_stream(std::string_view path, std::string stream) {
    ports::CreateHow how;
    how.stream = std::move(stream);
    return create(path, how);
  }
  std::string afp_info(std::string_view type_and_creator) {
    core::apple::AfpInfo info;
    std::copy(type_and_creator.begin(), type_and_creator.end(), info.finder_info.begin());
    auto octets = encode(info);
    return std::string(as_text(octets));
  }
  std::vector<std::string> stream_names(std::string_view path) {
    std::vector<std::string> out;
    auto opened = open(path);
    EXPECT_TRUE(opened);
    auto streams = wait(opened->file->streams(io()));
    EXPECT_TRUE(streams);
    for (auto& s : *streams) out.push_back(s.name);
    std::sort(out.begin(), out.end());
    return out;
  }
  std::vector<std::string> names_in(std::string_view path) {
    std::vector<std::string> out;
    auto directory = open(path);
    EXPECT_TRUE(directory);
    for (auto& e : list(*directory->file))
      if (e.name != "." && e.name != "..") out.push_back(e.name);
    std::sort(out.begin(), out.end());
    return out;
  }
  bool on_disk(const std::string& path) { return std::filesystem::exists(root_ / path); }

  using Names = std::vector<std::string>;
  std::shared_ptr<ports::Vfs> plain_;
  std::shared_ptr<service::AppleShare> apple_;
};

TEST_F(AppleShareTest, FinderInfoIsThereWhenItSaysSomething) {
  put("f");
  EXPECT_EQ(open_stream("f", "AFP_AfpInfo").error(), NtStatus::kObjectNameNotFound);
  auto info = make_stream("f", "AFP_AfpInfo");
  ASSERT_TRUE(info);
  EXPECT_EQ(read_all(*info->file)->size(), 60u);
  EXPECT_EQ(stream_names("f"), Names{""});
  EXPECT_EQ(write(*info->file, 0, "foo").error(), NtStatus::kInvalidParameter);
  ASSERT_TRUE(write(*info->file, 0, afp_info("SMB,OLE!")));
  EXPECT_EQ(stream_names("f"), (Names{"", "AFP_AfpInfo"}));
  EXPECT_EQ(read_all(*info->file)->substr(16, 8), "SMB,OLE!");
  EXPECT_EQ(wait(info->file->set_end_of_file(io(), 61)).error(), NtStatus::kAllottedSpaceExceeded);
  ASSERT_TRUE(wait(info->file->set_end_of_file(io(), 0)));
  ASSERT_TRUE(open_stream("f", "afp_afpinfo"));
  ASSERT_TRUE(write(*info->file, 0, afp_info("")));
  EXPECT_EQ(stream_names("f"), Names{""});
  EXPECT_EQ(open_stream("f", "AFP_AfpInfo").error(), NtStatus::kObjectNameNotFound);
  ASSERT_TRUE(write(*info->file, 0, afp_info("SMB,OLE!")));
  ASSERT_TRUE(wait(vfs_->remove(io(), *info->file)));
  EXPECT_EQ(stream_names("f"), Names{""});
}

TEST_F(AppleShareTest, FinderInfoGoesIntoNetatalksAttributeWhereThatIsAskedFor) {
  wrap({.netatalk_metadata = true});
  put("f");
  auto info = make_stream("f", "AFP_AfpInfo");
  ASSERT_TRUE(info);
  ASSERT_TRUE(write(*info->file, 0, afp_info("SMB,OLE!")));
  char value[1000];
  ssize_t size = ::getxattr((root_ / "f").c_str(), "user.org.netatalk.Metadata", value, 1000);
  ASSERT_EQ(size, 402);
  EXPECT_EQ(std::string(value + 122, 8), "SMB,OLE!");
  // It is no EA to clients, and is found whatever the share says.
  EXPECT_TRUE(wait(open("f")->file->eas(io()))->empty());
  wrap({});
  EXPECT_EQ(read_all(*open_stream("f", "AFP_AfpInfo")->file)->substr(16, 8), "SMB,OLE!");
}

TEST_F(AppleShareTest, ResourceForkIsAnAppleDoubleFileThatGoesWithItsFile) {
  std::filesystem::create_directory(root_ / "d");
  put("d/f", "data");
  EXPECT_EQ(open_stream("d/f", "AFP_Resource").error(), NtStatus::kObjectNameNotFound);
  auto fork = make_stream("d/f", "AFP_Resource");
  ASSERT_TRUE(fork);
  EXPECT_FALSE(on_disk("d/._f"));
  ASSERT_TRUE(write(*fork->file, 3, "fork"));
  EXPECT_EQ(wait(fork->file->info(io()))->end_of_file, 7u);
  std::string octets = get("d/._f");
  ASSERT_EQ(octets.size(), 89u);
  auto head = core::apple::decode_double_head(as_bytes(octets));
  ASSERT_TRUE(head && head->is_plain());
  EXPECT_EQ(head->resource_fork->length, 7u);
  EXPECT_EQ(octets.substr(85), "fork");
  EXPECT_EQ(names_in("d"), Names{"f"});
  EXPECT_EQ(stream_names("d/f"), (Names{"", "AFP_Resource"}));
  auto entry = wait(apple_->entry(io(), "d/f"));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->resource_fork_size, 7u);

  auto file = open("d/f");
  ASSERT_EQ(wait(vfs_->rename(io(), *file->file, "g", false)), "g");
  EXPECT_FALSE(on_disk("d/._f"));
  EXPECT_EQ(get("._g"), octets);
  ASSERT_TRUE(wait(vfs_->remove(io(), *file->file)));
  EXPECT_FALSE(on_disk("._g"));
}

TEST_F(AppleShareTest, ForkCutOffToNothingIsGoneAndCanBeWrittenAgain) {
  put("f");
  auto first = make_stream("f", "AFP_Resource");
  ASSERT_TRUE(write(*first->file, 0, "1234567890"));
  ASSERT_TRUE(wait(first->file->set_end_of_file(io(), 0)));
  EXPECT_EQ(open_stream("f", "AFP_Resource").error(), NtStatus::kObjectNameNotFound);
  auto second = make_stream("f", "AFP_Resource");
  ASSERT_TRUE(second);
  ASSERT_TRUE(write(*second->file, 0, "foo"));
  EXPECT_EQ(*read_all(*first->file), "foo");
  // Deleting it does nothing.
  ASSERT_TRUE(wait(vfs_->remove(io(), *second->file)));
  EXPECT_EQ(*read_all(*open_stream("f", "AFP_Resource")->file), "foo");
}

TEST_F(AppleShareTest, DoubleThatStandsAloneIsAFile) {
  put("._f", "text");
  EXPECT_EQ(names_in(""), Names{"._f"});
  put("f");
  EXPECT_EQ(names_in(""), (Names{"._f", "f"}));
  auto fork = make_stream("f", "AFP_Resource");
  ASSERT_TRUE(fork);
  // The name is taken: a small fork fits into a stream.
  ASSERT_TRUE(write(*fork->file, 0, "fork"));
  EXPECT_EQ(get("._f"), "text");
  EXPECT_EQ(*read_all(*open_stream("f", "AFP_Resource")->file), "fork");
}

/// As macOS writes it: Finder information, one attribute, and the fork behind.
std::string of_macos(std::string_view fork) {
  auto be = [](std::uint32_t v, int octets) {
    std::string out;
    for (int i = octets - 1; i >= 0; --i) out += static_cast<char>(v >> 8 * i);
    return out;
  };
  std::string entry = "TESTSLOW" + std::string(26, '\0') + "ATTR" + be(0, 4) + be(200, 4) +
                      be(140, 4) + be(3, 4) + std::string(12, '\0') + be(0, 2) + be(1, 2);
  entry += be(140, 4) + be(3, 4) + be(0, 2) + '\x08' + std::string("foo:bar\0", 8) + '\0' + "baz";
  auto end = static_cast<std::uint32_t>(50 + entry.size());
  return be(0x00051607, 4) + be(0x00020000, 4) + "Mac OS X        " + be(2, 2) + be(9, 4) +
         be(50, 4) + be(end - 50, 4) + be(2, 4) + be(end, 4) +
         be(static_cast<std::uint32_t>(fork.size()), 4) + entry + std::string(fork);
}

TEST_F(AppleShareTest, WhatMacosHasPutIntoADoubleIsTakenApart) {
  put("f");
  put("._f", of_macos("the fork"));
  EXPECT_EQ(stream_names("f"), (Names{"", "AFP_AfpInfo", "AFP_Resource",
                                      "foo\xEF\x80\xA2"
                                      "bar"}));
  EXPECT_EQ(*read_all(*open_stream("f",
                                   "foo\xEF\x80\xA2"
                                   "bar")
                           ->file),
            "baz");
  EXPECT_EQ(read_all(*open_stream("f", "AFP_AfpInfo")->file)->substr(16, 8), "TESTSLOW");
  EXPECT_EQ(*read_all(*open_stream("f", "AFP_Resource")->file), "the fork");
  EXPECT_EQ(get("._f").size(), 82u + 8u);
  EXPECT_FALSE(on_disk("._f.new"));
}

TEST_F(AppleShareTest, NothingIsTakenApartWhereNothingMayChange) {
  put("f");
  std::string octets = of_macos("the fork");
  put("._f", octets);
  wrap({.read_only = true});
  ports::OpenHow how;
  how.access = ports::DataAccess::kRead;
  how.stream = "AFP_Resource";
  EXPECT_EQ(*read_all(*open("f", how)->file), "the fork");
  EXPECT_EQ(get("._f"), octets);
}

TEST_F(AppleShareTest, TimeMachineImagesTakeTheirBands) {
  wrap({.time_machine_size = 32768});
  std::filesystem::create_directories(root_ / "m.sparsebundle/bands");
  put("m.sparsebundle/Info.plist", "<key>band-size</key><integer>8192</integer>");
  put("m.sparsebundle/bands/1");
  put("m.sparsebundle/bands/2");
  auto volume = wait(vfs_->volume_info(io()));
  ASSERT_TRUE(volume);
  EXPECT_EQ(volume->sectors_per_unit * volume->bytes_per_sector, 1024u);
  EXPECT_EQ(volume->total_units, 32u);
  EXPECT_EQ(volume->caller_free_units, 16u);
}

}  // namespace
}  // namespace holdfast::platform::posix
