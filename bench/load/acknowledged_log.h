// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

/// What was written where, and which of it the server has acknowledged; and the check of that
/// against the files on the server's disk.
namespace holdfast::load {

/// The files of a run: `clients` times `opens` of them, each of `size` octets at most.
struct Layout {
  std::uint64_t seed = 0;
  std::uint32_t clients = 0;
  std::uint32_t opens = 0;
  std::uint32_t size = 0;

  std::uint32_t files() const { return clients * opens; }
};

/// "c007-o03": its name below kFolder.
std::string file_name(const Layout& layout, std::uint32_t file);
inline constexpr char kFolder[] = "load";

/// One WRITE: content depends on seed, file and number alone.
struct Written {
  std::uint32_t file = 0;
  /// From 1, each once in its file.
  std::uint32_t number = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

void fill_content(std::uint64_t seed, const Written& write, MutBytes out);

/// Appends what happens to a file. Two writes that are under way at once in one file never overlap,
/// so the order of the records is the order of the octets.
class AcknowledgedLog {
 public:
  /// Throws std::runtime_error when the file cannot be made.
  AcknowledgedLog(const std::string& path, const Layout& layout);

  void sent(const Written& write) { append(write, Kind::kSent); }
  void acknowledged(const Written& write) { append(write, Kind::kAcknowledged); }
  /// Everything is in the file when it returns. Throws std::runtime_error.
  void flush();

  enum class Kind : std::uint32_t { kSent = 1, kAcknowledged = 2 };

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void append(const Written& write, Kind kind);

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

struct CheckResult {
  std::uint64_t files = 0;
  std::uint64_t acknowledged_writes = 0;
  std::uint64_t acknowledged_octets = 0;
  /// Writes that nobody acknowledged (yet): each of their octets may be old or new.
  std::uint64_t open_writes = 0;
  std::vector<std::string> differences;
};

/// Compares the folder on the server's disk with the log: every octet is the one that was
/// acknowledged last, or one that is under way. complete: no write is under way, and there are no
/// other files. Throws std::runtime_error when either cannot be read.
CheckResult check_log(const std::string& log, const std::string& share_path, bool complete);

}  // namespace holdfast::load
