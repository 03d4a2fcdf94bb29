// SPDX-License-Identifier: Apache-2.0
// Attributes, times, streams, EAs and security descriptors, and their octets on disk.
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>

#include "platform/vfs_posix/test_share.h"
#include "wire/dtyp/security_descriptor.h"
#include "wire/fscc/constants.h"
#include "wire/samba/dos_attrib.h"
#include "wire/samba/nt_acl.h"

namespace holdfast::platform::posix {
namespace {

namespace attr = wire::fscc::attributes;

class MetadataTest : public ShareTest {
 protected:
  std::optional<std::string> xattr(const std::string& path, const char* name) {
    char value[4096];
    ssize_t n = ::getxattr((root_ / path).c_str(), name, value, sizeof value);
    if (n < 0) return std::nullopt;
    return std::string(value, static_cast<std::size_t>(n));
  }
  void set_xattr(const std::string& path, const char* name, std::string_view value) {
    ASSERT_EQ(::setxattr((root_ / path).c_str(), name, value.data(), value.size(), 0), 0);
  }
  Result<void> set_attributes(ports::File& file, std::uint32_t attributes) {
    ports::SetBasic change;
    change.attributes = attributes;
    return wait(file.set_basic(io(), change));
  }
};

TEST_F(MetadataTest, AttributesArePersistentInSambasFormat) {
  ports::CreateHow how;
  how.attributes = attr::kArchive | attr::kHidden;
  auto made = create("file", how);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->info.attributes, attr::kArchive | attr::kHidden);
  auto stored = xattr("file", "user.DOSATTRIB");
  ASSERT_TRUE(stored);
  auto decoded = wire::samba::decode_dos_attrib(as_bytes(*stored));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->attributes, attr::kArchive | attr::kHidden);
  EXPECT_EQ(decoded->create_time, made->info.creation_time);

  ASSERT_TRUE(set_attributes(*made->file, attr::kReadOnly | attr::kSystem));
  EXPECT_EQ(open("file")->info.attributes, attr::kReadOnly | attr::kSystem);
  ASSERT_TRUE(set_attributes(*made->file, attr::kNormal));
  EXPECT_EQ(open("file")->info.attributes, attr::kNormal);
  // What the file is cannot be set.
  ASSERT_TRUE(set_attributes(*made->file, attr::kDirectory | attr::kCompressed | attr::kOffline));
  EXPECT_EQ(open("file")->info.attributes, attr::kOffline);
  auto dir = make_dir("dir");
  ASSERT_TRUE(set_attributes(*dir->file, attr::kHidden));
  EXPECT_EQ(open("dir")->info.attributes, attr::kHidden | attr::kDirectory);
}

TEST_F(MetadataTest, ReadsWhatSambaWrote) {
  put("old"), put("broken");
  // The oldest Samba wrote text.
  set_xattr("old", "user.DOSATTRIB", "0x22");
  EXPECT_EQ(open("old")->info.attributes, attr::kArchive | attr::kHidden);
  set_xattr("broken", "user.DOSATTRIB", "\x01\x02\x03");
  EXPECT_EQ(open("broken")->info.attributes, attr::kNormal);
}

