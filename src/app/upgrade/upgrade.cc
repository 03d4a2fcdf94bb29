// SPDX-License-Identifier: Apache-2.0
#include "app/upgrade/upgrade.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "base/failover_limits.h"
#include "base/secret.h"
#include "platform/loop/system_clock.h"
#include "service/handover/capture.h"
#include "service/server/driver.h"

extern char** environ;

namespace holdfast::app {
namespace {

using platform::UniqueFd;
using service::Driver;
namespace handover = service::handover;
namespace state = wire::state;

constexpr std::chrono::milliseconds kLookAgain(1);
/// How often requests in progress are waited for, which takes a moment longer now and then.
constexpr int kAttempts = 6;
constexpr std::chrono::milliseconds kBetweenAttempts(400);

/// Until the exec, everything can be taken back: the destructor does it.
class Upgrade {
 public:
  Upgrade(Node& node, const UpgradeOrder& order) : node_(node), order_(order) {}
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;
  ~Upgrade() {
    if (parked_) node_.loops().unpark();
    on_connections([](Driver& driver) { driver.let_go(); });
    node_.loops().pause_listening(false);
  }

  /// busy: another attempt may succeed.
  std::string run(bool& busy) {
    busy = true;
    held_us_ = clock_.monotonic_us();
    node_.loops().pause_listening(true);
    on_connections([](Driver& driver) { driver.hold(); });
    if (!until([this] { return only_waits(); }))
      return "requests in progress did not end in time; try again when the server is less busy.";
    settle_and_prepare();
    if (!until([this] { return stand_still(); }))
      return "connections did not stand still in time; try again when the server is less busy.";
    busy = false;
    return hand_over();
  }

 private:
  /// Runs fn for every connection on its loop, and returns when all have.
  template <class Fn>
  void on_connections(Fn fn) {
    for (const std::shared_ptr<Driver>& driver : node_.server().drivers())
      driver->loop().post([driver, fn] { fn(*driver); });
    node_.loops().on_all_loops([](platform::EventLoop&) {});
  }

  template <class Condition>
  bool until(Condition condition) {
    while (!condition()) {
      if (clock_.monotonic_us() - held_us_ > limits::kUpgradeHold_us) return false;
      std::this_thread::sleep_for(kLookAgain);
    }
    return true;
  }

  /// Connections that are about to end anyway do so now.
  bool only_waits() {
    std::atomic<bool> all{true};
    on_connections([&all](Driver& driver) {
      if (driver.obstacle() == "it is being ended") driver.leave("it is being ended");
      if (!driver.only_waits()) all.store(false);
    });
    return all.load();
  }

  /// What has changed of opens that outlive the server is durable; what needs file operations is
  /// found out.
  void settle_and_prepare() {
    std::promise<void> done;
    platform::EventLoop& loop = node_.loops().loop(0);
    loop.post([&] { spawn(prepare(node_.server(), loop, prepared_, done)); });
    done.get_future().wait();
    leave_obstacles();
  }
  static Task<void> prepare(service::Server& server, ports::Executor& loop,
                            handover::Preparation& out, std::promise<void>& done) {
    co_await server.failover().settle_all(loop);
    co_await handover::prepare(server, loop, out);
    done.set_value();
  }

  void leave_obstacles() {
    std::mutex mutex;
    on_connections([&, this](Driver& driver) {
      std::string_view why = driver.obstacle();
      for (core::SessionId id : driver.connection().sessions())
        if (auto found = prepared_.obstacles.find(id); found != prepared_.obstacles.end())
          why = found->second;
      if (why.empty() || driver.closed()) return;
      {
        std::lock_guard lock(mutex);
        ++closed_;
        if (std::ranges::count(reasons_, why) == 0) reasons_.emplace_back(why);
      }
      driver.leave(why);
    });
  }

