// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/config/address.h"
#include "app/config/document.h"
#include "app/config/loader.h"
#include "app/config/schema.h"
#include "app/config/share_edit.h"
#include "app/config/suggest.h"

namespace holdfast::app {
namespace {

using testing::HasSubstr;

std::string report(std::string_view text) { return parse_config(text, "f.toml").report(); }

std::string file_text(const std::string& name) {
  std::ifstream in(std::string(HOLDFAST_SOURCE_DIR) + "/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Suggest, CountsEdits) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("raed_only", "read_only"), 1u);
  EXPECT_EQ(edit_distance("READ", "read"), 0u);
  EXPECT_EQ(nearest("raed_only", {"name", "read_only", "users"}), "read_only");
  EXPECT_EQ(nearest("zzz", {"name", "read_only"}), "");
}

TEST(Address, KnowsBothKinds) {
  EXPECT_EQ(parse_address("192.0.2.1", 445)->to_string(), "192.0.2.1:445");
  EXPECT_EQ(parse_address("[2001:db8::1]", 445)->to_string(), "[2001:db8::1]:445");
  EXPECT_EQ(parse_address("*", 4450)->to_string(), "[::]:4450");
  EXPECT_FALSE(parse_address("example.org", 445));
  EXPECT_FALSE(parse_address("192.0.2.1:445", 445));
  EXPECT_FALSE(parse_address("", 445));
}

TEST(Config, ChannelAddresses) {
  auto full = parse_channel_address("192.0.2.1 25Gbit rss");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->address, ports::Endpoint::v4(192, 0, 2, 1, 0));
  EXPECT_EQ(full->bits_per_second, 25'000'000'000u);
  EXPECT_TRUE(full->rss);
  auto plain = parse_channel_address("2001:db8::1");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->bits_per_second, 1'000'000'000u);
  EXPECT_FALSE(plain->rss);
  for (const char* wrong : {"", "*", "example.org", "192.0.2.1 fast", "192.0.2.1 0Gbit",
                            "192.0.2.1 99999999999999999999Gbit", "192.0.2.1 10"})
    EXPECT_FALSE(parse_channel_address(wrong)) << wrong;
}

TEST(Config, TakesEverySetting) {
  LoadResult r = parse_config(R"([server]
name = "NAS"
state_dir = "/s"
run_dir = "/r"
[[listen]]
address = "127.0.0.1"
port = 4450
[[listen]]
address = "::1"
proxy_protocol = true
proxy_from = ["10.0.0.0/8", "2001:db8::5"]
[protocol]
min_dialect = "3.0"
[security]
signing = "desired"
encryption = "required"
guest = true
ciphers = ["AES-256-GCM", "AES-128-CCM"]
[limits]
max_connections = 100
[runtime]
loop = "epoll"
threads = 3
[log]
level = "warning"
format = "json"
[[share]]
name = "data"
path = "/srv"
users = ["anna", "Ben B."]
guest = true
encryption = "required"
identity = "service"
)",
                              "f.toml");
  EXPECT_EQ(r.report(), "");
  const Config& c = r.config;
  EXPECT_EQ(c.server.name, "NAS");
  EXPECT_EQ(c.admin_socket(), "/r/admin.sock");
  EXPECT_EQ(c.users_file(), "/s/users");
  ASSERT_EQ(c.listen.size(), 2u);
  EXPECT_EQ(c.listen[0].port, 4450);
  EXPECT_EQ(c.listen[1].address, "::1");
  EXPECT_EQ(c.listen[1].port, 445);
  EXPECT_FALSE(c.listen[0].proxy_protocol);
  EXPECT_TRUE(c.listen[1].proxy_protocol);
  ASSERT_EQ(c.listen[1].proxy_from.size(), 2u);
  EXPECT_EQ(c.listen[1].proxy_from[0].prefix_length, 104u);
  EXPECT_EQ(c.policy.min_dialect, 0x0300);
  EXPECT_EQ(c.policy.max_dialect, 0x0311);
  EXPECT_EQ(c.policy.signing, core::Requirement::kDesired);
  EXPECT_EQ(c.policy.encryption, core::Requirement::kRequired);
  EXPECT_TRUE(c.policy.allow_guest);
  EXPECT_EQ(c.policy.ciphers,
            (std::vector{wire::smb2::Cipher::kAes256Gcm, wire::smb2::Cipher::kAes128Ccm}));
  EXPECT_EQ(c.max_connections, 100u);
  EXPECT_EQ(c.loop, platform::LoopKind::kEpoll);
  EXPECT_EQ(c.threads, 3u);
  EXPECT_EQ(c.log_level, Severity::kWarning);
  EXPECT_EQ(c.log_format, LogFormat::kJson);
  ASSERT_EQ(c.shares.size(), 1u);
  EXPECT_EQ(c.shares[0].line, 27u);
  EXPECT_EQ(c.shares[0].users, (std::vector<std::string>{"anna", "Ben B."}));
  EXPECT_EQ(c.shares[0].identity, IdentityMode::kService);
  EXPECT_EQ(c.given.at("runtime.threads"), "3");
}

TEST(Config, SecureWithoutAnything) {
  LoadResult r = parse_config("", "f.toml");
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.report(), "f.toml: warning: nothing is shared: there is no [[share]]\n");
  EXPECT_EQ(r.config.policy.signing, core::Requirement::kRequired);
  EXPECT_EQ(r.config.policy.encryption, core::Requirement::kDesired);
  EXPECT_FALSE(r.config.policy.allow_guest);
  EXPECT_FALSE(r.config.policy.allow_anonymous);
}

TEST(Config, EncryptionMayBeOfferedOnly) {
  LoadResult r = parse_config("[security]\nencryption = \"offered\"\n", "f.toml");
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.config.policy.encryption, core::Requirement::kOffered);
  EXPECT_FALSE(parse_config("[security]\nsigning = \"offered\"\n", "f.toml").ok());
}

