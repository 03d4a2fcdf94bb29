// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/admin/admin_client.h"
#include "app/admin/admin_server.h"
#include "app/control/service_manager.h"

namespace holdfast::app::admin {
namespace {

/// A server on a thread of its own, in a folder of its own. "echo" answers with the request, "fail"
/// with an error, "big" with many octets.
class AdminTest : public testing::Test {
 protected:
  AdminTest() {
    char name[] = "/tmp/holdfast-admin-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/run/admin.sock";
    loop_.on_signals({SIGUSR1}, [this](int) { loop_.stop(); });
    auto opened =
        AdminServer::open(loop_, path_, [](const Json& request) { return answer(request); });
    EXPECT_TRUE(opened) << opened.error();
    server_ = std::move(*opened);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~AdminTest() override {
    ::kill(::getpid(), SIGUSR1);
    thread_.join();
    server_.reset();
    EXPECT_FALSE(std::filesystem::exists(path_));
    std::filesystem::remove_all(folder_);
  }

  static Json answer(const Json& request) {
    if (request["command"] == "fail") return error_reply("no", "It was not to be.");
    if (request["command"] == "big") return result_reply({{"text", std::string(8 << 20, 'x')}});
    return result_reply(request);
  }

  platform::UniqueFd connect() {
    platform::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  /// Sends octets and gives the lines that come back until the server ends or `lines` are there.
  std::string exchange(const std::string& octets, std::size_t lines) {
    platform::UniqueFd fd = connect();
    EXPECT_EQ(::send(fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(octets.size()));
    std::string text;
    char buffer[4096];
    while (static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) < lines) {
      ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }

  std::string folder_, path_;
  ControlLoop loop_;
  std::unique_ptr<AdminServer> server_;
  std::thread thread_;
};

TEST_F(AdminTest, AsksAndAnswers) {
  auto reply = ask(path_, {{"command", "echo"}, {"x", 1}});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ((*reply)["x"], 1);
  auto failed = ask(path_, {{"command", "fail"}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, "no");
  EXPECT_EQ(failed.error().message, "It was not to be.");
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(AdminTest, AnswersInOrder) {
  std::string one = R"({"version":1,"command":"echo","n":1})",
              two = R"({"version":1,"command":"fail"})";
  std::string text = exchange(one + "\n" + two + "\n", 2);
  EXPECT_LT(text.find("\"n\":1"), text.find("It was not to be."));
}

TEST_F(AdminTest, RefusesWhatIsNotTheProtocol) {
  EXPECT_NE(exchange("hello\n", 1).find("\"syntax\""), std::string::npos);
  EXPECT_NE(exchange("[1]\n", 1).find("\"syntax\""), std::string::npos);
  EXPECT_NE(exchange("{\"version\":1}\n", 1).find("\"syntax\""), std::string::npos);
  EXPECT_NE(exchange("{\"version\":2,\"command\":\"echo\"}\n", 1).find("\"version\""),
            std::string::npos);
  EXPECT_NE(exchange("{\"command\":\"echo\"}\n", 1).find("\"version\""), std::string::npos);
  std::string deep(60'000, '[');
  EXPECT_NE(exchange(deep + "\n", 1).find("\"syntax\""), std::string::npos);
}

TEST_F(AdminTest, BoundsRequests) {
  std::string text = exchange(std::string(kMaxRequestOctets + 16384, 'x'), 2);
  EXPECT_NE(text.find("\"too-long\""), std::string::npos);
  EXPECT_TRUE(ask(path_, {{"command", "echo"}}));
}

TEST_F(AdminTest, ClientsThatDoNotReadHoldNobodyUp) {
  platform::UniqueFd lazy = connect();
  std::string big = "{\"version\":1,\"command\":\"big\"}\n";
  for (int i = 0; i < 10; ++i)
    ASSERT_EQ(::send(lazy.get(), big.data(), big.size(), 0), static_cast<ssize_t>(big.size()));
  auto reply = ask(path_, {{"command", "big"}});
  ASSERT_TRUE(reply);
  EXPECT_EQ((*reply)["text"].get<std::string>().size(), 8u << 20);
}

TEST_F(AdminTest, OneServerASocket) {
  ControlLoop other;
  auto second = AdminServer::open(other, path_, answer);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find("another server uses this admin socket"), std::string::npos);
  std::ofstream(folder_ + "/file") << "x";
  EXPECT_FALSE(AdminServer::open(other, folder_ + "/file", answer));
  EXPECT_FALSE(AdminServer::open(other, std::string(200, 'x'), answer));
}

TEST_F(AdminTest, SocketOfADeadServerIsReplaced) {
  std::string path = folder_ + "/dead.sock";
  {
    platform::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ControlLoop other;
  EXPECT_EQ(ask(path, {{"command", "echo"}}).error().code, "unreachable");
  EXPECT_TRUE(AdminServer::open(other, path, answer));
}

TEST_F(AdminTest, SaysWhenNobodyIsThere) {
  auto reply = ask(folder_ + "/none", {{"command", "echo"}});
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().message.find("is holdfastd running?"), std::string::npos);
}

TEST_F(AdminTest, ServiceManagerIsTold) {
  std::string path = folder_ + "/notify";
  platform::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ServiceManager manager(path);
  auto next = [&] {
    char text[512];
    ssize_t got = ::recv(fd.get(), text, sizeof text, MSG_DONTWAIT);
    return std::string(text, got < 0 ? 0 : static_cast<std::size_t>(got));
  };
  manager.ready("serving\n2 shares");
  EXPECT_EQ(next(), "READY=1\nSTATUS=serving 2 shares");
  manager.reloading();
  EXPECT_TRUE(next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  manager.stopping();
  EXPECT_EQ(next(), "STOPPING=1");
  manager.keep("listen", {fd.get(), fd.get()});
  char text[64];
  char control[CMSG_SPACE(2 * sizeof(int))];
  iovec data{text, sizeof text};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = ::recvmsg(fd.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(got)), "FDSTORE=1\nFDPOLL=0\nFDNAME=listen");
  ASSERT_NE(CMSG_FIRSTHDR(&message), nullptr);
  int kept[2];
  std::memcpy(kept, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof kept);
  for (int k : kept) EXPECT_EQ(::close(k), 0);
  manager.forget("listen");
  EXPECT_EQ(next(), "FDSTOREREMOVE=1\nFDNAME=listen");
  manager.keep("connection", {fd.get()}, ServiceManager::Until::kItEnds);
  EXPECT_EQ(next(), "FDSTORE=1\nFDPOLL=1\nFDNAME=connection");
  ServiceManager("").stopping();
  EXPECT_EQ(next(), "");
}

}  // namespace
}  // namespace holdfast::app::admin
