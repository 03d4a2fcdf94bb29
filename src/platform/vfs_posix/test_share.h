// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "platform/loop/system_clock.h"
#include "platform/vfs_posix/posix_vfs.h"

/// What the tests of this folder share: a directory, a Vfs over it and calls that wait.
namespace holdfast::platform::posix {

/// Runs everything at once, on the calling thread. run_blocking is counted.
class InlineExecutor final : public ports::Executor {
 public:
  void post(UniqueFunction fn) override { fn(); }
  ports::TimerId start_timer(std::uint64_t, UniqueFunction) override { return 1; }
  bool cancel_timer(ports::TimerId) override { return false; }
  void run_blocking(UniqueFunction work, UniqueFunction done) override {
    ++blocking_calls;
    work();
    done();
  }
  ports::Clock& clock() override { return clock_; }
  unsigned index() const override { return 0; }

  int blocking_calls = 0;

 private:
  SystemClock clock_;
};

template <class T>
Task<void> store_result(Task<T> task, std::optional<T>& out) {
  out.emplace(co_await task);
}

/// The value of a task that needs nothing but this thread.
template <class T>
T wait(Task<T> task) {
  std::optional<T> out;
  spawn(store_result(std::move(task), out));
  if (!out) std::abort();
  return std::move(*out);
}

class ShareTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = base_directory() + "/holdfast-vfs-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
    root_ = base_ / "share";
    std::filesystem::create_directory(root_);
    open_share();
  }
  void TearDown() override {
    vfs_.reset();
    std::filesystem::remove_all(base_);
  }
  /// Where the test's own directory is made.
  virtual std::string base_directory() {
    const char* base = std::getenv("TMPDIR");
    return base == nullptr ? "/tmp" : base;
  }
  void open_share(PosixVfsOptions options = {}) {
    if (options.root.empty()) options.root = root_.string();
    auto vfs = open_posix_vfs(std::move(options));
    ASSERT_TRUE(vfs) << vfs.error();
    vfs_ = *vfs;
  }

  ports::IoContext io() { return {loop_, who_}; }
  Result<ports::Opened> open(std::string_view path, ports::OpenHow how = {}) {
    return wait(vfs_->open(io(), path, how));
  }
  Result<ports::Opened> open_data(std::string_view path,
                                  ports::DataAccess access = ports::DataAccess::kReadWrite) {
    ports::OpenHow how;
    how.access = access;
    return open(path, how);
  }
  Result<ports::Opened> open_stream(std::string_view path, std::string stream) {
    ports::OpenHow how;
    how.access = ports::DataAccess::kReadWrite;
    how.stream = std::move(stream);
    return open(path, how);
  }
  Result<ports::Opened> create(std::string_view path, ports::CreateHow how = {}) {
    return wait(vfs_->create(io(), path, how));
  }
  Result<ports::Opened> make_dir(std::string_view path) {
    ports::CreateHow how;
    how.directory = true;
    return create(path, how);
  }
  /// Makes a file beside the server.
  void put(const std::string& path, std::string_view content = "") {
    std::ofstream(root_ / path, std::ios::binary) << content;
  }
  std::string get(const std::string& path) {
    std::ifstream in(root_ / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Result<std::string> read_all(ports::File& file, std::size_t limit = 1 << 20) {
    std::string text(limit, '\0');
    MutBytes out(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
    auto n = wait(file.read(io(), 0, out));
    if (!n) return fail(n.error());
    text.resize(*n);
    return text;
  }
  Result<void> write(ports::File& file, std::uint64_t offset, std::string_view text) {
    return wait(file.write(io(), offset, as_bytes(text), false));
  }
  /// Every name of a listing, in pieces of `limit`.
  std::vector<ports::DirEntry> list(ports::File& dir, std::size_t limit = 100,
                                    ports::DirDetail detail = ports::DirDetail::kInfo) {
    std::vector<ports::DirEntry> all;
    for (bool restart = true;; restart = false) {
      std::size_t before = all.size();
      auto read = wait(dir.read_directory(io(), restart, detail, limit, all));
      EXPECT_TRUE(read) << to_string(read.error());
      if (!read || all.size() == before) return all;
      EXPECT_LE(all.size() - before, limit);
    }
  }

  InlineExecutor loop_;
  ports::Credentials who_;
  std::filesystem::path base_, root_;
  std::shared_ptr<ports::Vfs> vfs_;
};

}  // namespace holdfast::platform::posix
