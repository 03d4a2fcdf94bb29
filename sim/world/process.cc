// SPDX-License-Identifier: Apache-2.0
#include "sim/world/process.h"

#include <coroutine>
#include <new>
#include <utility>

#include "base/task.h"
#include "sim/world/executor.h"

namespace holdfast::sim {

namespace {
Process* running = nullptr;
}  // namespace

/// In front of each frame that nobody owns.
struct alignas(16) RootFrame {
  Process* process = nullptr;
  RootFrame* before = nullptr;
  RootFrame* next = nullptr;

  void enter(Process* owner) {
    process = owner;
    if (owner == nullptr) return;
    next = owner->first_;
    if (next != nullptr) next->before = this;
    owner->first_ = this;
  }
  void leave() {
    if (process == nullptr) return;
    (before != nullptr ? before->next : process->first_) = next;
    if (next != nullptr) next->before = before;
  }
};

Process::~Process() { kill(); }

void Process::kill() {
  HF_ASSERT(running != this);
  if (!alive_) return;
  alive_ = false;
  for (SimExecutor* loop : loops_) loop->finish_blocking();
  Scope scope(this);
  // The destructor of one may start another.
  while (first_ != nullptr) std::coroutine_handle<>::from_address(first_ + 1).destroy();
  for (SimExecutor* loop : loops_) loop->drop_all();
  while (first_ != nullptr) std::coroutine_handle<>::from_address(first_ + 1).destroy();
}

std::size_t Process::roots() const {
  std::size_t count = 0;
  for (RootFrame* frame = first_; frame != nullptr; frame = frame->next) ++count;
  return count;
}

Process* Process::current() { return running; }

Process::Scope::Scope(Process* process) : before_(std::exchange(running, process)) {}
Process::Scope::~Scope() { running = before_; }

}  // namespace holdfast::sim

namespace holdfast::task_detail {

using sim::RootFrame;

void* allocate_root(std::size_t size) {
  auto* root = new (::operator new(size + sizeof(RootFrame))) RootFrame;
  root->enter(sim::Process::current());
  return root + 1;
}

void free_root(void* frame, std::size_t size) noexcept {
  RootFrame* root = static_cast<RootFrame*>(frame) - 1;
  root->leave();
  ::operator delete(root, size + sizeof(RootFrame));
}

}  // namespace holdfast::task_detail