TEST(Config, NamesEveryMistake) {
  EXPECT_EQ(
      report(R"([server]
name = "much too long a name"
stat_dir = "/s"
[secruity]
signing = "required"
[security]
signing = "requierd"
guest = "yes"
ciphers = ["AES-128-GCM", "AES-128-GCM", 3]
[limits]
max_connections = 0
[[share]]
name = "a/b"
path = "srv"
raed_only = true
[[share]]
comment = 1.5
[[listen]]
address = "example.org"
port = 70000
)"),
      R"(f.toml:2:8: error: server.name: expected 1 to 15 characters, found the string "much too long a name"
f.toml:3:1: error: no such key: server.stat_dir (did you mean state_dir?)
f.toml:4:2: error: no such table: secruity (did you mean [security]?)
f.toml:7:11: error: security.signing: expected "off", "desired" or "required", found the string "requierd" (did you mean "required"?)
f.toml:8:9: error: security.guest: expected true or false, found the string "yes"
f.toml:9:27: error: security.ciphers: "AES-128-GCM" is there twice
f.toml:9:42: error: security.ciphers: expected a list of "AES-128-GCM", "AES-256-GCM", "AES-128-CCM" or "AES-256-CCM", found the number 3
f.toml:11:19: error: limits.max_connections: expected a whole number from 1 to 16384, found the number 0
f.toml:13:8: error: share.name: expected a name without " \ / [ ] : | < > + = ; , * ?, found the string "a/b"
f.toml:14:8: error: share.path: expected an absolute path (it begins with /), found the string "srv"
f.toml:15:1: error: no such key: share.raed_only (did you mean read_only?)
f.toml:16:1: error: share.name is missing: expected a string in quotes
f.toml:16:1: error: share.path is missing: expected a path in quotes
f.toml:17:11: error: share.comment: expected a string in quotes, found a number with a fraction
f.toml:19:11: error: listen.address: expected an IPv4 or IPv6 address, or "*" for all, found the string "example.org"
f.toml:20:8: error: listen.port: expected a whole number from 1 to 65535, found the number 70000
)");
}

TEST(Config, NamesMistakesOfShape) {
  EXPECT_THAT(report("[[shares]]\nname = \"a\"\n"),
              HasSubstr("f.toml:1:3: error: no such table: shares (did you mean [[share]]?)"));
  EXPECT_THAT(report("[share]\nname = \"a\"\n"),
              HasSubstr("share: expected [[share]], once for each; found a table"));
  EXPECT_THAT(report("[[server]]\nname = \"a\"\n"), HasSubstr("server: expected a table [server]"));
  EXPECT_THAT(report("signing = \"off\"\n"),
              HasSubstr("f.toml:1:1: error: no such key: signing (it belongs in [security])"));
  EXPECT_THAT(report("[[share]]\nname = \"x\"\npath = \"/x\"\nread_only = tru\n"),
              HasSubstr("f.toml:4:"));
}

