// SPDX-License-Identifier: Apache-2.0
#include "base/utf16.h"
#include "sim/client/operations.h"
#include "sim/workloads/channels.h"
#include "sim/workloads/workload.h"
#include "wire/smb2/read.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
namespace State = smb2::LeaseState;

constexpr std::size_t kMostChannels = 3;
constexpr std::size_t kSize = 2'000;
/// Of one request, at most; a CREATE may wait seconds for another client.
constexpr int kMaxTries = 4'000;

/// One session over channels that are lost at random. What was under way is sent again on another
/// one, as a replay, until it is known what became of it. Each of these is done exactly once.
class ReplayStory {
 public:
  ReplayStory(Scene& scene, std::string name, std::uint64_t number, Client& holder)
      : scene_(scene),
        name_(std::move(name)),
        number_(number),
        channels_(scene, name_, number, kMostChannels),
        holder_(holder),
        rng_(channels_.rng()) {}

  Task<void> run(std::uint64_t rounds);

 private:
  bool failed() const { return scene_.world().failed(); }
  void count(const char* what) { ++scene_.counters().named[what]; }
  void wrong(const std::string& what) { scene_.world().fail(name_ + ": " + what); }
  ports::Executor& loop() { return channels_.loop(); }
  /// Until it is answered; FILE_NOT_AVAILABLE means that it may still be under way.
  Task<Answer> until_answered(Part part);
  Task<bool> create(const std::string& path, smb2::CreateDisposition disposition);
  Task<void> write_and_check();
  Task<void> close();
  Task<void> one_file();
  Task<void> held_file();
  std::size_t opens_of(const std::string& path);

  Scene& scene_;
  std::string name_;
  std::uint64_t number_;
  Channels channels_;
  Client& holder_;
  Rng& rng_;
  std::uint16_t sequence_ = 0;
  std::uint64_t files_ = 0;
  smb2::FileId file_;
  smb2::CreateAction action_{};
  std::uint64_t value_ = 0;
};

