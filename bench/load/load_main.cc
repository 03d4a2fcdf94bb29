// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

#include "bench/load/acknowledged_log.h"
#include "bench/load/price.h"
#include "bench/load/run.h"
#include "platform/random/system_random.h"

namespace {

using namespace holdfast;
using namespace holdfast::load;

struct Arguments {
  std::string address = "127.0.0.1";
  std::uint16_t port = 445;
  std::string share = "data";
  std::string user;
  std::string password_file;
  /// 0: by chance.
  std::uint64_t seed = 0;
  std::string log = "load.log";
  std::string pauses = "load.pauses";
  double think_ms = 400;
  double limit_s = 60;
  double seconds = 3;
  double warm_up_s = 0.5;
  std::uint64_t size_mib = 256;
  std::uint32_t block_kib = 1024;
  std::string directory;
  bool complete = false;
};

Target target_of(const Arguments& arguments) {
  Target target;
  std::uint8_t v4[4];
  if (::inet_pton(AF_INET, arguments.address.c_str(), v4) == 1) {
    target.server = ports::Endpoint::v4(v4[0], v4[1], v4[2], v4[3], arguments.port);
  } else if (::inet_pton(AF_INET6, arguments.address.c_str(), target.server.address.data()) == 1) {
    target.server.port = arguments.port;
  } else {
    throw std::runtime_error("'" + arguments.address + "' is no IP address");
  }
  std::ifstream in(arguments.password_file);
  if (!std::getline(in, target.password))
    throw std::runtime_error("cannot read a password from " + arguments.password_file);
  target.user = arguments.user;
  target.share = arguments.share;
  return target;
}

void add_target(CLI::App& app, Arguments& a) {
  app.add_option("--address", a.address, "of the server")->capture_default_str();
  app.add_option("--port", a.port)->capture_default_str();
  app.add_option("--share", a.share)->capture_default_str();
  app.add_option("--user", a.user)->required();
  app.add_option("--password-file", a.password_file)->required();
  app.add_option("--seed", a.seed, "0: by chance");
}

int check(const Arguments& arguments) {
  CheckResult result = check_log(arguments.log, arguments.directory, arguments.complete);
  for (const std::string& what : result.differences) std::printf("FAIL: %s\n", what.c_str());
  std::printf("%llu files: %llu acknowledged writes of %llu octets, %llu under way: %s\n",
              static_cast<unsigned long long>(result.files),
              static_cast<unsigned long long>(result.acknowledged_writes),
              static_cast<unsigned long long>(result.acknowledged_octets),
              static_cast<unsigned long long>(result.open_writes),
              result.differences.empty() ? "all as it should be" : "DIFFERENCES");
  return result.differences.empty() ? 0 : 1;
}

/// A connection for each client takes a descriptor.
void allow_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

std::uint64_t microseconds(double seconds) { return static_cast<std::uint64_t>(seconds * 1e6); }

int run_main(int argc, char** argv) {
  CLI::App app{"A load of SMB 3 clients with persistent handles, and what such handles cost."};
  app.require_subcommand(1);
  Arguments a;
  RunOptions run;
  run.layout = {0, 100, 10, 64u << 10};
  PriceOptions price;

  CLI::App& load = *app.add_subcommand("run", "keeps files open and writes to them at random");
  add_target(load, a);
  load.add_option("--clients", run.layout.clients)->capture_default_str();
  load.add_option("--opens", run.layout.opens, "of each client")->capture_default_str();
  load.add_option("--rivals", run.rivals, "who try to get at them")->capture_default_str();
  load.add_option("--passing", run.passing, "files of each client that come and go")
      ->capture_default_str();
  load.add_option("--file-size", run.layout.size, "octets")->capture_default_str();
  load.add_option("--largest-write", run.largest_write, "octets")->capture_default_str();
  load.add_option("--think-ms", a.think_ms, "of each writer, on average")->capture_default_str();
  load.add_option("--limit", a.limit_s, "seconds without an answer")->capture_default_str();
  load.add_option("--log", a.log)->capture_default_str();
  load.add_option("--pauses", a.pauses)->capture_default_str();

  CLI::App& checking = *app.add_subcommand("check", "compares a log with the server's disk");
  checking.add_option("--log", a.log)->required();
  checking.add_option("--directory", a.directory, "of the share")->required();
  checking.add_flag("--complete", a.complete, "nothing is under way");

  CLI::App& pay = *app.add_subcommand("price", "prints MiB, or opens, per second");
  add_target(pay, a);
  const std::map<std::string, PriceOptions::What> whats = {{"write", PriceOptions::What::kWrite},
                                                           {"read", PriceOptions::What::kRead},
                                                           {"opens", PriceOptions::What::kOpens},
                                                           {"lone", PriceOptions::What::kLone}};
  const std::map<std::string, HandleKind> handles = {{"plain", HandleKind::kPlain},
                                                     {"durable", HandleKind::kDurable},
                                                     {"persistent", HandleKind::kPersistent}};
  pay.add_option("--what", price.what, "write, read, opens or lone")
      ->transform(CLI::CheckedTransformer(whats))
      ->required();
  pay.add_option("--handle", price.handle, "plain, durable or persistent")
      ->transform(CLI::CheckedTransformer(handles))
      ->required();
  pay.add_option("--in-flight", price.in_flight)->capture_default_str();
  pay.add_option("--seconds", a.seconds)->capture_default_str();
  pay.add_option("--warm-up", a.warm_up_s, "seconds before")->capture_default_str();
  pay.add_option("--size", a.size_mib, "of the file, MiB")->capture_default_str();
  pay.add_option("--block", a.block_kib, "KiB")->capture_default_str();
  pay.add_option("--prefix", price.prefix, "of the files' names")->capture_default_str();
  pay.add_option("--count", price.opens, "exactly so many opens");

  CLI11_PARSE(app, argc, argv);
  if (checking.parsed()) return check(a);
  allow_descriptors();
  platform::SystemRandom random;
  std::uint64_t seed = a.seed != 0 ? a.seed : random.u64();
  if (pay.parsed()) {
    price.measured_us = microseconds(a.seconds);
    price.warm_up_us = microseconds(a.warm_up_s);
    price.file_size = a.size_mib << 20;
    price.block = a.block_kib << 10;
    return run_price(target_of(a), price, seed);
  }
  run.layout.seed = seed;
  run.think_us = microseconds(a.think_ms / 1000);
  run.longest_pause_us = microseconds(a.limit_s);
  std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed));
  return run_load(target_of(a), run, a.log, a.pauses);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "holdfast-load: %s\n", e.what());
    return 2;
  }
}
