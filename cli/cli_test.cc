// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/config/address.h"
#include "cli/addresses.h"
#include "cli/secrets.h"
#include "cli/serve.h"
#include "cli/text.h"
#include "platform/random/system_random.h"

namespace holdfast::cli {
namespace {

TEST(Text, TablesAreAligned) {
  EXPECT_EQ(table({"A", "LONG", ""}, {{"x", "y", "z"}, {"größer", "1", ""}, {"漢字", "2"}}),
            "A       LONG\n"
            "x       y     z\n"
            "größer  1\n"
            "漢字    2\n");
  EXPECT_EQ(table({"A"}, {{"x\ny"}}), "A\nx\\x0ay\n");
}

TEST(Text, Quantities) {
  EXPECT_EQ(octets_text(999), "999 B");
  EXPECT_EQ(octets_text(1500), "1.5 KB");
  EXPECT_EQ(octets_text(999'999), "1.0 MB");
  EXPECT_EQ(octets_text(4'300'000'000), "4.3 GB");
  EXPECT_EQ(duration_text(59), "59 s");
  EXPECT_EQ(duration_text(7500), "2 h 5 min");
  EXPECT_EQ(duration_text(90'000), "1 d 1 h");
}

TEST(Addresses, OneFormForEachSystem) {
  ShareAddress at{"192.0.2.5", false, 4450, "my files", "anna"};
  EXPECT_EQ(smb_url(at), "smb://anna@192.0.2.5:4450/my%20files");
  EXPECT_EQ(windows_path(at), "");
  EXPECT_EQ(mount_command(at),
            "mount -t cifs '//192.0.2.5/my files' /mnt -o port=4450,username=anna");
  EXPECT_EQ(smbclient_command(at), "smbclient '//192.0.2.5/my files' -p 4450 -U anna");
  at = {"2001:db8::1", true, 445, "data", ""};
  EXPECT_EQ(smb_url(at), "smb://[2001:db8::1]/data");
  EXPECT_EQ(windows_path(at), "\\\\2001-db8--1.ipv6-literal.net\\data");
  EXPECT_EQ(mount_command(at), "mount -t cifs //2001:db8::1/data /mnt -o guest");
  at = {"192.0.2.5", false, 445, "data", "anna"};
  EXPECT_EQ(windows_path(at), "\\\\192.0.2.5\\data");
}

TEST(Addresses, AllIsWhatInterfacesHave) {
  auto one = *app::parse_address("192.0.2.5", 1);
  EXPECT_EQ(reachable(one), std::vector{one});
  auto all = reachable(*app::parse_address("0.0.0.0", 7));
  for (const auto& at : all) {
    EXPECT_TRUE(at.is_v4());
    EXPECT_EQ(at.port, 7);
    EXPECT_NE(at.address_string(), "0.0.0.0");
  }
}

TEST(Secrets, FromFileAndEnvironment) {
  std::string path = testing::TempDir() + "/holdfast-cli-password";
  std::ofstream(path) << "correct horse\nsecond\n";
  EXPECT_EQ(*read_password_file(path), "correct horse");
  std::ofstream(path) << "x\r\n";
  EXPECT_EQ(*read_password_file(path), "x");
  std::ofstream(path) << "\n";
  EXPECT_FALSE(read_password_file(path));
  std::ofstream(path) << std::string(5000, 'x');
  EXPECT_FALSE(read_password_file(path));
  std::filesystem::remove(path);
  EXPECT_FALSE(read_password_file(path));
  ::setenv("HOLDFAST_PASSWORD", "secret", 1);
  EXPECT_EQ(take_password_from_environment(), "secret");
  EXPECT_EQ(std::getenv("HOLDFAST_PASSWORD"), nullptr);
  EXPECT_EQ(take_password_from_environment(), "");
}

TEST(Secrets, GeneratedOnesDiffer) {
  platform::SystemRandom random;
  std::string a = generate_password(random), b = generate_password(random);
  EXPECT_EQ(a.size(), 23u);
  EXPECT_EQ(a[5], '-');
  EXPECT_EQ(a[11], '-');
  EXPECT_EQ(a[17], '-');
  EXPECT_NE(a, b);
}

TEST(Serve, SpeaksOfOptions) {
  EXPECT_EQ(in_option_words("No. security.encryption = \"desired\" would admit it."),
            "No. --encrypt desired would admit it.");
  EXPECT_EQ(in_option_words("protocol.min_dialect or protocol.max_dialect would admit it."),
            "--min-dialect or --max-dialect would admit it.");
}

TEST(Serve, NamesTheShareAfterTheDirectory) {
  EXPECT_EQ(default_share_name("/srv/my files"), "my files");
  EXPECT_EQ(default_share_name("/srv/a:b"), "ab");
  EXPECT_EQ(default_share_name("/"), "share");
}

}  // namespace
}  // namespace holdfast::cli
