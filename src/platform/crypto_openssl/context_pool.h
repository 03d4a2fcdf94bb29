// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>

namespace holdfast::platform {

/// Keeps a few idle contexts of one key, so that threads that share the key do not share a context.
/// Lock-free; any thread may take and put.
template <class Context, void (*kFree)(Context*)>
class ContextPool {
 public:
  ContextPool() = default;
  ContextPool(const ContextPool&) = delete;
  ContextPool& operator=(const ContextPool&) = delete;
  ~ContextPool() {
    for (auto& slot : slots_) {
      if (Context* context = slot.load(std::memory_order_acquire)) kFree(context);
    }
  }

  /// A context nobody else has, or null if none is idle.
  Context* take() {
    for (auto& slot : slots_) {
      if (slot.load(std::memory_order_relaxed) == nullptr) continue;
      if (Context* context = slot.exchange(nullptr, std::memory_order_acquire)) return context;
    }
    return nullptr;
  }

  /// Gives a context back; frees it if enough are idle.
  void put(Context* context) {
    for (auto& slot : slots_) {
      Context* expected = nullptr;
      if (slot.compare_exchange_strong(expected, context, std::memory_order_release,
                                       std::memory_order_relaxed)) {
        return;
      }
    }
    kFree(context);
  }

 private:
  std::array<std::atomic<Context*>, 4> slots_{};
};

/// A context for the length of one operation: from the pool, or made by `make`.
template <class Context, void (*kFree)(Context*)>
class Borrowed {
 public:
  template <class Make>
  Borrowed(ContextPool<Context, kFree>& pool, Make make) : pool_(pool), context_(pool.take()) {
    if (context_ == nullptr) context_ = make();
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { pool_.put(context_); }
  Context* get() const { return context_; }

 private:
  ContextPool<Context, kFree>& pool_;
  Context* context_;
};

}  // namespace holdfast::platform
