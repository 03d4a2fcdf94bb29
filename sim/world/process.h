// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::sim {

class SimExecutor;
struct RootFrame;

/// A process of a simulated machine: its loops, and the coroutines that they have started. It can
/// end as one does that is killed: nothing of it goes on, and what its coroutines hold is given
/// back without resuming them.
class Process {
 public:
  Process(std::string name, std::uint64_t number) : name_(std::move(name)), number_(number) {}
  /// Kills it.
  ~Process();
  Process(const Process&) = delete;

  const std::string& name() const { return name_; }
  std::uint64_t number() const { return number_; }
  bool is_alive() const { return alive_; }

  /// Called by the loops of the process.
  void add(SimExecutor& loop) { loops_.push_back(&loop); }
  void remove(SimExecutor& loop) { std::erase(loops_, &loop); }

  /// Nothing of it runs before that virtual time: it is stopped, or its machine does other things.
  /// What the kernel does for it goes on.
  void freeze_until(std::uint64_t us) { frozen_until_us_ = us; }
  std::uint64_t frozen_until_us() const { return frozen_until_us_; }

  /// From outside of it. What was on its way to the disk may be done still, by the seed.
  void kill();
  /// Coroutines that nobody owns and that have not ended.
  std::size_t roots() const;

  /// Whose code runs now; nullptr: the world's.
  static Process* current();

  class Scope {
   public:
    explicit Scope(Process* process);
    ~Scope();
    Scope(const Scope&) = delete;

   private:
    Process* before_;
  };

 private:
  friend struct RootFrame;
  std::string name_;
  std::uint64_t number_;
  bool alive_ = true;
  std::uint64_t frozen_until_us_ = 0;
  std::vector<SimExecutor*> loops_;
  RootFrame* first_ = nullptr;
};

}  // namespace holdfast::sim
