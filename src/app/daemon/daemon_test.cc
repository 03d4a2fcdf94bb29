// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/daemon.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/admin/admin_client.h"
#include "app/daemon/node_options.h"
#include "app/daemon/state_dir.h"

namespace holdfast::app {
namespace {

using testing::HasSubstr;

class Events final : public EventSink {
 public:
  void emit(const Event& event) override {
    Lock lock(mutex_);
    text_ += std::string(event.name) + ": " + event.message + "\n";
  }
  std::string take() {
    Lock lock(mutex_);
    return std::exchange(text_, "");
  }

 private:
  Mutex mutex_;
  std::string text_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  return at;
}

std::uint16_t free_port() {
  platform::UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in at = loopback(0);
  socklen_t size = sizeof at;
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
  return ntohs(at.sin_port);
}

platform::UniqueFd connect_to(std::uint16_t port) {
  platform::UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in at = loopback(port);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) fd.reset();
  return fd;
}

TEST(NodeOptions, AShareIsClusteredOnlyWithTheWitnessService) {
  Config config;
  config.shares.emplace_back().cluster = ClusterKind::kFailover;
  config.listen.emplace_back();
  auto clustered = [&] {
    return node_options(config, false, {}, nullptr, nullptr).shares.at(0).share.is_clustered;
  };
  EXPECT_FALSE(clustered());
  EXPECT_EQ(endpoints_of(config).size(), 1u);
  config.witness.enabled = true;
  EXPECT_TRUE(clustered());
  auto endpoints = endpoints_of(config);
  ASSERT_EQ(endpoints.size(), 3u);
  EXPECT_EQ(endpoints[1].serves, Serves::kWitness);
  EXPECT_EQ(endpoints[2].at.port, 135);
  config.witness.endpoint_mapper = 0;
  EXPECT_EQ(endpoints_of(config).size(), 2u);
}

class DaemonTest : public testing::Test {
 protected:
  DaemonTest() {
    char name[] = "/tmp/holdfast-daemon-XXXXXX";
    folder_ = ::mkdtemp(name);
    for (const char* part : {"/one", "/two"}) std::filesystem::create_directory(folder_ + part);
    port_ = free_port();
  }
  ~DaemonTest() override { std::filesystem::remove_all(folder_); }

  std::string head() const {
    return "[server]\nstate_dir = \"" + folder_ + "/state\"\nrun_dir = \"" + folder_ +
           "/run\"\n[runtime]\nloop = \"epoll\"\nthreads = 1\n";
  }
  std::string share(const std::string& name) const {
    return "[[share]]\nname = \"" + name + "\"\npath = \"" + folder_ + "/" + name +
           "\"\nidentity = \"service\"\n";
  }
  static std::string listen(std::uint16_t port) {
    return "[[listen]]\naddress = \"127.0.0.1\"\nport = " + std::to_string(port) + "\n";
  }
  void configure(const std::string& text) { std::ofstream(folder_ + "/c.toml") << text; }
  std::unique_ptr<Daemon> daemon() {
    auto made = std::make_unique<Daemon>(folder_ + "/c.toml", events_, nullptr);
    made->without_signals();
    return made;
  }
  static std::string answer(Daemon& d, const char* command) {
    return d.answer({{"version", 1}, {"command", command}}).dump();
  }