Task<Answer> ReplayStory::until_answered(Part part) {
  for (int i = 0; i < kMaxTries && !failed(); ++i) {
    Client* channel = channels_.some();
    if (channel == nullptr) break;
    part.channel_sequence = sequence_;
    Part once = part;
    Answer answer = co_await channel->call(std::move(once));
    if (!answer.lost && !(part.replay && answer.status == NtStatus::kFileNotAvailable))
      co_return answer;
    if (answer.lost) {
      // Who notices the loss counts it; twice is no harm.
      ++sequence_;
      part.replay = true;
      count("sent again");
    } else {
      count("still under way");
      co_await ports::sleep_for(loop(), rng_.between(500, 5'000));
    }
  }
  if (!failed()) wrong("a request is never answered");
  co_return lost_answer();
}

Task<bool> ReplayStory::create(const std::string& path, smb2::CreateDisposition disposition) {
  smb2::CreateRequest request;
  request.desired_access = access::kAll;
  request.share_access = smb2::ShareAccess::kAll;
  request.create_disposition = disposition;
  ByteVec name = to_utf16le(path);
  request.name = name;
  smb2::CreateContextList contexts;
  smb2::DurableHandleRequestV2 durable;
  store_u64(durable.create_guid.octets.data(), ++files_);
  contexts.durable_handle_request_v2 = durable;
  if (rng_.one_in(3)) request.requested_oplock_level = smb2::OplockLevel::kBatch;
  Buffer chain;
  Writer writer(chain);
  encode(contexts, writer);
  request.create_contexts = chain.view();
  Answer answer = co_await until_answered({smb2::Command::kCreate, message_of(request)});
  if (answer.lost) co_return false;
  smb2::CreateResponse response;
  if (answer.status != NtStatus::kSuccess || !decode(answer.message, response)) {
    wrong("CREATE of " + path + " got " + to_string(answer.status));
    co_return false;
  }
  file_ = response.file_id;
  action_ = response.create_action;
  co_return true;
}

/// Once a WRITE is answered, nothing of it is under way on a lost channel any more.
Task<void> ReplayStory::write_and_check() {
  ByteVec data(kSize, static_cast<std::uint8_t>(++value_));
  Answer answer = co_await until_answered(write_part(file_, 0, data));
  if (answer.lost) co_return;
  if (answer.status != NtStatus::kSuccess) co_return wrong("WRITE got " + to_string(answer.status));
  // As long as the disk may take for one that is late.
  if (rng_.one_in(2)) co_await ports::sleep_for(loop(), rng_.below(20'000));
  answer = co_await until_answered(read_part(file_, 0, kSize));
  if (answer.lost) co_return;
  smb2::ReadResponse response;
  if (answer.status != NtStatus::kSuccess || !decode(answer.message, response))
    co_return wrong("READ got " + to_string(answer.status));
  if (to_vec(response.data) != data) wrong("an older WRITE came after the latest");
}

Task<void> ReplayStory::close() {
  Answer answer = co_await until_answered(close_part(file_));
  // The one whose answer was lost has closed it.
  if (!answer.lost && answer.status != NtStatus::kSuccess && answer.status != NtStatus::kFileClosed)
    wrong("CLOSE got " + to_string(answer.status));
}

std::size_t ReplayStory::opens_of(const std::string& path) {
  std::size_t opens = 0;
  for (const core::OpenListing& open : scene_.server().opens().list())
    opens += open.session == channels_.session().session_id && open.path == path;
  return opens;
}

/// A name that nobody has: it is created, once.
Task<void> ReplayStory::one_file() {
  std::string path = name_ + " " + std::to_string(files_);
  if (!co_await create(path, smb2::CreateDisposition::kCreate)) co_return;
  if (action_ != smb2::CreateAction::kCreated) wrong("the file was there before it was created");
  if (opens_of(path) != 1) wrong("a CREATE has made " + std::to_string(opens_of(path)) + " opens");
  for (std::uint64_t i = rng_.between(1, 6); i != 0 && !failed(); --i) co_await write_and_check();
  if (!failed()) co_await close();
}

/// Another client keeps the file to itself, and takes its time to give it up.
Task<void> ReplayStory::held_file() {
  OpenArgs args;
  args.path = name_ + " held " + std::to_string(files_);
  args.oplock = smb2::OplockLevel::kLease;
  args.lease.version = 2;
  args.lease.lease_state = State::kReadCaching | State::kWriteCaching | State::kHandleCaching;
  store_u64(args.lease.lease_key.octets.data(), files_ + 1);
  args.lease.lease_key.octets[15] = static_cast<std::uint8_t>(number_ + 1);
  Result<OpenFile> held = co_await open(holder_, args);
  if (!held) co_return wrong("CREATE of the other got " + to_string(held.error()));
  if (!co_await create(args.path, smb2::CreateDisposition::kOpen)) co_return;
  if (opens_of(args.path) != 1)
    wrong("a CREATE that waited has made " + std::to_string(opens_of(args.path)) + " opens");
  count("waited for another client");
  co_await close();
  (void)co_await sim::close(holder_, held->id);
}

Task<void> ReplayStory::run(std::uint64_t rounds) {
  holder_.on_lease_break = [this](const smb2::LeaseBreakNotification& notice) {
    spawn([](ReplayStory& story, smb2::LeaseBreakNotification broken) -> Task<void> {
      co_await ports::sleep_for(story.holder_.loop(), story.rng_.below(200'000));
      (void)co_await acknowledge(story.holder_, broken.lease_key, broken.new_lease_state);
    }(*this, notice));
  };
  NtStatus status = co_await holder_.connect();
  if (status == NtStatus::kSuccess) status = co_await holder_.logon();
  if (status == NtStatus::kSuccess) status = co_await holder_.tree_connect("data");
  if (status == NtStatus::kSuccess) status = co_await channels_.log_on();
  if (status != NtStatus::kSuccess) co_return wrong("cannot log on: " + to_string(status));
  OneShot<bool> lost_enough;
  spawn([](Channels& channels, OneShot<bool>& done) -> Task<void> {
    co_await channels.lose_and_replace();
    done.set(true);
  }(channels_, lost_enough));
  for (std::uint64_t i = 0; i < rounds && !failed(); ++i) {
    if (rng_.one_in(3)) {
      co_await held_file();
    } else {
      co_await one_file();
    }
  }
  channels_.stop();
  (void)co_await lost_enough;
  co_await channels_.end();
  holder_.disconnect();
  co_await holder_.closed();
}

}  // namespace

void run_replay(Scene& scene, const RunOptions&) {
  std::vector<std::unique_ptr<ReplayStory>> stories;
  std::uint64_t sessions = scene.rng().between(1, 2);
  for (std::uint64_t i = 0; i < sessions; ++i) {
    std::string name = "session " + std::to_string(i);
    ClientOptions options = scene.some_options("holder " + std::to_string(i));
    std::erase_if(options.dialects, [](std::uint16_t d) { return d < smb2::Dialect::kSmb300; });
    if (options.dialects.empty()) options.dialects = {smb2::Dialect::kSmb302};
    Client& holder = scene.add_client(options);
    stories.push_back(std::make_unique<ReplayStory>(scene, name, i, holder));
    scene.start(stories.back()->run(scene.rng().between(3, 12)));
  }
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