TEST(Config, NamesWhatDoesNotFitTogether) {
  EXPECT_THAT(report("[[share]]\nname=\"a\"\npath=\"/a\"\n[[share]]\nname=\"A\"\npath=\"/b\"\n"),
              HasSubstr("f.toml:4:1: error: share.name: \"A\" is the name of the share in line 1"));
  EXPECT_THAT(report("[protocol]\nmin_dialect=\"3.0\"\nmax_dialect=\"2.1\"\n"),
              HasSubstr("no client could connect"));
  EXPECT_THAT(report("[security]\nencryption=\"required\"\n[protocol]\nmax_dialect=\"2.1\"\n"),
              HasSubstr("needs protocol.max_dialect"));
  EXPECT_THAT(report("[[listen]]\nport=1\n[[listen]]\naddress=\"::\"\nport=1\n"),
              HasSubstr("[::]:1 is there twice"));
  EXPECT_THAT(report("[witness]\nenabled=true\nport=1\n[[listen]]\nport=1\n"),
              HasSubstr("witness: [::]:1 is there twice"));
  EXPECT_THAT(report("[witness]\nenabled=true\nport=135\n"),
              HasSubstr("witness: [::]:135 is there twice"));
  EXPECT_THAT(report("[[listen]]\nproxy_protocol=true\n"), HasSubstr("needs the proxies'"));
  EXPECT_THAT(report("[[listen]]\nproxy_from=[\"::1\"]\n"), HasSubstr("means nothing without"));
  EXPECT_THAT(report("[[listen]]\nproxy_from=[\"10.0.0.1/8\"]\n"),
              HasSubstr("(\"10.0.0.1/8\" is none)"));
}

TEST(Config, ReadsRangesOfAddresses) {
  using ports::Endpoint;
  for (auto [text, base, bits] : {std::tuple("10.0.0.0/8", Endpoint::v4(10, 0, 0, 0, 0), 104u),
                                  std::tuple("192.0.2.7", Endpoint::v4(192, 0, 2, 7, 0), 128u),
                                  std::tuple("0.0.0.0/0", Endpoint::v4(0, 0, 0, 0, 0), 96u),
                                  std::tuple("::/0", Endpoint{}, 0u)})
    EXPECT_EQ(parse_address_range(text), (ports::AddressRange{base, bits})) << text;
  for (const char* wrong :
       {"", "*", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "2001:db8::/129",
        "10.0.0.0/08x", "10.0.0.1/31", "name/8"})
    EXPECT_FALSE(parse_address_range(wrong)) << wrong;
}

TEST(Config, NamesFilesThatAreNotThere) {
  EXPECT_EQ(load_config("/nonexistent/x.toml").report(),
            "/nonexistent/x.toml: error: No such file or directory\n");
  EXPECT_FALSE(load_config("/").ok());
}

TEST(Document, IsCommitted) {
  EXPECT_EQ(file_text("docs/configuration.md"), configuration_document())
      << "make it again: holdfast describe-configuration > docs/configuration.md";
  EXPECT_EQ(file_text("deploy/holdfast.toml.example"), configuration_example())
      << "make it again: holdfast describe-configuration --example > deploy/holdfast.toml.example";
}

