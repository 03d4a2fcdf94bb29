// SPDX-License-Identifier: Apache-2.0
#include "bench/load/price.h"

#include <cinttypes>
#include <cstdio>
#include <iostream>

#include "base/utf16.h"
#include "sim/client/operations.h"
#include "wire/smb2/read.h"
#include "wire/smb2/write.h"

namespace holdfast::load {

namespace smb2 = wire::smb2;
using sim::Answer, sim::Part;

namespace {

/// Other servers have their own ways (an interim answer of Samba's has another CreditCharge), which
/// are not what is asked here.
sim::ClientOptions lenient(const Target& target) {
  sim::ClientOptions options = client_options(target, "meter", smb2::Dialect::kSmb311);
  options.strict = false;
  return options;
}

/// Measures; every answer that is not what it should be fails the program and ends it.
class Meter {
 public:
  Meter(Surroundings& surroundings, const PriceOptions& options)
      : surroundings_(surroundings),
        options_(options),
        client_(surroundings.world(), lenient(surroundings.target())) {}

  Task<void> run();
  /// Units of work, and microseconds, that were measured.
  std::uint64_t done() const { return counted_; }
  std::uint64_t took_us() const { return end_us_ - begin_us_; }

 private:
  std::uint64_t now_us() { return client_.loop().clock().monotonic_us(); }
  bool good(NtStatus status, const char* what);
  bool over();
  void count(std::uint64_t units);
  Task<Result<smb2::FileId>> open(std::string name, std::uint32_t worker);
  Task<bool> fill(smb2::FileId id);
  Task<void> stream(smb2::FileId id);
  Task<void> open_and_close(std::uint32_t worker);
  Task<void> open_alone();
  Task<void> say(const char* what);
  Task<void> worker_ended(Task<void> work);
  Task<void> all_workers(smb2::FileId id);

