// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "bench/load/persistent_client.h"

namespace holdfast::load {

/// A client of a run: some opens that it keeps, with two writers each, and one file after the other
/// that it makes, fills and closes, which deletes it.
class LoadClient {
 public:
  LoadClient(Run& run, std::uint32_t index);

  /// Opens its files; false: it cannot.
  Task<bool> begin();
  /// Works until the run stops, and closes everything.
  Task<void> work();

  void cut() { client_.cut(); }
  bool connected() const { return client_.connected(); }

 private:
  /// One of the files that stay open.
  struct Kept {
    Handle handle;
    std::uint32_t file = 0;
    std::uint32_t writes = 0;
    Guarded guarded;
    /// It holds a byte-range lock, with this LockSequence.
    std::uint32_t lock_sequence = 0;
  };

  Task<bool> open_kept(Kept& kept);
  Task<bool> lock(Kept& kept, std::uint32_t flags);
  Task<void> keep_writing(Kept& kept, std::uint32_t begin, std::uint32_t end);
  Task<void> write_once(Kept& kept, std::uint32_t begin, MutBytes model);
  Task<void> read_back(Kept& kept, std::uint32_t begin, Bytes model);
  Task<void> keep_making(std::uint32_t maker);
  Task<bool> fill_and_compare(Handle& handle);
  Task<void> think();
  void ended();
  void fail(const std::string& what);

  Run& run_;
  std::uint32_t index_;
  PersistentClient client_;
  std::vector<std::unique_ptr<Kept>> kept_;
  std::size_t working_ = 0;
  OneShot<bool> all_ended_;
};

}  // namespace holdfast::load
