// SPDX-License-Identifier: Apache-2.0
#include "app/config/schema.h"

#include <algorithm>
#include <iterator>

#include "app/config/address.h"
#include "base/utf16.h"
#include "core/dfs/dfs.h"
#include "service/logon/user_db.h"

namespace holdfast::app {
namespace {

using wire::smb2::Cipher;
namespace Dialect = wire::smb2::Dialect;
using wire::smb2::SigningAlgorithm;

constexpr std::uint16_t kDialects[] = {Dialect::kSmb202, Dialect::kSmb210, Dialect::kSmb300,
                                       Dialect::kSmb302, Dialect::kSmb311};
constexpr Cipher kCiphers[] = {Cipher::kAes128Gcm, Cipher::kAes256Gcm, Cipher::kAes128Ccm,
                               Cipher::kAes256Ccm};
constexpr SigningAlgorithm kSigningAlgorithms[] = {
    SigningAlgorithm::kAesGmac, SigningAlgorithm::kAesCmac, SigningAlgorithm::kHmacSha256};

const std::vector<std::string_view> kDialectNames = {"2.0.2", "2.1", "3.0", "3.0.2", "3.1.1"};
const std::vector<std::string_view> kRequirementNames = {"off", "desired", "required"};
const std::vector<std::string_view> kEncryptionNames = {"off", "desired", "required", "offered"};

const std::vector<std::string_view> kClusterNames = {"none", "failover", "scaleout"};
const std::vector<std::string_view> kMaxLeaseNames = {"auto", "none", "r", "rh", "rwh"};

core::Requirement requirement(const Value& v) { return static_cast<core::Requirement>(v.choice); }

std::string check_netbios(const Value& v) {
  if (v.text.empty() || v.text.size() > 15) return "expected 1 to 15 characters";
  for (char c : v.text)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F ||
        std::string_view("\\/:*?\"<>|,.").find(c) != std::string_view::npos)
      return "expected letters, digits and -";
  return "";
}

std::string check_workgroup(const Value& v) { return v.text.empty() ? "" : check_netbios(v); }

std::string check_comment(const Value& v) {
  if (!is_valid_utf8(v.text)) return "expected UTF-8";
  return v.text.size() <= 256 ? "" : "expected at most 256 octets";
}

std::string check_absolute(const Value& v) {
  return !v.text.empty() && v.text.front() == '/' ? ""
                                                  : "expected an absolute path (it begins with /)";
}

std::string check_absolute_or_none(const Value& v) {
  return v.text.empty() ? "" : check_absolute(v);
}

std::string check_not_blank(const Value& v) { return v.text.empty() ? "expected a text" : ""; }

std::string check_dfs_links(const Value& v) {
  for (const std::string& text : v.list)
    if (core::ParsedDfsLink parsed = core::parse_dfs_link(text); !parsed.link)
      return parsed.error + " (\"" + text + "\")";
  return "";
}

std::string check_address(const Value& v) {
  return parse_address(v.text, 0) ? "" : "expected an IPv4 or IPv6 address, or \"*\" for all";
}

std::string check_address_ranges(const Value& v) {
  for (const std::string& text : v.list)
    if (!parse_address_range(text))
      return "expected addresses or networks like \"10.0.0.0/8\" (\"" + text + "\" is none)";
  return "";
}

std::string check_channel_addresses(const Value& v) {
  for (const std::string& text : v.list)
    if (!parse_channel_address(text))
      return "expected addresses with their speed like \"192.0.2.1 10Gbit rss\" (\"" + text +
             "\" is none)";
  return "";
}

std::string check_moving_address(const Value& v) {
  return v.text.empty() || parse_moving_address(v.text)
             ? ""
             : "expected an address with its network like \"192.0.2.10/24\"";
}

std::string check_share_name(const Value& v) { return share_name_error(v.text); }

std::string check_users(const Value& v) {
  for (const std::string& name : v.list)
    if (const char* error = service::user_name_error(name))
      return "expected users' names (\"" + name + "\": " + error + ")";
  return "";
}

std::string check_patterns(const Value& v) {
  for (const std::string& text : v.list)
    if (text.empty() || text.find_first_of("/\\") != std::string::npos || !is_valid_utf8(text))
      return "expected names without their directories (\"" + text + "\" is none)";
  return "";
}

std::string check_not_empty(const Value& v) {
  return v.choices.empty() ? "expected at least one" : "";
}

// The tables are data; the formatter would give each argument a line.
// clang-format off
Table server_table() {
  return {"server",
          false,
          "The server as a whole.",
          {
              {"name", Kind::kText, "\"HOLDFAST\"",
               "The name that clients see, at most 15 characters; also the domain of its users.",
               Takes::kNewConnections, [](Config& c, const Value& v) { c.server.name = v.text; },
               {}, 0, 0, false, check_netbios},
              {"comment", Kind::kText, "\"\"", "Shown beside the name.", Takes::kAtOnce,
               [](Config& c, const Value& v) { c.server.comment = v.text; }, {}, 0, 0, false,
               check_comment},
              {"workgroup", Kind::kText, "\"\"",
               "The NetBIOS domain told to clients; empty: the server's own name.",
               Takes::kNewConnections,
               [](Config& c, const Value& v) { c.server.workgroup = v.text; }, {}, 0, 0, false,
               check_workgroup},
              {"state_dir", Kind::kPath, "\"/var/lib/holdfast\"",
               "Where the server keeps what must survive: its identity and its users. Only the "
               "server's own account may read it.",
               Takes::kRestart, [](Config& c, const Value& v) { c.server.state_dir = v.text; }, {},
               0, 0, false, check_absolute},
              {"run_dir", Kind::kPath, "\"/run/holdfast\"", "Where the admin socket is.",
               Takes::kRestart, [](Config& c, const Value& v) { c.server.run_dir = v.text; }, {}, 0,
               0, false, check_absolute},
              {"admin_socket", Kind::kPath, "`run_dir`/admin.sock",
               "The socket that `holdfast status` and the like talk to. Root and the server's own "
               "account may use it.",
               Takes::kRestart, [](Config& c, const Value& v) { c.server.admin_socket = v.text; },
               {}, 0, 0, false, check_absolute},
              {"users_file", Kind::kPath, "`state_dir`/users",
               "The file of users, edited by `holdfast user`.", Takes::kRestart,
               [](Config& c, const Value& v) { c.server.users_file = v.text; }, {}, 0, 0, false,
               check_absolute},
          }};
}

Table listen_table() {
  return {"listen",
          true,
          "An address to listen on. Without any: all addresses, port 445.",
          {
              {"address", Kind::kText, "\"*\"",
               "An IPv4 or IPv6 address; `\"*\"` or `\"::\"` is every address of both kinds, "
               "`\"0.0.0.0\"` every IPv4 address.",
               Takes::kAtOnce, [](Config& c, const Value& v) { c.listen.back().address = v.text; },
               {}, 0, 0, false, check_address},
              {"port", Kind::kNumber, "445",
               "Windows clients know only 445 unless they are told otherwise on every use.",
               Takes::kAtOnce,
               [](Config& c, const Value& v) {
                 c.listen.back().port = static_cast<std::uint16_t>(v.number);
               },
               {}, 1, 65535},
              {"proxy_protocol", Kind::kFlag, "false",
               "Clients come through a proxy that says who they are by the PROXY protocol, version 1 or "
               "2 (nginx: `proxy_protocol on`, HAProxy: `send-proxy-v2`). Connections without it "
               "are refused here.",
               Takes::kAtOnce,
               [](Config& c, const Value& v) { c.listen.back().proxy_protocol = v.flag; }},
              {"proxy_from", Kind::kTextList, "[]",
               "The proxies, by address or network: `[\"192.0.2.5\", \"10.0.0.0/8\"]`. Nobody else "
               "may connect here: whoever may can name any client. Needed with `proxy_protocol`.",
               Takes::kAtOnce,
               [](Config& c, const Value& v) {
                 for (const std::string& text : v.list)
                   if (auto range = parse_address_range(text))
                     c.listen.back().proxy_from.push_back(*range);
               },
               {}, 0, 0, false, check_address_ranges},
          },
          [](Config& c, std::uint32_t line) { c.listen.emplace_back().line = line; }};
}

Table failover_table() {
  return {"failover",
          false,
          "One server after another on the same shares (`continuous_availability`).",
          {
              {"address", Kind::kText, "\"\"",
               "An address that this server takes when it serves its shares and gives back when it "
               "does not, like `\"192.0.2.10/24\"`: two machines and a volume that moves between "
               "them need nothing else. Needs CAP_NET_ADMIN.",
               Takes::kRestart, [](Config& c, const Value& v) { c.failover.address = v.text; }, {},
               0, 0, false, check_moving_address},
              {"interface", Kind::kText, "\"\"",
               "Where `address` is put; empty: the interface whose network it is in.",
               Takes::kRestart, [](Config& c, const Value& v) { c.failover.interface = v.text; }},
              {"lease_seconds", Kind::kNumber, "10",
               "How long a server that is not heard of may still serve a volume that several machines "
               "can have mounted; the next one waits so long. The same for all servers of a volume.",
               Takes::kRestart,
               [](Config& c, const Value& v) {
                 c.failover.lease_s = static_cast<std::uint32_t>(v.number);
               },
               {}, 1, 300},
              {"exclusive_mount", Kind::kChoice, "\"auto\"",
               "Whether the storage lets one machine alone mount the volume, so that nobody is waited "
               "for. `auto`: local file systems (ext4, XFS, btrfs) yes, network and cluster file "
               "systems no.",
               Takes::kRestart,
               [](Config& c, const Value& v) {
                 c.failover.exclusive_mount = static_cast<ExclusiveMount>(v.choice);
               },
               {"auto", "yes", "no"}},
              {"fence_command", Kind::kPath, "\"\"",
               "A program that keeps the earlier server from writing (a SCSI reservation, a power "
               "switch), run before its lease is over; when it exits with 0 the lease is not waited "
               "for. It gets the volume, the earlier server's host and its number as HOLDFAST_VOLUME, "
               "HOLDFAST_HOLDER and HOLDFAST_EPOCH.",
               Takes::kRestart,
               [](Config& c, const Value& v) { c.failover.fence_command = v.text; }, {}, 0, 0, false,
               check_absolute_or_none},
              {"tickle", Kind::kFlag, "true",
               "Clients of the earlier server are made to notice at once that it is gone (a TCP "
               "segment to each). Needs CAP_NET_RAW; without it they notice by their own timeouts.",
               Takes::kRestart, [](Config& c, const Value& v) { c.failover.tickle = v.flag; }},
              {"end_in_order", Kind::kFlag, "true",
               "How connections of an earlier server end: read until their clients wait for answers and "
               "then ended in order, or reset. systemd keeps those of a killed server for it, while their "
               "clients write; those of a lost machine are made again (CAP_NET_ADMIN). Copies of Linux 6.1 "
               "and 6.12 go on then, which a reset fails.",
               Takes::kRestart, [](Config& c, const Value& v) { c.failover.end_in_order = v.flag; }},
          }};
}

Table witness_table() {
  return {"witness",
          false,
          "The witness service (MS-SWN): clients of shares with `share.cluster` that register are told when "
          "to move to another address, and by `holdfast witness move` where to.",
          {
              {"enabled", Kind::kFlag, "false",
               "Clients may register. Without it, no share is called clustered to them.",
               Takes::kAtOnce, [](Config& c, const Value& v) { c.witness.enabled = v.flag; }},
              {"address", Kind::kText, "\"*\"", "An IPv4 or IPv6 address to listen on, or all.",
               Takes::kAtOnce, [](Config& c, const Value& v) { c.witness.address = v.text; }, {}, 0,
               0, false, check_address},
              {"port", Kind::kNumber, "4451",
               "DCE/RPC over TCP. Clients ask the endpoint mapper which port it is.",
               Takes::kAtOnce,
               [](Config& c, const Value& v) {
                 c.witness.port = static_cast<std::uint16_t>(v.number);
               },
               {}, 1, 65535},
              {"endpoint_mapper", Kind::kNumber, "135",
               "The endpoint mapper's port; clients know no other than 135. 0: there is none, "
               "because something else on this machine has it.",
               Takes::kAtOnce,
               [](Config& c, const Value& v) {
                 c.witness.endpoint_mapper = static_cast<std::uint16_t>(v.number);
               },
               {}, 0, 65535},
              {"names", Kind::kTextList, "[]",
               "Further names by which clients reach this server, without a domain or with it. "
               "`server.name` and the machine's name count, with any domain behind them.",
               Takes::kAtOnce, [](Config& c, const Value& v) { c.witness.names = v.list; }},
          }};
}

Table protocol_table() {
  return {"protocol",
          false,
          "What is spoken.",
          {
              {"min_dialect", Kind::kChoice, "\"2.0.2\"",
               "Clients that speak nothing newer are refused.", Takes::kNewConnections,
               [](Config& c, const Value& v) { c.policy.min_dialect = kDialects[v.choice]; },
               kDialectNames},
              {"max_dialect", Kind::kChoice, "\"3.1.1\"", "Nothing newer is offered.",
               Takes::kNewConnections,
               [](Config& c, const Value& v) { c.policy.max_dialect = kDialects[v.choice]; },
               kDialectNames},
              {"compression", Kind::kChoice, "\"desired\"",
               "`desired` understands compressed messages of SMB 3.1.1 and compresses what clients "
               "ask to read compressed, where it pays; `off` does not offer it. As in Windows "
               "Server, clients do not ask unless a program does (`robocopy /compress`) or the "
               "share says so (`share.compression`).",
               Takes::kNewConnections,
               [](Config& c, const Value& v) {
                 if (v.choice == 0) c.policy.compression_algorithms.clear();
                 else c.policy.compression_algorithms = core::Policy().compression_algorithms;
               },
               {"off", "desired"}},
              {"posix_extensions", Kind::kFlag, "true",
               "Linux clients that mount with `posix` get exact names, modes and owners.",
               Takes::kNewConnections,
               [](Config& c, const Value& v) { c.policy.posix_extensions = v.flag; }},
              {"multichannel", Kind::kFlag, "true",
               "Clients of SMB 3 may use several connections for one session, for speed and "
               "against the loss of one.",
               Takes::kNewConnections,
               [](Config& c, const Value& v) { c.policy.multichannel = v.flag; }},
              {"channel_addresses", Kind::kTextList, "[]",
               "Addresses that such clients are told of, each with its speed and `rss` if it "
               "receives on several queues: `[\"192.0.2.1 25Gbit rss\", \"198.51.100.1 "
               "1Gbit\"]`. Empty: those of the machine's interfaces.",
               Takes::kAtOnce,
               [](Config& c, const Value& v) {
                 for (const std::string& text : v.list)
                   if (auto address = parse_channel_address(text))
                     c.channel_addresses.push_back(*address);
                 for (std::size_t i = 0; i < c.channel_addresses.size(); ++i)
                   c.channel_addresses[i].interface_index = static_cast<std::uint32_t>(i + 1);
               },
               {}, 0, 0, false, check_channel_addresses},
              {"oplock_break_retry", Kind::kFlag, "true",
               "An oplock break that a client does not confirm is sent on its next connection. "
               "Windows servers do not, and use only the newest connection. Lease breaks are "
               "always sent again.",
               Takes::kAtOnce,
               [](Config& c, const Value& v) { c.policy.oplock_break_retry = v.flag; }},
          }};
}

Table security_table() {
  return {
      "security",
      false,
      "What is demanded of clients. The defaults are those of Windows Server 2025.",
      {
          {"signing", Kind::kChoice, "\"required\"",
           "`required` refuses clients that do not sign, `desired` signs with those that can, "
           "`off` signs only when a client demands it.",
           Takes::kNewConnections,
           [](Config& c, const Value& v) { c.policy.signing = requirement(v); }, kRequirementNames},
          {"encryption", Kind::kChoice, "\"desired\"",
           "`required` refuses clients that cannot encrypt (below SMB 3.0), `desired` encrypts "
           "with those that can, `offered` with those that ask for it, `off` does not offer it.",
           Takes::kNewConnections,
           [](Config& c, const Value& v) { c.policy.encryption = requirement(v); },
           kEncryptionNames},
          {"ciphers", Kind::kChoiceList,
           "[\"AES-128-GCM\", \"AES-256-GCM\", \"AES-128-CCM\", \"AES-256-CCM\"]",
           "Ciphers in order of preference. SMB 3.0 and 3.0.2 know only AES-128-CCM.",
           Takes::kNewConnections,
           [](Config& c, const Value& v) {
             c.policy.ciphers.clear();
             for (std::size_t i : v.choices) c.policy.ciphers.push_back(kCiphers[i]);
           },
           {"AES-128-GCM", "AES-256-GCM", "AES-128-CCM", "AES-256-CCM"}, 0, 0, false,
           check_not_empty},
          {"signing_algorithms", Kind::kChoiceList, "[\"AES-GMAC\", \"AES-CMAC\", \"HMAC-SHA256\"]",
           "Signing algorithms of SMB 3.1.1 in order of preference. Older dialects have one each.",
           Takes::kNewConnections,
           [](Config& c, const Value& v) {
             c.policy.signing_algorithms.clear();
             for (std::size_t i : v.choices)
               c.policy.signing_algorithms.push_back(kSigningAlgorithms[i]);
           },
           {"AES-GMAC", "AES-CMAC", "HMAC-SHA256"}, 0, 0, false, check_not_empty},
          {"remote_share_changes", Kind::kFlag, "false",
           "Lets administrators add, change and remove shares with `net rpc share` and Windows' "
           "tools: this file is changed, which the server must be able to write.",
           Takes::kAtOnce,
           [](Config& c, const Value& v) { c.remote_share_changes = v.flag; }},
          {"guest", Kind::kFlag, "false",
           "Lets the user name `guest` log on without a password, to shares with `guest = true`. "
           "Guests can neither sign nor encrypt; Windows clients refuse them by default.",
           Takes::kNewConnections,
           [](Config& c, const Value& v) { c.policy.allow_guest = v.flag; }},
          {"map_unknown_to_guest", Kind::kFlag, "false",
           "With `guest`: names that have no account become guests, too.", Takes::kNewConnections,
           [](Config& c, const Value& v) { c.map_unknown_to_guest = v.flag; }},
          {"guest_account", Kind::kText, "\"nobody\"",
           "The Unix account that guests act as on shares with `identity = \"user\"`.",
           Takes::kNewConnections, [](Config& c, const Value& v) { c.guest_account = v.text; }},
          {"anonymous", Kind::kFlag, "false",
           "Lets clients log on without any name, to list shares.", Takes::kNewConnections,
           [](Config& c, const Value& v) { c.policy.allow_anonymous = v.flag; }},
      }};
}

Table limits_table() {
  return {"limits",
          false,
          "Bounds on what clients can take.",
          {
              {"max_connections", Kind::kNumber, "16384", "Further connections are refused.",
               Takes::kAtOnce,
               [](Config& c, const Value& v) {
                 c.max_connections = static_cast<std::size_t>(v.number);
               },
               {}, 1, static_cast<std::int64_t>(limits::kMaxConnections)},
              {"max_transact_size", Kind::kNumber, "8388608",
               "Largest single read or write in octets.", Takes::kNewConnections,
               [](Config& c, const Value& v) {
                 c.policy.max_transact_size = static_cast<std::uint32_t>(v.number);
               },
               {}, limits::kMaxSmallTransactSize, limits::kMaxTransactSize},
              {"max_credits", Kind::kNumber, "8192",
               "Requests that one connection may have in flight, in units of 64 KiB.",
               Takes::kNewConnections,
               [](Config& c, const Value& v) {
                 c.policy.max_credits = static_cast<std::uint32_t>(v.number);
               },
               {}, 128, limits::kMaxCredits},
          }};
}

Table runtime_table() {
  return {"runtime",
          false,
          "How the server runs.",
          {
              {"loop", Kind::kChoice, "\"auto\"",
               "`auto` takes io_uring where the kernel and the container allow it, else epoll.",
               Takes::kRestart,
               [](Config& c, const Value& v) {
                 c.loop = static_cast<platform::LoopKind>(v.choice);
               },
               {"auto", "uring", "epoll"}},
              {"threads", Kind::kNumber, "0", "Loops that serve connections; 0: one per processor.",
               Takes::kRestart,
               [](Config& c, const Value& v) { c.threads = static_cast<unsigned>(v.number); }, {},
               0, 1024},
              {"blocking_threads", Kind::kNumber, "32",
               "Threads at most for what the kernel can only do waiting.", Takes::kRestart,
               [](Config& c, const Value& v) {
                 c.blocking_threads = static_cast<unsigned>(v.number);
               },
               {}, 1, 1024},
          }};
}

Table log_table() {
  return {"log",
          false,
          "The log goes to standard error, and so to the journal under systemd.",
          {
              {"level", Kind::kChoice, "\"info\"", "What is less important is left out.",
               Takes::kAtOnce,
               [](Config& c, const Value& v) { c.log_level = static_cast<Severity>(v.choice); },
               {"debug", "info", "notice", "warning", "error"}},
              {"format", Kind::kChoice, "\"plain\"", "`json`: one object a line.", Takes::kAtOnce,
               [](Config& c, const Value& v) { c.log_format = static_cast<LogFormat>(v.choice); },
               {"plain", "json"}},
          }};
}

/// Where paths lead that do not end in the share as it is: previous versions and other servers.
std::vector<Key> elsewhere_keys() {
  return {
      {"snapshots", Kind::kChoice, "\"off\"",
       "Previous versions. `directory`: each entry of `snapshot_dir` is a snapshot, named by the time "
       "as `snapshot_format` says (ZFS, snapshots on LVM, copies). `btrfs`: the subvolumes in "
       "`snapshot_dir`, or one level below (snapper), whatever their names, at the time that btrfs "
       "knows.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) {
         c.shares.back().snapshots = static_cast<SnapshotKind>(v.choice);
       },
       {"off", "directory", "btrfs"}},
      {"snapshot_dir", Kind::kText, "\".snapshots\"",
       "Where the snapshots are: a path, absolute or from the share's `path`.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().snapshot_dir = v.text; }, {}, 0, 0, false,
       check_not_blank},
      {"snapshot_format", Kind::kText, "\"@GMT-%Y.%m.%d-%H.%M.%S\"",
       "The names of snapshots in a `directory`, as strftime(3) writes them (%Y %m %d %H %M %S %s), "
       "in UTC.",
       Takes::kAtOnce, [](Config& c, const Value& v) { c.shares.back().snapshot_format = v.text; },
       {}, 0, 0, false, check_not_blank},
      {"snapshot_path", Kind::kText, "\"\"",
       "Where the share's files are within a snapshot, when it is one of more than the share.",
       Takes::kAtOnce, [](Config& c, const Value& v) { c.shares.back().snapshot_path = v.text; }},
      {"dfs_links", Kind::kTextList, "[]",
       "Makes the share the root of a DFS namespace. Each link is `path = \\\\server\\share`, with "
       "further targets behind commas; slashes may be of either kind. The paths are made as "
       "directories in the share.",
       Takes::kAtOnce, [](Config& c, const Value& v) { c.shares.back().dfs_links = v.list; }, {}, 0,
       0, false, check_dfs_links},
  };
}