  Surroundings& surroundings_;
  PriceOptions options_;
  sim::Client client_;
  ByteVec block_;
  std::uint64_t next_ = 0;
  std::uint64_t started_us_ = 0;
  std::uint64_t begin_us_ = 0, end_us_ = 0;
  std::uint64_t counted_ = 0;
  std::uint64_t started_opens_ = 0;
  std::uint32_t working_ = 0;
  OneShot<bool> all_ended_;
};

bool Meter::good(NtStatus status, const char* what) {
  if (status != NtStatus::kSuccess)
    surroundings_.program().fail(std::string(what) + ": " + to_string(status));
  return status == NtStatus::kSuccess;
}

bool Meter::over() {
  if (surroundings_.program().failed()) return true;
  if (options_.opens != 0) return started_opens_ >= options_.opens;
  return now_us() - started_us_ >= options_.warm_up_us + options_.measured_us;
}

/// What ends behind the warm-up counts.
void Meter::count(std::uint64_t units) {
  std::uint64_t now = now_us();
  if (options_.opens == 0 && now - started_us_ < options_.warm_up_us) {
    begin_us_ = now;
    return;
  }
  if (begin_us_ == 0) begin_us_ = started_us_;
  counted_ += units;
  end_us_ = now;
}

Task<Result<smb2::FileId>> Meter::open(std::string name, std::uint32_t worker) {
  smb2::CreateRequest request;
  request.desired_access = sim::access::kAll;
  request.share_access = smb2::ShareAccess::kAll;
  request.create_disposition = smb2::CreateDisposition::kOpenIf;
  request.create_options = smb2::CreateOptions::kNonDirectoryFile;
  ByteVec path = to_utf16le(name);
  request.name = path;
  request.requested_oplock_level = smb2::OplockLevel::kLease;
  smb2::CreateContextList contexts;
  smb2::LeaseContext lease;
  lease.version = 2;
  store_u32(lease.lease_key.octets.data(), worker + 1);
  lease.lease_state = smb2::LeaseState::kAll;
  contexts.lease = lease;
  if (options_.handle != HandleKind::kPlain) {
    Guid guid;
    for (std::uint8_t& octet : guid.octets)
      octet = static_cast<std::uint8_t>(client_.rng().u64() >> 20);
    contexts.durable_handle_request_v2 = smb2::DurableHandleRequestV2{
        0, options_.handle == HandleKind::kPersistent ? smb2::kDhandleFlagPersistent : 0, guid};
  }
  Buffer chain;
  Writer writer(chain);
  encode(contexts, writer);
  request.create_contexts = chain.view();
  Answer answer = co_await client_.call({smb2::Command::kCreate, sim::message_of(request)});
  if (!good(answer.status, "CREATE")) co_return fail(answer.status);
  smb2::CreateResponse response;
  smb2::CreateContextResponseList granted;
  if (!decode(answer.message, response) || !decode(response.create_contexts, granted).ok())
    co_return fail(NtStatus::kInvalidNetworkResponse);
  bool persistent = granted.durable_handle_v2 &&
                    (granted.durable_handle_v2->flags & smb2::kDhandleFlagPersistent) != 0;
  if (persistent != (options_.handle == HandleKind::kPersistent)) {
    surroundings_.program().fail(persistent ? "a persistent handle that nobody asked for"
                                            : "the handle is not persistent");
    (void)co_await sim::close(client_, response.file_id);
    co_return fail(NtStatus::kNotSupported);
  }
  co_return response.file_id;
}

Task<bool> Meter::fill(smb2::FileId id) {
  for (std::uint64_t at = 0; at < options_.file_size; at += options_.block)
    if (!good(co_await sim::write(client_, id, at, block_), "WRITE")) co_return false;
  co_return true;
}

Task<void> Meter::stream(smb2::FileId id) {
  while (!over()) {
    std::uint64_t at = next_;
    next_ = (next_ + options_.block) % options_.file_size;
    if (options_.what == PriceOptions::What::kWrite) {
      Answer answer = co_await client_.call(sim::write_part(id, at, block_));
      if (!good(answer.status, "WRITE")) co_return;
    } else {
      Answer answer = co_await client_.call(sim::read_part(id, at, options_.block));
      smb2::ReadResponse response;
      if (!good(answer.status, "READ")) co_return;
      if (!decode(answer.message, response) || response.data.size() != options_.block)
        co_return surroundings_.program().fail("a READ gave less than the file has");
    }
    count(options_.block);
  }
}

Task<void> Meter::open_and_close(std::uint32_t worker) {
  while (!over()) {
    ++started_opens_;
    Result<smb2::FileId> id = co_await open(options_.prefix + "-" + std::to_string(worker), worker);
    if (!id || !good(co_await sim::close(client_, *id), "CLOSE")) co_return;
    count(1);
  }
}

/// Tells whoever counts the server's system calls, and waits until that has been noted.
Task<void> Meter::say(const char* what) {
  std::printf("%s\n", what);
  std::fflush(stdout);
  (void)co_await ports::run_blocking(client_.loop(), [] {
    std::string line;
    return static_cast<bool>(std::getline(std::cin, line));
  });
}

Task<void> Meter::open_alone() {
  begin_us_ = now_us();
  std::vector<smb2::FileId> ids;
  co_await say("begin");
  for (std::uint32_t i = 0; i < options_.opens; ++i) {
    Result<smb2::FileId> id = co_await open(options_.prefix + "-" + std::to_string(i), i);
    if (!id) {
      // Not even a log-off would close them.
      for (smb2::FileId opened : ids) (void)co_await sim::close(client_, opened);
      co_return;
    }
    ids.push_back(*id);
  }
  co_await say("opened");
  for (smb2::FileId id : ids)
    if (!good(co_await sim::close(client_, id), "CLOSE")) co_return;
  co_await say("closed");
  counted_ = options_.opens;
  end_us_ = now_us();
}

Task<void> Meter::worker_ended(Task<void> work) {
  co_await work;
  if (--working_ == 0) all_ended_.set(true);
}

Task<void> Meter::all_workers(smb2::FileId id) {
  started_us_ = now_us();
  working_ = options_.in_flight;
  for (std::uint32_t i = 0; i < options_.in_flight; ++i)
    spawn(
        worker_ended(options_.what == PriceOptions::What::kOpens ? open_and_close(i) : stream(id)));
  (void)co_await all_ended_;
}

Task<void> Meter::run() {
  block_.resize(options_.block);
  for (std::uint8_t& octet : block_) octet = static_cast<std::uint8_t>(client_.rng().u64() >> 11);
  if (good(co_await client_.connect(), "NEGOTIATE") &&
      good(co_await client_.logon(), "SESSION_SETUP") &&
      good(co_await client_.tree_connect(surroundings_.target().share), "TREE_CONNECT")) {
    if (options_.what == PriceOptions::What::kLone) {
      co_await open_alone();
    } else if (options_.what == PriceOptions::What::kOpens) {
      co_await all_workers({});
    } else {
      Result<smb2::FileId> id = co_await open(options_.prefix + "-stream", 0);
      bool ready = id && (options_.what == PriceOptions::What::kWrite || co_await fill(*id));
      if (ready) co_await all_workers(*id);
      if (id) (void)co_await sim::close(client_, *id);
    }
    (void)co_await client_.logoff();
  }
  client_.disconnect();
  co_await client_.closed();
}

}  // namespace

int run_price(const Target& target, const PriceOptions& options, std::uint64_t seed) {
  Surroundings surroundings(target, seed);
  Meter meter(surroundings, options);
  surroundings.start(meter.run());
  surroundings.wait();
  if (surroundings.program().failed() || meter.took_us() == 0) return 1;
  double units = static_cast<double>(meter.done());
  if (options.what < PriceOptions::What::kOpens) units /= 1024.0 * 1024.0;
  std::printf("%.1f\n", units * 1e6 / static_cast<double>(meter.took_us()));
  return 0;
}

}  // namespace holdfast::load
