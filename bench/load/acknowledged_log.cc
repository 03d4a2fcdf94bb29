// SPDX-License-Identifier: Apache-2.0
#include "bench/load/acknowledged_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

#include "base/bytes.h"
#include "sim/world/rng.h"

namespace holdfast::load {
namespace {

constexpr char kMagic[8] = {'H', 'F', 'L', 'O', 'A', 'D', '0', '1'};
constexpr std::size_t kHeaderSize = 32;
/// kind, file, number, offset, length: 4 octets each.
constexpr std::size_t kRecordSize = 20;
constexpr std::size_t kMaxDifferences = 50;

std::runtime_error cannot(const std::string& what, const std::string& path) {
  return std::runtime_error("cannot " + what + " " + path + ": " + std::strerror(errno));
}

ByteVec read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw cannot("open", path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What one file should hold.
struct Expected {
  ByteVec content;
  /// Acknowledged octets end here; a file may be longer by what is under way.
  std::size_t least_size = 0;
  std::map<std::uint32_t, Written> under_way;
};

std::vector<Expected> replay(Bytes records, const Layout& layout, CheckResult& result) {
  std::vector<Expected> files(layout.files());
  for (Expected& file : files) file.content.resize(layout.size);
  for (; records.size() >= kRecordSize; records = records.subspan(kRecordSize)) {
    const std::uint8_t* r = records.data();
    Written write{load_u32(r + 4), load_u32(r + 8), load_u32(r + 12), load_u32(r + 16)};
    if (write.file >= files.size() || write.offset > layout.size ||
        write.length > layout.size - write.offset)
      throw std::runtime_error("the log holds a record that is none");
    Expected& file = files[write.file];
    if (load_u32(r) == static_cast<std::uint32_t>(AcknowledgedLog::Kind::kSent)) {
      file.under_way[write.number] = write;
      continue;
    }
    file.under_way.erase(write.number);
    fill_content(layout.seed, write, MutBytes(file.content).subspan(write.offset, write.length));
    file.least_size = std::max<std::size_t>(file.least_size, write.offset + write.length);
    ++result.acknowledged_writes;
    result.acknowledged_octets += write.length;
  }
  for (const Expected& file : files) result.open_writes += file.under_way.size();
  return files;
}

/// The first octet that is neither what was acknowledged nor under way; or empty.
std::string difference(const Layout& layout, const Expected& expected, Bytes found) {
  if (found.size() < expected.least_size)
    return "has " + std::to_string(found.size()) + " octets of " +
           std::to_string(expected.least_size) + " that were acknowledged";
  if (found.size() > layout.size) return "has " + std::to_string(found.size()) + " octets";
  ByteVec content = expected.content;
  for (const auto& [number, write] : expected.under_way) {
    ByteVec fresh(write.length);
    fill_content(layout.seed, write, fresh);
    for (std::size_t i = 0; i < fresh.size() && write.offset + i < found.size(); ++i)
      if (found[write.offset + i] == fresh[i]) content[write.offset + i] = fresh[i];
  }
  auto [at, other] = std::mismatch(found.begin(), found.end(), content.begin());
  if (at == found.end()) return {};
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i) wrong += found[i] != content[i] ? 1 : 0;
  return std::to_string(wrong) + " octets from " + std::to_string(at - found.begin()) +
         " on are not what was acknowledged (there is " + std::to_string(*at) + " instead of " +
         std::to_string(*other) + ")";
}

}  // namespace

std::string file_name(const Layout& layout, std::uint32_t file) {
  char name[32];
  std::snprintf(name, sizeof name, "c%03u-o%02u", file / layout.opens, file % layout.opens);
  return name;
}

void fill_content(std::uint64_t seed, const Written& write, MutBytes out) {
  std::uint64_t base =
      sim::mix(seed ^ sim::mix(static_cast<std::uint64_t>(write.file) << 32 | write.number));
  for (std::size_t i = 0; i < out.size(); i += 8) {
    std::uint8_t word[8];
    store_u64(word, sim::mix(base + i));
    std::copy_n(word, std::min<std::size_t>(8, out.size() - i), out.data() + i);
  }
}

AcknowledgedLog::AcknowledgedLog(const std::string& path, const Layout& layout)
    : path_(path), file_(std::fopen(path.c_str(), "we")) {
  if (file_ == nullptr) throw cannot("make", path);
  std::uint8_t header[kHeaderSize] = {};
  std::copy_n(kMagic, sizeof kMagic, header);
  store_u64(header + 8, layout.seed);
  store_u32(header + 16, layout.clients);
  store_u32(header + 20, layout.opens);
  store_u32(header + 24, layout.size);
  (void)std::fwrite(header, 1, sizeof header, file_.get());
}

void AcknowledgedLog::append(const Written& write, Kind kind) {
  std::uint8_t record[kRecordSize];
  store_u32(record, static_cast<std::uint32_t>(kind));
  store_u32(record + 4, write.file);
  store_u32(record + 8, write.number);
  store_u32(record + 12, write.offset);
  store_u32(record + 16, write.length);
  (void)std::fwrite(record, 1, sizeof record, file_.get());
}

void AcknowledgedLog::flush() {
  if (std::fflush(file_.get()) != 0 || std::ferror(file_.get()) != 0) throw cannot("write", path_);
}

CheckResult check_log(const std::string& log, const std::string& share_path, bool complete) {
  ByteVec octets = read_whole(log);
  if (octets.size() < kHeaderSize || !std::equal(kMagic, kMagic + sizeof kMagic, octets.begin()))
    throw std::runtime_error(log + " is no log of the load generator");
  const std::uint8_t* h = octets.data();
  Layout layout{load_u64(h + 8), load_u32(h + 16), load_u32(h + 20), load_u32(h + 24)};
  CheckResult result;
  std::vector<Expected> files = replay(Bytes(octets).subspan(kHeaderSize), layout, result);
  auto differs = [&](const std::string& what) {
    if (result.differences.size() < kMaxDifferences) result.differences.push_back(what);
  };
  std::filesystem::path folder = std::filesystem::path(share_path) / kFolder;
  std::set<std::string> known;
  for (std::uint32_t i = 0; i < layout.files(); ++i) {
    std::string name = file_name(layout, i);
    known.insert(name);
    ByteVec found = read_whole(folder / name);
    ++result.files;
    std::string what = difference(layout, files[i], found);
    if (!what.empty()) differs(name + " " + what);
  }
  if (!complete) return result;
  if (result.open_writes != 0)
    differs(std::to_string(result.open_writes) + " writes were never acknowledged");
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (!known.contains(entry.path().filename()))
      differs(entry.path().filename().string() + " was left behind");
  return result;
}

}  // namespace holdfast::load