/// How the files of a share behave.
std::vector<Key> behaviour_keys() {
  return {
      {"streams", Kind::kFlag, "true",
       "Files have named streams. `false`: their names are refused, for programs that cannot do "
       "with streams.",
       Takes::kAtOnce, [](Config& c, const Value& v) { c.shares.back().streams = v.flag; }},
      {"hide_dot_files", Kind::kFlag, "false",
       "Names that begin with a dot are shown with the attribute HIDDEN.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().hide_dot_files = v.flag; }},
      {"hide_files", Kind::kTextList, "[]",
       "So are names that match one of these, `*` and `?` standing for others: "
       "`[\"desktop.ini\", \"*.tmp\"]`.",
       Takes::kAtOnce, [](Config& c, const Value& v) { c.shares.back().hide_files = v.list; }, {},
       0, 0, false, check_patterns},
      {"keep_acl_flags", Kind::kFlag, "false",
       "The flag AUTO_INHERITED of an ACL is stored also when a client does not ask for it as "
       "Windows wants it (some backup programs).",
       Takes::kAtOnce, [](Config& c, const Value& v) { c.shares.back().keep_acl_flags = v.flag; }},
      {"change_notify", Kind::kFlag, "true",
       "Clients may watch directories for changes. Without it they have to look.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().change_notify = v.flag; }},
      {"local_changes", Kind::kFlag, "true",
       "Clients that watch a directory hear also of what other programs on this machine do there. "
       "Costs nothing while nobody watches. Changes made by other machines to a network or cluster "
       "file system are not heard of.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().local_changes = v.flag; }},
      {"local_coherence", Kind::kFlag, "false",
       "Clients and programs on this machine respect each other: a program that opens a file waits "
       "until clients have written back what they cache of it, clients cache nothing of a file that "
       "a program has open, and both see each other's byte-range locks. Costs some system calls for "
       "each open, lock, read and write. Programs do not see share modes: Linux has none. Needs a "
       "local file system; elsewhere clients cache nothing.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().local_coherence = v.flag; }},
      {"max_file_size", Kind::kNumber, "0",
       "No file may become larger, octets; 0: as large as the file system allows. NTFS with clusters "
       "of 4 KiB has 17592185978880.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) {
         c.shares.back().max_file_size = static_cast<std::uint64_t>(v.number);
       },
       {}, 0, INT64_MAX},
  };
}

/// Handles that outlive their connection and their server, and what clients cache meanwhile.
std::vector<Key> availability_keys() {
  return {
      {"continuous_availability", Kind::kFlag, "false",
       "Grants persistent handles: a client that loses its connection, or its server, gets its open "
       "files back with their locks and leases, from this server or from the one that serves the "
       "folder next, and nobody else gets in between. What has to be known for it is kept in "
       "`state_path`.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().continuous_availability = v.flag; }},
      {"state_path", Kind::kPath, "`path`/.holdfast",
       "Where the state of handles that outlive the server is kept, with `continuous_availability`; a "
       "folder on the same volume as the share, so that both move together. Clients do not see the "
       "usual one. Shares with the same `path` have the same.",
       Takes::kRestart, [](Config& c, const Value& v) { c.shares.back().state_path = v.text; }, {},
       0, 0, false, check_absolute},
      {"writes_survive", Kind::kChoice, "\"loss-of-machine\"",
       "What a write through a persistent handle survives once the client is told that it is done: "
       "`loss-of-machine` (power, kernel, node), which waits for the disk, or `loss-of-process` only, "
       "which is faster and loses what the machine had not written back when it goes.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) {
         c.shares.back().writes_survive = static_cast<WritesSurvive>(v.choice);
       },
       {"loss-of-machine", "loss-of-process"}},
      {"keep_durable_handles", Kind::kFlag, "false",
       "With `continuous_availability`: durable handles, which clients ask for on any share, outlive "
       "the server too. Each costs a write to the state at open and close.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().keep_durable_handles = v.flag; }},
      {"cluster", Kind::kChoice, "\"none\"",
       "What clients are told of a cluster behind the share. `failover`: another node may take it "
       "over. `scaleout`: several nodes serve it at once. They are told, and then register with the "
       "witness service, only with `witness.enabled`.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) {
         c.shares.back().cluster = static_cast<ClusterKind>(v.choice);
       },
       kClusterNames},
      {"max_lease", Kind::kChoice, "\"auto\"",
       "What clients may cache at most: `r`ead data, `h`andles that they have closed, `w`ritten "
       "data. `auto`: all of it, but `r` on a clustered share.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().max_lease = static_cast<MaxLease>(v.choice); },
       kMaxLeaseNames},
  };
}

/// Macs.
std::vector<Key> apple_keys() {
  return {
      {"apple", Kind::kFlag, "false",
       "Macs are answered in their own extensions (AAPL): listings with Finder information, "
       "resource forks in `._` files as Samba and Netatalk have them, copies of whole files on the "
       "server. Such `._` files are then a part of their file, and no client lists them. Needs "
       "`streams`.",
       Takes::kAtOnce, [](Config& c, const Value& v) { c.shares.back().apple = v.flag; }},
      {"apple_metadata", Kind::kChoice, "\"stream\"",
       "Where Finder information is written: `stream`, the stream AFP_AfpInfo; `netatalk`, the "
       "extended attribute of Netatalk and of Samba's default (fruit:metadata). Both are read.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().apple_netatalk_metadata = v.choice == 1; },
       {"stream", "netatalk"}},
      {"time_machine", Kind::kFlag, "false",
       "Macs may back up here with Time Machine. Needs `apple`.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().time_machine = v.flag; }},
      {"time_machine_max_size", Kind::kNumber, "0",
       "How large the share says that it is, octets: Time Machine fills what it is given. 0: as "
       "large as its file system. Needs `time_machine`.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) {
         c.shares.back().time_machine_max_size = static_cast<std::uint64_t>(v.number);
       },
       {}, 0, INT64_MAX},
  };
}

std::vector<Key> share_keys() {
  return {
      {"name", Kind::kText, "", "As clients ask for it.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().name = v.text; }, {}, 0, 0, true,
       check_share_name},
      {"path", Kind::kPath, "", "The directory that is served.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().path = v.text; }, {}, 0, 0, true,
       check_absolute},
      {"comment", Kind::kText, "\"\"", "Shown beside the name.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().comment = v.text; }, {}, 0, 0, false,
       check_comment},
      {"read_only", Kind::kFlag, "false", "Nobody may change anything.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().read_only = v.flag; }},
      {"users", Kind::kTextList, "[]", "Who may connect; empty: every user.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().users = v.list; }, {}, 0, 0, false,
       check_users},
      {"read_only_users", Kind::kTextList, "[]", "Who may connect, but change nothing.",
       Takes::kAtOnce, [](Config& c, const Value& v) { c.shares.back().read_only_users = v.list; },
       {}, 0, 0, false, check_users},
      {"guest", Kind::kFlag, "false", "Guests may connect. Needs `security.guest = true`.",
       Takes::kAtOnce, [](Config& c, const Value& v) { c.shares.back().guest = v.flag; }},
      {"encryption", Kind::kChoice, "\"desired\"",
       "`required`: only encrypted, whatever `security.encryption` says.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().encryption = requirement(v); },
       kRequirementNames},
      {"compression", Kind::kChoice, "\"off\"",
       "`desired` tells clients to compress all that they read and write here; `off` leaves it to "
       "the programs on the client. Compression costs processor time on both sides and pays on "
       "slow networks. Needs `protocol.compression`.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().compress_data = v.choice == 1; },
       {"off", "desired"}},
      {"hidden", Kind::kFlag, "false", "Not in the list of shares.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().hidden = v.flag; }},
      {"access_based_enumeration", Kind::kFlag, "false",
       "Listings leave out what the user may not read.", Takes::kAtOnce,
       [](Config& c, const Value& v) { c.shares.back().access_based_enumeration = v.flag; }},
      {"identity", Kind::kChoice, "\"auto\"",
       "`user`: files are opened and created as the Unix account of the user (the server must run "
       "as root, and users need a Unix account). `service`: as the account that the server runs "
       "as, and Holdfast's own check of security descriptors decides. `auto`: `user` as root, else "
       "`service`.",
       Takes::kAtOnce,
       [](Config& c, const Value& v) {
         c.shares.back().identity = static_cast<IdentityMode>(v.choice);
       },
       {"auto", "user", "service"}},
  };
}

// clang-format on

std::vector<Table> make_schema() {
  std::vector<Key> keys = share_keys();
  std::ranges::move(behaviour_keys(), std::back_inserter(keys));
  std::ranges::move(availability_keys(), std::back_inserter(keys));
  std::ranges::move(apple_keys(), std::back_inserter(keys));
  std::ranges::move(elsewhere_keys(), std::back_inserter(keys));
  Table share{"share", true, "A directory to serve.", std::move(keys),
              [](Config& c, std::uint32_t line) { c.shares.emplace_back().line = line; }};
  return {server_table(),   listen_table(), failover_table(), witness_table(), protocol_table(),
          security_table(), limits_table(), runtime_table(),  log_table(),     std::move(share)};
}

}  // namespace

std::span<const Table> schema() {
  static const std::vector<Table> kSchema = make_schema();
  return kSchema;
}

std::string_view to_string(Takes takes) {
  switch (takes) {
    case Takes::kAtOnce: return "on reload";
    case Takes::kNewConnections: return "on reload, for new connections";
    case Takes::kRestart: return "on restart";
  }
  return "";
}

std::string share_name_error(std::string_view name) {
  if (name.empty() || utf8_to_utf16(name).size() > 80) return "expected 1 to 80 characters";
  if (!is_valid_utf8(name)) return "expected UTF-8";
  for (char c : name)
    if (static_cast<unsigned char>(c) < 0x20 ||
        std::string_view("\"\\/[]:|<>+=;,*?").find(c) != std::string_view::npos)
      return "expected a name without \" \\ / [ ] : | < > + = ; , * ?";
  if (same_name(name, "IPC$") || same_name(name, "ADMIN$")) return "expected a name of your own";
  return "";
}

}  // namespace holdfast::app