  std::string folder_;
  std::uint16_t port_ = 0;
  Events events_;
};

TEST_F(DaemonTest, ServesAndFollowsTheFile) {
  configure(head() + listen(port_) + share("one"));
  auto d = daemon();
  auto started = d->start();
  ASSERT_TRUE(started) << started.error();
  platform::UniqueFd client = connect_to(port_);
  ASSERT_TRUE(client.valid());
  EXPECT_NE(d->node().server().find_share("ONE"), nullptr);
  EXPECT_EQ(d->node().server().find_share("two"), nullptr);

  std::uint16_t other = free_port();
  configure(head() + listen(other) + share("two") + "[security]\nsigning = \"desired\"\n");
  auto done = d->reload();
  ASSERT_TRUE(done) << done.error();
  EXPECT_EQ(d->node().server().find_share("one"), nullptr);
  EXPECT_NE(d->node().server().find_share("two"), nullptr);
  EXPECT_EQ(d->node().server().settings()->policy.signing, core::Requirement::kDesired);
  EXPECT_FALSE(connect_to(port_).valid());
  EXPECT_TRUE(connect_to(other).valid());
  // The one that was there before is not dropped with its listener: nothing to read, no end.
  char octet;
  EXPECT_EQ(::recv(client.get(), &octet, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(DaemonTest, MistakeChangesNothing) {
  configure(head() + listen(port_) + share("one"));
  auto d = daemon();
  ASSERT_TRUE(d->start());
  configure(head() + listen(port_) + share("two") + "nonsense = 1\n");
  auto done = d->reload();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error(), HasSubstr("no such key: share.nonsense"));
  EXPECT_THAT(events_.take(), HasSubstr("config.refused"));
  EXPECT_NE(d->node().server().find_share("one"), nullptr);
  EXPECT_THAT(answer(*d, "reload"), HasSubstr("share.nonsense"));
}

TEST_F(DaemonTest, SaysWhatNeedsARestart) {
  configure(head() + listen(port_) + share("one"));
  auto d = daemon();
  ASSERT_TRUE(d->start());
  std::string changed = head();
  changed.replace(changed.find("threads = 1"), 11, "threads = 2");
  configure(changed + listen(port_) + share("one"));
  for (int again = 0; again < 2; ++again) {
    auto done = d->reload();
    ASSERT_TRUE(done);
    EXPECT_THAT(done->text, HasSubstr("Takes effect on restart: runtime.threads."));
  }
  configure(head() + listen(port_) + share("one"));
  EXPECT_THAT(d->reload()->text, testing::Not(HasSubstr("restart")));
}

TEST_F(DaemonTest, MissingDirectoryLeavesOneShareOut) {
  configure(head() + listen(port_) + share("one") + share("gone"));
  auto d = daemon();
  ASSERT_TRUE(d->start());
  EXPECT_THAT(events_.take(), HasSubstr("share.left_out: Share \"gone\" is not served"));
  EXPECT_NE(d->node().server().find_share("one"), nullptr);
  EXPECT_EQ(d->node().server().find_share("gone"), nullptr);
  auto again = d->reload();
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->complete);
  EXPECT_THAT(again->text, HasSubstr("left out, because their directory cannot be opened: gone."));
  std::filesystem::create_directory(folder_ + "/gone");
  again = d->reload();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->complete) << again->text;
  EXPECT_NE(d->node().server().find_share("gone"), nullptr);
}

TEST_F(DaemonTest, AddressInUseLeavesTheOthers) {
  configure(head() + listen(port_) + share("one"));
  auto d = daemon();
  ASSERT_TRUE(d->start());
  platform::UniqueFd taken(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in at = loopback(0);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(taken.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(taken.get(), 1), 0);
  ASSERT_EQ(::getsockname(taken.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
  configure(head() + listen(port_) + listen(ntohs(at.sin_port)) + share("two"));
  auto done = d->reload();
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->complete);
  EXPECT_THAT(done->text, HasSubstr("another process listens there already"));
  EXPECT_TRUE(connect_to(port_).valid());
  EXPECT_NE(d->node().server().find_share("two"), nullptr);
}

TEST_F(DaemonTest, AListenerForProxiesCanBeMadeAndUnmade) {
  std::string proxied = listen(port_) + "proxy_protocol = true\nproxy_from = [\"192.0.2.5\"]\n";
  configure(head() + listen(port_) + share("one"));
  auto d = daemon();
  ASSERT_TRUE(d->start());
  configure(head() + proxied + share("one"));
  ASSERT_TRUE(d->reload());
  ASSERT_EQ(d->node().listening().size(), 1u);
  EXPECT_EQ(d->node().listening()[0].proxies.size(), 1u);
  // Clients are not told to open channels there.
  EXPECT_TRUE(d->node().server().listening().empty());
  // We are none of the proxies.
  auto refused = connect_to(port_);
  char octet;
  EXPECT_LT(::recv(refused.get(), &octet, 1, 0), 0);
  EXPECT_THAT(events_.take(), HasSubstr("connection.refused.proxy: "));
  configure(head() + listen(port_) + share("one"));
  ASSERT_TRUE(d->reload());
  EXPECT_TRUE(d->node().listening()[0].proxies.empty());
  EXPECT_EQ(d->node().server().listening().size(), 1u);
}

TEST_F(DaemonTest, NamesUsersThatAreNotThere) {
  configure(head() + listen(port_) + share("one") + "users = [\"anna\"]\n");
  auto d = daemon();
  ASSERT_TRUE(d->start());
  EXPECT_THAT(events_.take(), HasSubstr("share \"one\" names \"anna\", and there is no such user"));
}

TEST_F(DaemonTest, UnchangedShareKeepsItsVolume) {
  configure(head() + listen(port_) + share("one"));
  auto d = daemon();
  ASSERT_TRUE(d->start());
  auto before = d->node().server().find_share("one")->vfs;
  ASSERT_TRUE(d->reload());
  EXPECT_EQ(d->node().server().find_share("one")->vfs, before);
  std::filesystem::rename(folder_ + "/one", folder_ + "/old");
  std::filesystem::create_directory(folder_ + "/one");
  ASSERT_TRUE(d->reload());
  EXPECT_NE(d->node().server().find_share("one")->vfs, before);
}

TEST_F(DaemonTest, IdentityOutlivesARestart) {
  configure(head() + listen(port_) + share("one"));
  Guid first;
  std::string users;
  for (int i = 0; i < 2; ++i) {
    auto d = daemon();
    auto started = d->start();
    ASSERT_TRUE(started) << started.error();
    Guid guid = d->node().server().settings()->policy.server_guid;
    std::ostringstream text;
    text << std::ifstream(folder_ + "/state/users").rdbuf();
    if (i == 0) first = guid, users = text.str();
    EXPECT_EQ(guid, first);
    EXPECT_EQ(text.str(), users);
    EXPECT_THAT(users, HasSubstr("machine-sid S-1-5-21-"));
  }
  struct stat info{};
  ASSERT_EQ(::stat((folder_ + "/state").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  for (const char* name : {"/state/server-guid", "/state/users"}) {
    ASSERT_EQ(::stat((folder_ + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0077, 0u) << name;
  }
  std::ofstream(folder_ + "/state/server-guid") << "damaged";
  EXPECT_THAT(daemon()->start().error(), HasSubstr("server-guid: expected 32 hexadecimal digits"));
}

TEST_F(DaemonTest, TwoOnOneConfigurationDoNotGo) {
  configure(head() + listen(port_) + share("one"));
  auto d = daemon();
  ASSERT_TRUE(d->start());
  auto second = daemon();
  EXPECT_THAT(second->start().error(), HasSubstr("another server uses this admin socket"));
}

TEST_F(DaemonTest, AnswersAboutItself) {
  configure(head() + listen(port_) + share("one"));
  auto d = daemon();
  ASSERT_TRUE(d->start());
  EXPECT_THAT(answer(*d, "status"),
              HasSubstr("\"listening\":[\"127.0.0.1:" + std::to_string(port_)));
  EXPECT_THAT(answer(*d, "status"), HasSubstr("\"shares\":1"));
  EXPECT_THAT(answer(*d, "sessions"), HasSubstr("\"sessions\":[]"));
  EXPECT_THAT(answer(*d, "files"), HasSubstr("\"files\":[]"));
  EXPECT_THAT(answer(*d, "shares"), HasSubstr("\"identity\":\"service\""));
  EXPECT_THAT(answer(*d, "nonsense"), HasSubstr("no-such-command"));
  EXPECT_THAT(answer(*d, "close-session"), HasSubstr("\"session\\\" is missing"));
  EXPECT_THAT(d->answer({{"version", 1}, {"command", "close-session"}, {"session", "ff"}}).dump(),
              HasSubstr("no-such-session"));
}

TEST_F(DaemonTest, SharesOfUsersDemandUnixAccounts) {
  Config config =
      parse_config(head() + share("one") + "[[share]]\nname = \"u\"\npath = \"/u\"\n", "f").config;
  NodeOptions as_root = node_options(config, true, Guid{}, nullptr, nullptr);
  EXPECT_FALSE(as_root.shares[0].share.act_as_user);
  EXPECT_TRUE(as_root.shares[1].share.act_as_user);
  EXPECT_TRUE(as_root.ntlm.policy.act_as_unix_user);
  NodeOptions as_other = node_options(config, false, Guid{}, nullptr, nullptr);
  EXPECT_FALSE(as_other.shares[1].share.act_as_user);
  EXPECT_FALSE(as_other.ntlm.policy.act_as_unix_user);
}

TEST_F(DaemonTest, ReplacedFileKeepsItsMode) {
  std::string path = folder_ + "/f";
  ASSERT_TRUE(replace_file(path, "one", 0640));
  ASSERT_EQ(::chmod(path.c_str(), 0604), 0);
  ASSERT_TRUE(replace_file(path, "two", 0640));
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0604u);
  std::string text;
  std::getline(std::ifstream(path), text);
  EXPECT_EQ(text, "two");
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_FALSE(replace_file(folder_ + "/none/f", "x", 0600));
}

}  // namespace
}  // namespace holdfast::app