TEST_F(MetadataTest, TimesAreSetAndKept) {
  auto made = create("file");
  EXPECT_GT(made->info.creation_time.unix_seconds(), 1'500'000'000);
  ports::SetBasic change;
  change.creation_time = NtTime::from_unix(1'000'000'000, 100);
  change.last_write_time = NtTime::from_unix(1'100'000'000, 200);
  ASSERT_TRUE(wait(made->file->set_basic(io(), change)));
  auto info = open("file")->info;
  EXPECT_EQ(info.creation_time, change.creation_time);
  EXPECT_EQ(info.last_write_time, change.last_write_time);
  EXPECT_EQ(info.last_access_time, made->info.last_access_time);
  EXPECT_EQ(info.attributes, attr::kNormal);
  ports::SetBasic access;
  access.last_access_time = NtTime::from_unix(1'200'000'000, 0);
  // A handle that is for looking only can do this too.
  ASSERT_TRUE(wait(open("file")->file->set_basic(io(), access)));
  info = open("file")->info;
  EXPECT_EQ(info.last_access_time, access.last_access_time);
  EXPECT_EQ(info.last_write_time, change.last_write_time);
}

TEST_F(MetadataTest, StreamsAreSambasExtendedAttributes) {
  ASSERT_TRUE(create("file"));
  ports::CreateHow how;
  how.stream = "Zone.Identifier";
  auto stream = create("file", how);
  ASSERT_TRUE(stream) << to_string(stream.error());
  EXPECT_FALSE(stream->file->is_directory());
  ASSERT_TRUE(write(*stream->file, 2, "abc"));
  EXPECT_EQ(xattr("file", "user.DosStream.Zone.Identifier:$DATA"), std::string("\0\0abc\0", 6));
  EXPECT_EQ(*read_all(*stream->file), std::string("\0\0abc", 5));
  EXPECT_EQ(stream->file->try_read(4, MutBytes())->value(), 0u);
  EXPECT_EQ(wait(stream->file->info(io()))->end_of_file, 5u);
  ASSERT_TRUE(wait(stream->file->set_end_of_file(io(), 1)));
  EXPECT_EQ(*read_all(*stream->file), std::string("\0", 1));
  EXPECT_EQ(create("file", how).error(), NtStatus::kObjectNameCollision);
  how.stream = "ZONE.identifier";
  EXPECT_EQ(create("file", how).error(), NtStatus::kObjectNameCollision);
  EXPECT_TRUE(open_stream("file", "zone.IDENTIFIER"));
  EXPECT_EQ(open_stream("file", "none").error(), NtStatus::kObjectNameNotFound);

  set_xattr("file", "user.DosStream.AFP:$DATA", std::string("xy\0", 3));
  auto streams = wait(stream->file->streams(io()));
  ASSERT_EQ(streams->size(), 3u);
  EXPECT_EQ(streams->at(0).name, "");
  std::sort(streams->begin(), streams->end(), [](auto& a, auto& b) { return a.name < b.name; });
  EXPECT_EQ(streams->at(1).name, "AFP");
  EXPECT_EQ(streams->at(1).size, 2u);

  ASSERT_TRUE(wait(vfs_->rename_stream(io(), *stream->file, "Renamed", false)));
  EXPECT_EQ(stream->file->stream(), "Renamed");
  EXPECT_EQ(wait(vfs_->rename_stream(io(), *stream->file, "afp", false)).error(),
            NtStatus::kObjectNameCollision);
  ASSERT_TRUE(wait(vfs_->rename_stream(io(), *stream->file, "RENAMED", false)));
  ASSERT_TRUE(wait(vfs_->rename_stream(io(), *stream->file, "afp", true)));
  EXPECT_EQ(wait(stream->file->streams(io()))->size(), 2u);
  ASSERT_EQ(wait(vfs_->remove_durably(io(), *stream->file)), true);
  EXPECT_TRUE(open("file"));
  EXPECT_EQ(wait(vfs_->remove(io(), *stream->file)).error(), NtStatus::kFileDeleted);
  EXPECT_EQ(write(*stream->file, 0, "x").error(), NtStatus::kFileDeleted);
}

TEST_F(MetadataTest, AStreamHasItsLimits) {
  ASSERT_TRUE(make_dir("dir"));
  ports::CreateHow how;
  how.stream = "s";
  auto stream = create("dir", how);
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->info.attributes, attr::kNormal);
  EXPECT_EQ(write(*stream->file, 1u << 20, "x").error(), NtStatus::kDiskFull);
  EXPECT_EQ(write(*stream->file, INT64_MAX, "x").error(), NtStatus::kInvalidParameter);
  EXPECT_EQ(wait(stream->file->set_end_of_file(io(), 1u << 20)).error(), NtStatus::kDiskFull);
  how.stream = std::string(240, 'x');
  EXPECT_EQ(create("dir", how).error(), NtStatus::kObjectNameInvalid);
  EXPECT_EQ(wait(open("dir")->file->streams(io()))->size(), 1u);
}

TEST_F(MetadataTest, EasAreUserAttributesWithoutTheInternalOnes) {
  ports::CreateHow how;
  how.attributes = attr::kHidden;
  how.eas = {{"First", 0, {1, 2, 3}}};
  auto made = create("file", how);
  ASSERT_TRUE(made);
  EXPECT_EQ(xattr("file", "user.First"), "\x01\x02\x03");
  // 4, then 5 + name + value of each.
  EXPECT_EQ(made->info.ea_size, 4u + 5 + 5 + 3);
  set_xattr("file", "user.DosStream.s:$DATA", std::string("\0", 1));
  ASSERT_TRUE(wait(made->file->set_eas(io(), {{"FIRST", 0, {9}}, {"second", 0, {7}}})));
  auto eas = wait(made->file->eas(io()));
  ASSERT_EQ(eas->size(), 2u);
  EXPECT_EQ(xattr("file", "user.First"), "\x09");
  ASSERT_TRUE(wait(made->file->set_eas(io(), {{"first", 0, {}}, {"none", 0, {}}})));
  EXPECT_EQ(xattr("file", "user.First"), std::nullopt);
  for (const char* hidden :
       {"DOSATTRIB", "DosStream.s:$DATA", "NTACL", "SmbReparse", "DosStream.x"})
    EXPECT_EQ(wait(made->file->set_eas(io(), {{hidden, 0, {1}}})).error(), NtStatus::kAccessDenied)
        << hidden;
  std::vector<ports::Ea> large = {{"large", 0, ByteVec(70'000)}};
  EXPECT_FALSE(wait(made->file->set_eas(io(), large)));
}

TEST_F(MetadataTest, OverwriteLeavesAFreshFile) {
  ports::CreateHow how;
  how.attributes = attr::kHidden;
  how.eas = {{"gone", 0, {1}}};
  auto made = create("file", how);
  ASSERT_TRUE(write(*made->file, 0, "content"));
  how.stream = "gone";
  ASSERT_TRUE(create("file", how));
  auto id = made->file->key();
  auto again = open_data("file");
  ports::CreateHow fresh;
  fresh.attributes = attr::kArchive;
  auto info = wait(vfs_->overwrite(io(), *again->file, fresh));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->key, id);
  EXPECT_EQ(info->end_of_file, 0u);
  EXPECT_EQ(info->attributes, attr::kArchive);
  EXPECT_EQ(info->ea_size, 0u);
  EXPECT_EQ(wait(again->file->streams(io()))->size(), 1u);
}

ByteVec descriptor(std::uint32_t rid) {
  wire::dtyp::SecurityDescriptor sd;
  sd.owner = sids::kUnixUsers.with(rid);
  sd.group = sids::kUnixGroups.with(rid);
  wire::dtyp::Acl dacl;
  dacl.aces.push_back({.mask = 0x1F01FF, .sid = sids::kEveryone, .application_data = {}});
  sd.set_dacl(dacl);
  return wire::dtyp::encode(sd);
}

TEST_F(MetadataTest, AFileMadeWithADescriptorIsFoundWhereverItIsMoved) {
  ports::CreateHow how;
  how.security = descriptor(1);
  auto made = create("made", how);
  ASSERT_TRUE(made);
  auto other = open("made");
  ASSERT_TRUE(other);
  ASSERT_TRUE(wait(vfs_->rename(io(), *other->file, "moved", false)));
  EXPECT_EQ(*wait(made->file->path(io())), "moved");
  std::filesystem::rename(root_ / "moved", root_ / "by another program");
  EXPECT_EQ(*wait(made->file->path(io())), "by another program");
  ASSERT_TRUE(wait(vfs_->remove(io(), *made->file)));
  EXPECT_FALSE(std::filesystem::exists(root_ / "by another program"));
}

TEST_F(MetadataTest, SecurityDescriptorsAreStoredAsSambaDoes) {
  ports::CreateHow how;
  how.security = descriptor(1);
  how.mode = 0640;
  auto made = create("file", how);
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(made->info.mode, 0640u);
  EXPECT_EQ(made->info.link_count, 1u);
  EXPECT_EQ(*wait(made->file->security(io())), how.security);
  bool as_root = ::geteuid() == 0 && xattr("file", "security.NTACL");
  auto stored = xattr("file", as_root ? "security.NTACL" : "user.NTACL");
  ASSERT_TRUE(stored);
  auto acl = wire::samba::decode_nt_acl(as_bytes(*stored));
  ASSERT_TRUE(acl);
  EXPECT_EQ(acl->version, 4);
  how.directory = true;
  auto dir = create("dir", how);
  ASSERT_TRUE(dir);
  EXPECT_EQ(dir->info.mode, 0640u);
  EXPECT_EQ(*wait(dir->file->security(io())), how.security);
  ASSERT_TRUE(wait(dir->file->set_security(io(), {descriptor(2), {}, {}, 0750})));
  EXPECT_EQ(*wait(dir->file->security(io())), descriptor(2));
  EXPECT_EQ(open("dir")->info.mode, 0750u);
  EXPECT_FALSE(wait(create("plain")->file->security(io()))->has_value());
  EXPECT_FALSE(wait(dir->file->set_security(io(), {ByteVec{1, 2, 3}, {}, {}, {}})));
  how.security = ByteVec{1, 2, 3};
  how.directory = false;
  EXPECT_FALSE(create("never", how));
  EXPECT_EQ(open("never").error(), NtStatus::kObjectNameNotFound);
}

TEST_F(MetadataTest, LinksShareTheFile) {
  auto file = create("a");
  ASSERT_TRUE(make_dir("d"));
  put("taken");
  ASSERT_TRUE(wait(vfs_->link(io(), *file->file, "D/b", false)));
  EXPECT_EQ(open("d/B")->file->key(), file->file->key());
  EXPECT_EQ(open("a")->info.link_count, 2u);
  EXPECT_EQ(wait(vfs_->link(io(), *file->file, "TAKEN", false)).error(),
            NtStatus::kObjectNameCollision);
  ASSERT_TRUE(wait(vfs_->link(io(), *file->file, "TAKEN", true)));
  EXPECT_TRUE(std::filesystem::exists(root_ / "TAKEN"));
  // Renaming one link of a file onto another leaves one.
  ASSERT_TRUE(wait(vfs_->rename(io(), *file->file, "taken", true)));
  EXPECT_FALSE(std::filesystem::exists(root_ / "a"));
  EXPECT_TRUE(std::filesystem::exists(root_ / "taken"));
  EXPECT_EQ(wait(vfs_->link(io(), *open("d")->file, "e", false)).error(),
            NtStatus::kFileIsADirectory);
}

TEST_F(MetadataTest, SpecialFilesAreSeenAndNotTouched) {
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(open("pipe"));
  EXPECT_EQ(open_data("pipe").error(), NtStatus::kAccessDenied);
  EXPECT_TRUE(wait(vfs_->remove(io(), *open("pipe")->file)));
}

TEST_F(MetadataTest, MappedNamesReachTheirFiles) {
  put("what: is this?");
  put("trailing.");
  put("\xE4.txt");
  auto entries = list(*open("")->file);
  ASSERT_EQ(entries.size(), 5u);
  for (auto& e : entries) {
    if (e.name.starts_with(".")) continue;
    auto opened = open(e.name);
    ASSERT_TRUE(opened) << e.name;
    EXPECT_EQ(opened->info.key, e.info.key);
    EXPECT_EQ(wait(open("")->file->find_entry(io(), e.name))->info.key, e.info.key);
  }
  EXPECT_EQ(open("what: is this?").error(), NtStatus::kObjectNameInvalid);
}

}  // namespace
}  // namespace holdfast::platform::posix
