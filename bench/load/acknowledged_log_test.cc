// SPDX-License-Identifier: Apache-2.0
#include "bench/load/acknowledged_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace holdfast::load {
namespace {

constexpr Layout kLayout{7, 1, 2, 4'096};
constexpr Written kFirst{0, 1, 100, 500};
constexpr Written kOver{0, 2, 300, 700};
constexpr Written kOther{1, 1, 0, 64};

/// A log and the folder that it is about, with two files as a right server would have left them.
class AcknowledgedLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(::testing::TempDir()) /
            ("acknowledged-" +
             std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ / kFolder);
    log_ = std::make_unique<AcknowledgedLog>(path(), kLayout);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string path() const { return root_ / "log"; }
  /// As a server does it; the log is told by the test.
  void write(const Written& w) {
    ByteVec& content = files_[w.file];
    if (content.size() < w.offset + w.length) content.resize(w.offset + w.length);
    fill_content(kLayout.seed, w, MutBytes(content).subspan(w.offset, w.length));
  }
  void sent_and_acknowledged(const Written& w) {
    log_->sent(w);
    log_->acknowledged(w);
  }
  CheckResult check(bool complete = true) {
    log_->flush();
    for (std::uint32_t i = 0; i < 2; ++i) {
      std::ofstream out(root_ / kFolder / file_name(kLayout, i), std::ios::binary);
      out.write(reinterpret_cast<const char*>(files_[i].data()),
                static_cast<std::streamsize>(files_[i].size()));
    }
    return check_log(path(), root_, complete);
  }

  std::filesystem::path root_;
  std::unique_ptr<AcknowledgedLog> log_;
  ByteVec files_[2];
};

TEST_F(AcknowledgedLogTest, WhatWasAcknowledgedIsThere) {
  for (const Written& w : {kFirst, kOver, kOther}) {
    write(w);
    sent_and_acknowledged(w);
  }
  CheckResult result = check();
  EXPECT_TRUE(result.differences.empty()) << result.differences[0];
  EXPECT_EQ(result.files, 2u);
  EXPECT_EQ(result.acknowledged_writes, 3u);
  EXPECT_EQ(result.acknowledged_octets, 1'264u);
}

TEST_F(AcknowledgedLogTest, ALostWriteIsFound) {
  write(kFirst);
  sent_and_acknowledged(kFirst);
  sent_and_acknowledged(kOver);
  files_[0].resize(1'000);
  EXPECT_EQ(check().differences.size(), 1u);
}

TEST_F(AcknowledgedLogTest, AnEarlierWriteOverALaterOneIsFound) {
  write(kOver);
  write(kFirst);
  sent_and_acknowledged(kFirst);
  sent_and_acknowledged(kOver);
  EXPECT_EQ(check().differences.size(), 1u);
}

TEST_F(AcknowledgedLogTest, AShortFileIsFound) {
  sent_and_acknowledged(kOther);
  write(kOther);
  files_[1].pop_back();
  EXPECT_EQ(check().differences.size(), 1u);
}

TEST_F(AcknowledgedLogTest, EachOctetOfAWriteUnderWayIsOldOrNew) {
  write(kFirst);
  sent_and_acknowledged(kFirst);
  ByteVec before = files_[0];
  log_->sent(kOver);
  write(kOver);
  std::copy_n(before.begin() + 400, 50, files_[0].begin() + 400);
  EXPECT_TRUE(check(false).differences.empty());
  files_[0][420] ^= 0x55;
  CheckResult result = check(false);
  EXPECT_EQ(result.open_writes, 1u);
  EXPECT_EQ(result.differences.size(), 1u);
}

TEST_F(AcknowledgedLogTest, AtTheEndNothingIsUnderWayOrLeftBehind) {
  log_->sent(kOther);
  EXPECT_EQ(check().differences.size(), 1u);
  std::ofstream(root_ / kFolder / "passing-0-0-1") << "x";
  EXPECT_EQ(check().differences.size(), 2u);
}

TEST_F(AcknowledgedLogTest, WhatIsNoLogIsRefused) {
  log_.reset();
  std::ofstream(path()) << "something else";
  EXPECT_THROW(check_log(path(), root_, true), std::runtime_error);
}

}  // namespace
}  // namespace holdfast::load
