// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "base/assert.h"

namespace holdfast {

template <class T>
class Task;

namespace task_detail {

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
    // Nothing of this frame may be touched after resume(): the awaiting coroutine destroys it.
    if (auto waiting = self.promise().continuation) waiting.resume();
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation;

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;

  Task<T> get_return_object();
  template <class U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace task_detail

/// A coroutine that starts when it is awaited and yields one T.
///
/// A Task lives on one loop: it is started, resumed and destroyed by that loop's thread only. A
/// child that finishes without waiting costs no suspension of its parent, and one that finishes
/// later resumes its parent from its last suspension point: no symmetric transfer, whose tail call
/// sanitizer builds do not make (docs/decisions/). Destroying a Task that has not finished destroys
/// its frame, so whoever owns a suspended Task must know that no kernel or pool still uses the
/// frame's memory; handlers therefore run detached (spawn) and end by themselves.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) noexcept {
    handle_.resume();
    if (handle_.done()) return false;
    handle_.promise().continuation = waiting;
    return true;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

namespace task_detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

/// The memory of a frame that nobody owns (spawn). A program may have its own of both, to know all
/// frames that wait (sim/world/process.h).
void* allocate_root(std::size_t size);
void free_root(void* frame, std::size_t size) noexcept;

struct Detached {
  struct promise_type {
    static void* operator new(std::size_t size) { return allocate_root(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_root(frame, size); }
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

inline Detached run_detached(Task<void> task) { co_await task; }

}  // namespace task_detail

/// Starts a task now and lets it end by itself. Its frame frees itself.
inline void spawn(Task<void> task) { task_detail::run_detached(std::move(task)); }

/// A value that one side sets once and one coroutine awaits; both on one loop. The setter must not
/// outlive the OneShot: keep it in the awaiting frame or in a shared owner.
template <class T>
class OneShot {
 public:
  OneShot() = default;
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;

  bool is_set() const { return value_.has_value(); }
  /// Sets the value and, if somebody waits, resumes it before returning. Setting twice is an error.
  void set(T value) {
    HF_ASSERT(!value_);
    value_.emplace(std::move(value));
    if (waiting_) std::exchange(waiting_, {}).resume();
  }

  bool await_ready() const noexcept { return value_.has_value(); }
  void await_suspend(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }
  T await_resume() { return std::move(*value_); }

 private:
  std::optional<T> value_;
  std::coroutine_handle<> waiting_;
};

}  // namespace holdfast
