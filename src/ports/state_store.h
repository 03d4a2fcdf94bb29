// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"
#include "ports/executor.h"

namespace holdfast::ports {

/// Why a store did not do what it was asked: a status for whoever answers a client, and a sentence
/// for an administrator that names what and where.
struct StoreError {
  NtStatus status = NtStatus::kUnexpectedIoError;
  std::string message;
};

template <class T>
using StoreResult = std::expected<T, StoreError>;

/// A record of a store. Tables are numbered by whoever keeps records in them (wire/state).
struct StoreRecord {
  std::uint16_t table = 0;
  ByteVec key;
  ByteVec value;
};

/// A change of one record; views that need to live only during the call.
struct StoreChange {
  std::uint16_t table = 0;
  Bytes key;
  /// nullopt: the record is erased.
  std::optional<Bytes> value;
};

/// Bounds of one record.
inline constexpr std::size_t kMaxStoreKey = 1024;
inline constexpr std::size_t kMaxStoreValue = 4u << 20;

/// A map of records, (table, key) -> value, that survives the process and the machine.
///
/// What holds after a crash: every change before a commit() that succeeded is there; changes are
/// there in the order in which they were made, up to some point (a later one never without an
/// earlier one); the changes of one apply() are there all or not at all.
///
/// Thread-safe.
class StateStore {
 public:
  virtual ~StateStore() = default;

  /// Enters changes, in order, and returns at once. They become durable with the next commit().
  /// kInvalidParameter: a key or value beyond its bound. kInsufficientResources: the store holds
  /// all that it may, or a failing disk has kept too much waiting. Nothing is entered then.
  virtual Result<void> apply(std::span<const StoreChange> changes) = 0;

  /// Succeeds when all that was entered before is durable. All changes that are entered in one turn
  /// of a loop, and all that come while earlier ones are being written, share one write.
  ///
  /// An error says that it is not durable now. What was entered is kept and written again with the
  /// next commit(), which succeeds when the cause is gone; so whoever refuses a client because of
  /// an error also erases (or enters again) what it had entered for it.
  virtual Task<StoreResult<void>> commit(Executor& loop) = 0;

  /// All records, in no particular order. Before the first change only.
  virtual Task<StoreResult<std::vector<StoreRecord>>> load(Executor& loop) = 0;

  Result<void> put(std::uint16_t table, Bytes key, Bytes value) {
    StoreChange change{table, key, value};
    return apply({&change, 1});
  }
  Result<void> erase(std::uint16_t table, Bytes key) {
    StoreChange change{table, key, std::nullopt};
    return apply({&change, 1});
  }
};

}  // namespace holdfast::ports