  /// True: it does, the loops are parked, and nothing that they would do next is lost.
  bool stand_still() {
    on_connections([](Driver& driver) {
      if (driver.only_waits()) driver.stand_still();
    });
    node_.loops().park();
    std::size_t waiting = 0;
    bool still = node_.loops().pending() == 0;
    for (const std::shared_ptr<Driver>& driver : node_.server().drivers()) {
      waiting += driver->waiting();
      still = still && driver->only_waits() && (driver->closed() || driver->is_still());
    }
    // Somebody who was woken and has not gone on holds already what he waited for.
    parked_ = still && node_.server().waits().size() == waiting;
    if (!parked_) node_.loops().unpark();
    return parked_;
  }

  std::string hand_over() {
    handover::Frame frame;
    frame.held_us = held_us_;
    frame.reasons = reasons_;
    frame.closed = closed_;
    std::vector<int> kept;
    for (const platform::ListeningSockets& l : node_.loops().listening_sockets()) {
      state::HeldListener& held = frame.listeners.emplace_back();
      held.bound = {l.bound.address, l.bound.port};
      for (int fd : l.sockets) {
        held.sockets.push_back(static_cast<std::uint32_t>(fd));
        kept.push_back(fd);
      }
    }
    frame.admin.listener = static_cast<std::uint32_t>(order_.admin_listener);
    frame.admin.path.octets = as_bytes(order_.admin_path);
    kept.push_back(order_.admin_listener);
    if (order_.asker >= 0) {
      frame.admin.flags |= state::HeldAdmin::kHasAsker;
      frame.admin.asker = static_cast<std::uint32_t>(order_.asker);
      kept.push_back(order_.asker);
    }
    handover::Captured captured = handover::capture(node_.server(), prepared_, frame);
    for (std::uint32_t socket : captured.sockets) kept.push_back(static_cast<int>(socket));
    UniqueFd memory;
    std::string error = write(captured.octets, memory);
    clear_secret(captured.octets.mut());
    if (!error.empty()) return "the hand-over cannot be written: " + error;
    kept.push_back(memory.get());
    return execute(kept, memory.get());
  }

  std::string write(Bytes octets, UniqueFd& memory) {
    if (octets.size() > limits::kMaxHandover) return "it is too large";
    memory.reset(::memfd_create("holdfast-handover", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory.valid()) return std::strerror(errno);
    while (!octets.empty()) {
      ssize_t n = ::write(memory.get(), octets.data(), octets.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return std::strerror(errno);
      octets = octets.subspan(static_cast<std::size_t>(n));
    }
    constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    return ::fcntl(memory.get(), F_ADD_SEALS, kSeals) == 0 ? "" : std::strerror(errno);
  }

  std::string execute(const std::vector<int>& kept, int memory) {
    std::vector<std::string> words = {order_.binary};
    words.insert(words.end(), order_.arguments.begin(), order_.arguments.end());
    words.push_back("--handover-fd");
    words.push_back(std::to_string(memory));
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    for (int fd : kept) (void)::fcntl(fd, F_SETFD, 0);
    (void)::execve(order_.binary.c_str(), arguments.data(), environ);
    int error = errno;
    for (int fd : kept) (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return order_.binary + " cannot be executed: " + std::strerror(error) + ".";
  }

  Node& node_;
  const UpgradeOrder& order_;
  platform::SystemClock clock_;
  std::uint64_t held_us_ = 0;
  handover::Preparation prepared_;
  std::vector<std::string> reasons_;
  std::uint32_t closed_ = 0;
  bool parked_ = false;
};

}  // namespace

std::string upgrade(Node& node, const UpgradeOrder& order) {
  std::string problem;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // Between two, clients go on.
    if (attempt != 0) std::this_thread::sleep_for(kBetweenAttempts);
    bool busy = false;
    problem = Upgrade(node, order).run(busy);
    if (!busy) break;
  }
  return problem;
}

}  // namespace holdfast::app
