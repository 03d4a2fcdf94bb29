// SPDX-License-Identifier: Apache-2.0
#include "cli/state.h"

#include <sys/stat.h>
#include <time.h>

#include <map>

#include "cli/ask.h"
#include "cli/exit_status.h"
#include "cli/text.h"
#include "core/failover/records.h"
#include "platform/store_journal/epoch_file.h"
#include "platform/store_journal/posix_disk.h"
#include "platform/store_journal/scan.h"
#include "ports/stream.h"

namespace holdfast::cli {
namespace {

namespace failover = core::failover;
namespace store = platform::store;
using failover::Epoch;
using wire::state::ConnectionState;
using wire::state::ServerState;
using wire::state::Table;

/// A store as it was read.
struct Contents {
  store::Scan scan;
  std::optional<Epoch> epoch;
  /// Of a record with this table and key.
  std::map<std::pair<std::uint16_t, std::string>, ByteVec> records;
};

std::string hex(Bytes octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::uint8_t octet : octets) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

std::string hex_number(std::uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(number));
  return text;
}

std::string time_text(NtTime time) {
  if (time.ticks == 0) return "";
  const time_t seconds = time.unix_seconds();
  struct tm utc;
  char text[32];
  if (::gmtime_r(&seconds, &utc) == nullptr) return "";
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string endpoint_text(const std::array<std::uint8_t, 16>& address, std::uint16_t port) {
  ports::Endpoint endpoint;
  endpoint.address = address;
  endpoint.port = port;
  const std::string host = endpoint.address_string();
  return (endpoint.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

const char* kind_text(core::DurableKind kind) {
  switch (kind) {
    case core::DurableKind::kNone: return "plain";
    case core::DurableKind::kVersion1:
    case core::DurableKind::kVersion2: return "durable";
    case core::DurableKind::kPersistent: return "persistent";
  }
  return "";
}

const char* state_text(Epoch::State state) {
  switch (state) {
    case Epoch::State::kClean: return "clean";
    case Epoch::State::kActive: return "active";
    case Epoch::State::kTaking: return "taking";
  }
  return "";
}

std::string caches_text(const core::OpenRecord& open) {
  using wire::smb2::OplockLevel;
  switch (open.oplock_level) {
    case OplockLevel::kNone: return "";
    case OplockLevel::kII: return "level2";
    case OplockLevel::kExclusive: return "exclusive";
    case OplockLevel::kBatch: return "batch";
    case OplockLevel::kLease: break;
  }
  if (!open.lease) return "lease";
  std::string text = "lease ";
  if ((open.lease->state & 1) != 0) text += 'r';
  if ((open.lease->state & 4) != 0) text += 'w';
  if ((open.lease->state & 2) != 0) text += 'h';
  return text;
}

std::string problem_text(failover::RecordProblem problem) {
  return problem == failover::RecordProblem::kNewer ? "written by a newer Holdfast"
                                                    : "not readable";
}

Json json_of(const core::OpenRecord& open) {
  Json locks = Json::array();
  for (const auto& lock : open.locks)
    locks.push_back(
        {{"offset", lock.offset}, {"length", lock.length}, {"exclusive", lock.exclusive}});
  Json json = {{"id", hex_number(open.persistent_id)},
               {"kind", kind_text(open.durable)},
               {"create_guid", open.create_guid.to_string()},
               {"client_guid", open.client_guid.to_string()},
               {"user", open.owner_name},
               {"sid", open.owner.to_string()},
               {"share", open.share},
               {"path", open.path},
               {"stream", open.stream},
               {"directory", open.is_directory},
               {"device", open.key.device},
               {"inode", open.key.inode},
               {"access", open.access},
               {"share_access", open.share_access},
               {"options", open.options},
               {"delete_on_close", open.delete_on_close},
               {"created", time_text(open.created)},
               {"timeout_ms", open.durable_timeout_ms},
               {"caches", caches_text(open)},
               {"channel_sequence", open.channel_sequence},
               {"locks", locks}};
  if (open.resilient) json["resilient_timeout_ms"] = open.resilient_timeout_ms;
  if (open.lease) {
    json["lease_key"] = open.lease->key.to_string();
    json["lease_epoch"] = open.lease->epoch;
  }
  if (open.app_instance) json["app_instance"] = open.app_instance->id.to_string();
  return json;
}

Json json_of(const ServerState& server) {
  return {{"server_guid", server.server_guid.to_string()},
          {"next_persistent_id", hex_number(server.next_persistent_id)},
          {"next_session_id", hex_number(server.next_session_id)}};
}

Json json_of(const ConnectionState& connection) {
  return {{"peer", endpoint_text(connection.peer, connection.peer_port)},
          {"local", endpoint_text(connection.local, connection.local_port)},
          {"behind_proxy", (connection.flags & ConnectionState::kBehindProxy) != 0},
          {"accepted", time_text(connection.accepted)}};
}

Json json_of(const Epoch& epoch) {
  return {{"epoch", epoch.number},
          {"state", state_text(epoch.state)},
          {"host", epoch.host},
          {"instance", epoch.instance.to_string()},
          {"boot", epoch.boot.to_string()},
          {"lease_ms", epoch.lease_ms},
          {"renewals", epoch.renewals},
          {"taken", time_text(epoch.taken)}};
}

template <class T>
Json json_of(const char* type, const failover::Record<T>& record) {
  if (!record) return {{"type", type}, {"problem", problem_text(record.error())}};
  Json json = json_of(*record);
  json["type"] = type;
  return json;
}

Json json_of_record(std::uint16_t table, const std::string& key, Bytes value) {
  Json json;
  switch (static_cast<Table>(table)) {
    case Table::kServer: json = json_of("server", failover::decode_server(value)); break;
    case Table::kOpens: json = json_of("open", failover::decode_open(value)); break;
    case Table::kConnections:
      json = json_of("connection", failover::decode_connection(value));
      break;
    default: json = {{"type", "unknown"}, {"table", table}};
  }
  if (json.contains("problem") || json["type"] == "unknown") {
    json["key"] = hex(as_bytes(key));
    json["value"] = hex(value);
  }
  return json;
}

/// Reads all of it; a sentence when it cannot be read.
ports::StoreResult<Contents> read_store(const std::string& path) {
  struct stat st;
  const bool is_file = ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
  const std::size_t slash = path.rfind('/');
  std::string folder = path, name;
  if (is_file) {
    folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    name = slash == std::string::npos ? path : path.substr(slash + 1);
  }
  auto disk = store::open_posix_disk(folder);
  if (!disk) return std::unexpected(disk.error());
  Contents contents;
  auto visit = [&](const store::RecordView& record, const store::Place&, std::uint64_t) {
    std::pair key(record.table, std::string(as_text(record.key)));
    if (record.erased)
      contents.records.erase(key);
    else
      contents.records[key] = to_vec(record.value);
  };
  auto scan =
      is_file ? store::scan_segment(**disk, name, visit) : store::scan_journal(**disk, visit);
  if (!scan) return std::unexpected(scan.error());
  contents.scan = *scan;
  if (is_file) return contents;
  auto epoch = store::read_epoch(**disk);
  if (!epoch) return std::unexpected(epoch.error());
  contents.epoch = *epoch;
  if (contents.scan.segments.empty() && !contents.epoch)
    return std::unexpected(ports::StoreError{NtStatus::kObjectNameNotFound,
                                             "There is no state store in " + path + "."});
  return contents;
}

std::string tail_text(const store::CutTail& tail) {
  return "the last write was not finished: " + std::to_string(tail.octets) + " octets at octet " +
         std::to_string(tail.offset) + " of " + tail.segment + " (batch " +
         std::to_string(tail.sequence) + ") are left out";
}

std::string opens_table(const Contents& contents) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : contents.records) {
    if (key.first != static_cast<std::uint16_t>(Table::kOpens)) continue;
    auto open = failover::decode_open(value);
    if (!open) {
      rows.push_back({hex(as_bytes(key.second)), problem_text(open.error())});
      rows.back().resize(7);
      continue;
    }
    const std::string stream = open->stream.empty() ? "" : ":" + open->stream;
    rows.push_back({hex_number(open->persistent_id), kind_text(open->durable), open->owner_name,
                    open->share, open->path + stream, caches_text(*open),
                    open->locks.empty() ? "" : std::to_string(open->locks.size())});
  }
  return rows.empty() ? std::string("No opens.\n")
                      : table({"OPEN", "KIND", "USER", "SHARE", "PATH", "CACHES", "LOCKS"}, rows);
}

std::string connections_table(const Contents& contents) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : contents.records) {
    if (key.first != static_cast<std::uint16_t>(Table::kConnections)) continue;
    auto c = failover::decode_connection(value);
    if (!c) continue;
    rows.push_back({endpoint_text(c->peer, c->peer_port), endpoint_text(c->local, c->local_port),
                    time_text(c->accepted)});
  }
  return rows.empty() ? std::string("No connections.\n") : table({"PEER", "LOCAL", "SINCE"}, rows);
}

}  // namespace