/// The example with its comment signs taken away must be right, and say what the defaults are.
TEST(Document, ExampleIsRight) {
  std::string text;
  std::istringstream lines(configuration_example());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ") && (line.find(" = ") != std::string::npos || line[2] == '[') &&
        !line.starts_with("#  "))
      line = line.substr(2);
    text += line + "\n";
  }
  LoadResult r = parse_config(text, "example");
  EXPECT_EQ(r.report(), "");
  ASSERT_EQ(r.config.shares.size(), 1u);
  Config usual;
  EXPECT_EQ(r.config.policy.signing, usual.policy.signing);
  EXPECT_EQ(r.config.policy.ciphers, usual.policy.ciphers);
  EXPECT_EQ(r.config.policy.signing_algorithms, usual.policy.signing_algorithms);
  EXPECT_EQ(r.config.policy.max_credits, usual.policy.max_credits);
  EXPECT_EQ(r.config.policy.max_transact_size, usual.policy.max_transact_size);
  EXPECT_EQ(r.config.admin_socket(), usual.admin_socket());
  EXPECT_EQ(r.config.users_file(), usual.users_file());
  EXPECT_EQ(r.config.log_level, usual.log_level);
  EXPECT_EQ(r.config.blocking_threads, usual.blocking_threads);
  EXPECT_EQ(r.config.max_connections, usual.max_connections);
  EXPECT_TRUE(parse_config(configuration_example(), "example").ok());
}

TEST(ShareEdit, AddedShareIsReadBack) {
  ShareConfig share;
  share.path = "/srv/n\\1";
  share.comment = "größer";
  share.read_only = share.guest = share.hidden = share.access_based_enumeration = true;
  share.compress_data = true;
  share.streams = false;
  share.keep_acl_flags = share.hide_dot_files = true;
  share.hide_files = {"*.tmp", "desktop.ini"};
  share.change_notify = share.local_changes = false;
  share.max_file_size = 4096;
  share.continuous_availability = true;
  share.state_path = "/srv/state";
  share.writes_survive = WritesSurvive::kProcess;
  share.keep_durable_handles = true;
  share.cluster = ClusterKind::kScaleout;
  share.max_lease = MaxLease::kReadHandle;
  share.apple = true;
  share.apple_netatalk_metadata = share.time_machine = true;
  share.time_machine_max_size = 32768;
  share.local_coherence = true;
  share.users = {"a", "b"};
  share.read_only_users = {"c"};
  share.encryption = core::Requirement::kRequired;
  share.snapshots = SnapshotKind::kBtrfs;
  share.snapshot_dir = "/snapshots";
  share.snapshot_format = "%s";
  share.snapshot_path = "data";
  share.dfs_links = {"a\\b = \\\\server\\share"};
  share.identity = IdentityMode::kService;
  share.name = "new one";
  std::string before = "# mine\n[security]\nguest = true # yes";
  std::string after = with_share(before, share);
  EXPECT_TRUE(after.starts_with(before + "\n\n[[share]]\n"));
  LoadResult r = parse_config(after, "f");
  EXPECT_EQ(r.report(), "");
  ASSERT_EQ(r.config.shares.size(), 1u);
  share.line = r.config.shares[0].line;
  EXPECT_EQ(r.config.shares[0], share);
}

TEST(ShareEdit, RemovesOneBlock) {
  std::string text =
      "# the file\n\n[[share]] # first\nname = \"a\"\npath = \"/a\"\n\n# about b\n[[share]]\n"
      "name = \"b\"\npath = \"/b\"\nusers = [\n  \"x\",\n]\n\n# about c\n[[share]]\nname = \"c\"\n"
      "path = \"/c\"\n[log]\nlevel = \"info\"\n";
  auto without_b = without_share(text, "B");
  ASSERT_TRUE(without_b) << without_b.error();
  EXPECT_EQ(*without_b,
            "# the file\n\n[[share]] # first\nname = \"a\"\npath = \"/a\"\n\n\n# about c\n"
            "[[share]]\nname = \"c\"\npath = \"/c\"\n[log]\nlevel = \"info\"\n");
  auto without_c = without_share(text, "c");
  ASSERT_TRUE(without_c) << without_c.error();
  EXPECT_THAT(*without_c, testing::EndsWith("]\n\n[log]\nlevel = \"info\"\n"));
  EXPECT_FALSE(without_share(text, "d"));
  EXPECT_FALSE(without_share("share = [{name = \"a\", path = \"/a\"}]\n", "a"));
}

TEST(ShareEdit, AddThenRemoveIsNothing) {
  std::string text = "[log]\nlevel = \"info\"\n";
  ShareConfig share;
  share.name = "x";
  share.path = "/x";
  auto back = without_share(with_share(text, share), "x");
  ASSERT_TRUE(back) << back.error();
  EXPECT_EQ(*back, text + "\n");
}

}  // namespace
}  // namespace holdfast::app
