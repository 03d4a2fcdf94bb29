// SPDX-License-Identifier: Apache-2.0
// Ways out of the share, and links inside it.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "platform/vfs_posix/test_share.h"
#include "wire/fscc/constants.h"
#include "wire/fscc/reparse.h"

namespace holdfast::platform::posix {
namespace {

namespace attr = wire::fscc::attributes;
using wire::fscc::reparse_tag::kSymlink;

class BeneathTest : public ShareTest {
 protected:
  void SetUp() override {
    ShareTest::SetUp();
    std::filesystem::create_directories(base_ / "outside/sub");
    std::ofstream(base_ / "outside/secret") << "secret";
    std::ofstream(base_ / "outside/sub/secret") << "secret";
  }
  void link(const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, root_ / name);
  }
};

TEST_F(BeneathTest, NoPathLeadsOut) {
  link("/", "slash");
  link((base_ / "outside").string(), "absolute");
  link("../outside", "up");
  link("../outside/secret", "file");
  link("/proc/self/root", "magic");
  std::filesystem::create_directory(root_ / "d");
  link("../../outside", "d/up");
  for (const char* path : {"slash", "absolute", "absolute/secret", "up", "up/secret", "UP/secret",
                           "file", "FILE", "magic", "magic/etc/passwd", "slash/etc/passwd",
                           "d/up/secret", "D/Up/sub/secret", "Absolute/sub/SECRET"}) {
    auto opened = open_data(path, ports::DataAccess::kRead);
    EXPECT_FALSE(opened) << path;
    EXPECT_EQ(opened.error(), NtStatus::kAccessDenied) << path;
  }
  for (const char* path :
       {"..", "../outside/secret", "d/../../outside/secret", "./d", "/etc/passwd", "d//x"})
    EXPECT_EQ(open(path).error(), NtStatus::kObjectNameInvalid) << path;
  for (const char* path : {"up/new", "absolute/new", "d/up/new", "slash/tmp/holdfast-new"})
    EXPECT_EQ(create(path).error(), NtStatus::kAccessDenied) << path;
  EXPECT_FALSE(std::filesystem::exists(base_ / "outside/new"));
  put("mine");
  auto mine = open("mine");
  for (const char* path : {"up/stolen", "absolute/stolen"}) {
    EXPECT_EQ(wait(vfs_->rename(io(), *mine->file, path, true)).error(), NtStatus::kAccessDenied);
    EXPECT_EQ(wait(vfs_->link(io(), *mine->file, path, true)).error(), NtStatus::kAccessDenied);
  }
}

TEST_F(BeneathTest, LinksInsideAreFollowed) {
  std::filesystem::create_directories(root_ / "a/b");
  put("a/b/file", "content");
  link("a/b", "direct");
  link("../b/../../a", "a/b/roundabout");
  EXPECT_EQ(*read_all(*open_data("direct/FILE")->file), "content");
  EXPECT_EQ(*read_all(*open_data("a/b/ROUNDABOUT/b/file")->file), "content");
  EXPECT_TRUE(open("direct")->info.is_directory);
  ASSERT_TRUE(create("direct/new"));
  EXPECT_TRUE(std::filesystem::exists(root_ / "a/b/new"));
  // A listing shows what an open would.
  for (auto& entry : list(*open("")->file))
    if (entry.name == "direct") EXPECT_EQ(entry.info.key, open("a/b")->file->key());
  for (auto& entry : list(*open("a/b")->file))
    if (entry.name == "roundabout") EXPECT_TRUE(entry.info.is_directory);
}

TEST_F(BeneathTest, RemovingThroughALinkRemovesTheLink) {
  put("target", "stays");
  link("target", "link");
  auto opened = open("link");
  ASSERT_TRUE(opened);
  ASSERT_TRUE(wait(vfs_->remove(io(), *opened->file)));
  EXPECT_FALSE(std::filesystem::is_symlink(root_ / "link"));
  EXPECT_EQ(get("target"), "stays");
}

TEST_F(BeneathTest, ALinkItselfIsAReparsePoint) {
  link("a/b:c/../d", "relative");
  link("/nowhere/else", "dangling");
  ports::OpenHow itself;
  itself.open_reparse_point = true;
  auto opened = open("RELATIVE", itself);
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ(opened->info.attributes, attr::kReparsePoint);
  EXPECT_EQ(opened->info.reparse_tag, kSymlink);
  auto data = wait(opened->file->reparse_data(io()));
  ASSERT_TRUE(data);
  auto symlink = wire::fscc::decode_symlink(*wire::fscc::decode_reparse(*data));
  ASSERT_TRUE(symlink);
  EXPECT_EQ(symlink->substitute_name,
            "a\\b\xEF\x80\xA2"
            "c\\..\\d");
  EXPECT_EQ(symlink->flags, wire::fscc::SymbolicLinkReparse::kRelative);
  EXPECT_EQ(wait(opened->file->delete_reparse_data(io(), kSymlink)).error(),
            NtStatus::kAccessDenied);

  EXPECT_EQ(open("dangling").error(), NtStatus::kAccessDenied);
  auto dangling = open("dangling", itself);
  ASSERT_TRUE(dangling);
  for (auto& entry : list(*open("")->file))
    if (entry.name == "dangling") EXPECT_EQ(entry.info.reparse_tag, kSymlink);
  EXPECT_EQ(create("DANGLING").error(), NtStatus::kObjectNameCollision);
  ASSERT_TRUE(wait(vfs_->remove(io(), *dangling->file)));
  EXPECT_FALSE(std::filesystem::is_symlink(root_ / "dangling"));
}

TEST_F(BeneathTest, ALinkForClientsIsFoundInThePath) {
  Buffer out;
  Writer w(out);
  append(wire::fscc::to_reparse(wire::fscc::SymbolicLinkReparse{"a", "a", 1}), w);
  ASSERT_TRUE(make_dir("top"));
  auto link = make_dir("top/link");
  ASSERT_TRUE(wait(link->file->set_reparse_data(io(), out.view())));
  ASSERT_TRUE(create("file"));
  auto stop = wait(vfs_->find_symlink(io(), "TOP/Link/x/y"));
  ASSERT_TRUE(stop && *stop);
  EXPECT_EQ((*stop)->parsed, 8u);
  EXPECT_EQ((*stop)->reparse_data, to_vec(out));
  for (std::string_view path : {"", "top", "top/other", "file/x"})
    EXPECT_FALSE(*wait(vfs_->find_symlink(io(), path))) << path;
  // Unix links are followed here.
  std::filesystem::create_symlink("top", root_ / "unix");
  EXPECT_FALSE(*wait(vfs_->find_symlink(io(), "unix")));
  EXPECT_TRUE(*wait(vfs_->find_symlink(io(), "unix/link")));
  // MS-FSA 2.1.5.10.37
  auto top = open("top");
  EXPECT_EQ(wait(top->file->set_reparse_data(io(), out.view())).error(),
            NtStatus::kDirectoryNotEmpty);
}

TEST_F(BeneathTest, ReparseDataIsKeptWithTheFile) {
  auto file = create("point");
  auto buffer = [](std::uint32_t tag) {
    wire::fscc::ReparseDataBuffer b;
    b.reparse_tag = tag;
    b.data = {1, 2, 3, 4};
    Buffer out;
    Writer w(out);
    append(b, w);
    return to_vec(out);
  };
  EXPECT_EQ(wait(file->file->reparse_data(io())).error(), NtStatus::kNotAReparsePoint);
  ASSERT_TRUE(wait(file->file->set_reparse_data(io(), buffer(kSymlink))));
  EXPECT_EQ(*wait(file->file->reparse_data(io())), buffer(kSymlink));
  EXPECT_EQ(wait(file->file->info(io()))->reparse_tag, kSymlink);
  EXPECT_EQ(wait(file->file->set_reparse_data(io(), buffer(0x80000014))).error(),
            NtStatus::kIoReparseTagMismatch);
  EXPECT_EQ(open("point").error(), NtStatus::kStoppedOnSymlink);
  EXPECT_EQ(wait(file->file->delete_reparse_data(io(), 0x80000014)).error(),
            NtStatus::kIoReparseTagMismatch);
  ASSERT_TRUE(wait(file->file->delete_reparse_data(io(), kSymlink)));
  EXPECT_TRUE(open("point"));
}

TEST_F(BeneathTest, ARaceOfRenamesNeverLeadsOut) {
  std::filesystem::create_directories(root_ / "swap/sub");
  std::ofstream(root_ / "swap/secret") << "inside";
  std::ofstream(root_ / "swap/sub/secret") << "inside";
  link("../outside", "evil");
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    std::string a = (root_ / "swap").string(), b = (root_ / "evil").string();
    while (!stop) ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  });
  int inside = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto opened =
        open_data(i % 2 == 0 ? "swap/secret" : "swap/sub/SECRET", ports::DataAccess::kRead);
    if (!opened) {
      ++refused;
      continue;
    }
    auto text = read_all(*opened->file, 16);
    if (!text || *text != "inside") ADD_FAILURE() << "read from outside";
    ++inside;
  }
  stop = true;
  swapper.join();
  EXPECT_GT(inside, 0);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(inside + refused, 20'000);
}

TEST_F(BeneathTest, RemoveAndRenameStayInsideWhileNamesMove) {
  std::filesystem::create_directory(root_ / "dir");
  link("../outside", "evil");
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    std::string a = (root_ / "dir").string(), b = (root_ / "evil").string();
    while (!stop) ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  });
  for (int i = 0; i < 3000; ++i) {
    auto made = create("dir/secret");
    if (!made) continue;
    auto renamed = wait(vfs_->rename(io(), *made->file, "dir/secret2", true));
    auto removed = wait(vfs_->remove(io(), *made->file));
    (void)renamed, (void)removed;
  }
  stop = true;
  swapper.join();
  EXPECT_TRUE(std::filesystem::exists(base_ / "outside/secret"));
  EXPECT_FALSE(std::filesystem::exists(base_ / "outside/secret2"));
}

}  // namespace
}  // namespace holdfast::platform::posix