int state_show_command(const std::string& path) {
  auto contents = read_store(path);
  if (!contents) return say_failed(contents.error().message);
  const store::Scan& scan = contents->scan;
  std::uint64_t size = 0;
  for (const store::SegmentInfo& segment : scan.segments) size += segment.file_size;
  std::string text = "Store " + scan.store.to_string() + ": " +
                     std::to_string(contents->records.size()) + " records, " +
                     std::to_string(scan.next_sequence - 1) + " batches so far, " +
                     octets_text(size) + " in use.\n";
  if (scan.tail) text += "Note: " + tail_text(*scan.tail) + ".\n";
  if (contents->epoch) {
    const Epoch& e = *contents->epoch;
    text += "Epoch " + std::to_string(e.number) + ", " + state_text(e.state) + ", of " +
            (e.host.empty() ? "an unnamed host" : e.host) + ", taken " + time_text(e.taken) + ".\n";
  }
  print(text + "\n" + opens_table(*contents) + "\n" + connections_table(*contents));
  return kDone;
}

int state_check_command(const std::string& path) {
  auto contents = read_store(path);
  if (!contents) return say_failed(contents.error().message);
  for (const store::SegmentInfo& segment : contents->scan.segments)
    print(store::segment_name(segment.header.number) + ": whole, " +
          std::to_string(segment.batches) + " batches from " +
          std::to_string(segment.header.first_sequence) + " on\n");
  if (contents->scan.tail) print("Note: " + tail_text(*contents->scan.tail) + ".\n");
  int status = kDone;
  for (const auto& [key, value] : contents->records) {
    const Json json = json_of_record(key.first, key.second, value);
    if (json.contains("problem"))
      status = say_failed("record " + hex(as_bytes(key.second)) + " of table " +
                          std::to_string(key.first) + ": " + json["problem"].get<std::string>());
  }
  if (status == kDone) print("Nothing is damaged.\n");
  return status;
}

int state_export_command(const std::string& path) {
  auto contents = read_store(path);
  if (!contents) return say_failed(contents.error().message);
  const auto line = [](const Json& json) {
    // Names of files need not be UTF-8.
    print(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  };
  line({{"type", "store"},
        {"id", contents->scan.store.to_string()},
        {"sequence", contents->scan.next_sequence - 1},
        {"segments", contents->scan.segments.size()}});
  if (contents->epoch) {
    Json json = json_of(*contents->epoch);
    json["type"] = "epoch";
    line(json);
  }
  for (const auto& [key, value] : contents->records)
    line(json_of_record(key.first, key.second, value));
  return kDone;
}

}  // namespace holdfast::cli
