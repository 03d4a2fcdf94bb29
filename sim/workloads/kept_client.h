// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "sim/client/operations.h"
#include "sim/workloads/cluster.h"

namespace holdfast::sim {

/// A file as its owner knows it, and as others may know it.
struct KeptFile {
  static constexpr std::size_t kBlock = 512;
  static constexpr std::size_t kBlocks = 8;

  std::string path;
  /// A rename that was asked for and not answered.
  std::string renaming_to;
  bool is_directory = false;
  /// Nobody else may open it.
  bool exclusive = false;
  /// Its owner certainly has it open.
  bool is_held = false;
  /// Of each block: the number that was acknowledged last.
  std::array<std::uint64_t, kBlocks> values{};
  /// Its owner certainly holds the lock of that block, through the first of its opens.
  std::array<bool, kBlocks> locked{};
  bool delete_pending = false;
  /// Its handle is a durable one that is not persistent, with a lease: who wants the file while its
  /// client is away may have it, and nothing of it is on the disk for sure.
  bool only_durable = false;
  /// A rival has wanted it.
  bool contended = false;
  /// Zeros: no lease.
  Guid lease;
  std::uint32_t lease_state = 0;
  /// A CREATE that asks for all of it is not answered.
  bool lease_asked = false;
  /// Breaks that were heard of, and acknowledgements that were answered.
  std::uint64_t breaks = 0;
};

/// A persistent open, or a durable one.
struct KeptOpen {
  KeptFile* file = nullptr;
  Guid create_guid;
  wire::smb2::FileId id;
  /// As it was asked for.
  bool is_promised = false;
  std::uint64_t breaks_before = 0;
  /// CLOSE was sent: it may be closed.
  bool closing = false;
  /// It did not come back, and did not have to.
  bool is_lost = false;
};

/// A client that keeps its handles whatever happens to the server: it logs on again, reclaims them,
/// and sends again what was not answered.
class KeptClient {
 public:
  KeptClient(Cluster& cluster, Client& client);

  Cluster& cluster() { return cluster_; }
  Client& client() { return client_; }
  Rng& rng() { return rng_; }
  ports::Executor& loop() { return client_.loop(); }
  /// The story is over: something was wrong, or it came back when its time was over.
  bool failed() const { return cluster_.failed() || too_late_; }
  /// Whether the server must still keep everybody off its handles.
  bool is_in_time() const;
  void wrong(const std::string& what);
  std::list<KeptFile>& files() { return files_; }
  std::list<KeptOpen>& opens() { return opens_; }
  std::list<KeptOpen>::iterator first_open_of(const KeptFile& file);
  /// Forgets handles that are lost.
  void drop_lost();

  /// Connected, logged on, and all opens reclaimed. False: the story has failed.
  Task<bool> come_back();
  /// Sends it again, as a replay, until it is answered. make: with the FileIds of now.
  Task<Answer> until_answered(std::function<Part()> make);

  /// An open of a file; disposition kCreate: one that nobody has made. nullptr: it could not be
  /// made, or the story has failed.
  Task<KeptOpen*> open(KeptFile& file, wire::smb2::CreateDisposition disposition);
  Task<bool> close(KeptOpen& open);
  Task<bool> write(KeptOpen& open, std::size_t block);
  Task<bool> check(KeptOpen& open);
  Task<bool> lock(KeptOpen& open, std::size_t block);
  /// Any lock or unlocking, with a sequence number of its own.
  Task<NtStatus> lock_request(KeptOpen& open, std::size_t block, std::uint32_t flags);
  Task<bool> unlock(KeptOpen& open, std::size_t block);
  Task<bool> rename(KeptOpen& open, const std::string& path);
  Task<bool> mark_to_go(KeptOpen& open);
  /// Closes all opens of the file, which is deleted if it was marked.
  Task<bool> finish(KeptFile& file);
  /// A handle that was closed does not come back.
  Task<bool> check_closed_stay_closed();
  /// Logs off or just goes.
  Task<void> leave();

 private:
  Task<bool> log_on();
  Task<NtStatus> reclaim_all(bool in_time);
  Task<NtStatus> reclaim(KeptOpen& open, const std::string& path);
  Task<void> use_lost(const KeptOpen& open);
  Task<Answer> patient(Part part);
  Part create_part(const KeptOpen& open, const std::string& path,
                   wire::smb2::CreateDisposition disposition, bool reclaim);
  bool take(const Answer& answer, KeptOpen& open, bool reclaim);
  bool may_be_lost(const KeptFile& file) const;
  void lease_broken(const wire::smb2::LeaseBreakNotification& notice);
  std::list<KeptOpen>::iterator iterator_of(KeptOpen& open);
  bool deleted_stay_deleted();

  Cluster& cluster_;
  Client& client_;
  Rng& rng_;
  std::list<KeptFile> files_;
  std::list<KeptOpen> opens_;
  /// The last one with each machine, which is told when that one comes to it again.
  std::map<std::size_t, std::uint64_t> sessions_;
  std::uint16_t sequence_ = 0;
  std::uint8_t lock_number_ = 0;
  /// When the last answer came.
  std::uint64_t last_answer_us_ = 0;
  bool too_late_ = false;
  std::uint64_t value_ = 0;
  /// Paths of files that were deleted, with nobody but this client having them open.
  std::vector<std::string> deleted_;
  /// The last one that was closed.
  KeptFile closed_file_;
  KeptOpen closed_;
};

/// Tries to get at the others' files until `others` are done: locks and opens that exclude it, and
/// what is read there.
Task<void> kept_rival(Cluster& cluster, Client& client, std::vector<KeptClient*> others,
                      const std::size_t& working);

}  // namespace holdfast::sim
