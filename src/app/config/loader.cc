// SPDX-License-Identifier: Apache-2.0
#include "app/config/loader.h"

#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "app/config/address.h"
#include "app/config/schema.h"
#include "app/config/suggest.h"
#include "base/utf16.h"

namespace holdfast::app {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

/// What was found, for people: "the string \"yes\"".
std::string describe(const toml::node& node) {
  if (auto* s = node.as_string()) return "the string " + quoted(s->get());
  if (auto* b = node.as_boolean()) return b->get() ? "true" : "false";
  if (auto* i = node.as_integer()) return "the number " + std::to_string(i->get());
  if (node.is_floating_point()) return "a number with a fraction";
  if (node.is_table()) return "a table";
  if (node.is_array()) return node.is_array_of_tables() ? "a list of tables" : "a list";
  return "a date or time";
}

std::string join(const std::vector<std::string_view>& words, bool quote) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) out += i + 1 == words.size() ? " or " : ", ";
    out += quote ? quoted(words[i]) : std::string(words[i]);
  }
  return out;
}

std::string expected_text(const Key& key) {
  switch (key.kind) {
    case Kind::kText: return "a string in quotes";
    case Kind::kPath: return "a path in quotes";
    case Kind::kFlag: return "true or false";
    case Kind::kNumber:
      return "a whole number from " + std::to_string(key.min) + " to " + std::to_string(key.max);
    case Kind::kChoice: return join(key.choices, true);
    case Kind::kTextList: return "a list of strings, as in [\"one\", \"two\"]";
    case Kind::kChoiceList: return "a list of " + join(key.choices, true);
  }
  return "";
}

class Loader {
 public:
  explicit Loader(LoadResult& out) : out_(out) {}

  void load(const toml::table& root);

 private:
  void find(bool is_error, const toml::source_position& at, std::string text) {
    out_.findings.push_back({is_error, at.line, at.column, std::move(text)});
  }
  void error(const toml::source_position& at, std::string text) { find(true, at, std::move(text)); }
  void wrong(const toml::node& node, const std::string& name, const std::string& expected) {
    error(node.source().begin, name + ": expected " + expected + ", found " + describe(node));
  }

  void unknown_table(const toml::key& key, const toml::node& node);
  void one_table(const Table& table, const toml::table& content);
  void tables(const Table& table, const toml::key& key, const toml::node& node);
  void one_key(const Table& table, const Key& key, const toml::node& node);
  bool choice(const std::string& name, const Key& key, const toml::node& node, std::size_t& out);
  bool read(const std::string& name, const Key& key, const toml::node& node, Value& value);
  bool read_list(const std::string& name, const Key& key, const toml::node& node, Value& value);

  LoadResult& out_;
};

void Loader::unknown_table(const toml::key& key, const toml::node& node) {
  std::vector<std::string_view> names;
  for (const Table& t : schema()) names.push_back(t.name);
  std::string near = nearest(key.str(), names);
  std::string text = "no such table: " + std::string(key.str());
  if (!node.is_table() && !node.is_array_of_tables()) {
    // A key outside of any table: perhaps it belongs in one.
    text = "no such key: " + std::string(key.str());
    for (const Table& t : schema())
      for (const Key& k : t.keys)
        if (k.name == key.str() && !t.repeats) {
          return error(key.source().begin, text + " (it belongs in [" + std::string(t.name) + "])");
        }
  }
  for (const Table& t : schema())
    if (t.name == near)
      text += std::string(" (did you mean ") + (t.repeats ? "[[" : "[") + near +
              (t.repeats ? "]]" : "]") + "?)";
  if (near.empty()) text += " (known are " + join(names, false) + ")";
  error(key.source().begin, text);
}

void Loader::load(const toml::table& root) {
  for (auto&& [key, node] : root) {
    const Table* table = nullptr;
    for (const Table& t : schema())
      if (t.name == key.str()) table = &t;
    if (table == nullptr) {
      unknown_table(key, node);
    } else if (table->repeats) {
      tables(*table, key, node);
    } else if (auto* content = node.as_table()) {
      one_table(*table, *content);
    } else {
      error(key.source().begin, std::string(table->name) + ": expected a table [" +
                                    std::string(table->name) + "], found " + describe(node));
    }
  }
}

void Loader::tables(const Table& table, const toml::key& key, const toml::node& node) {
  const toml::array* list = node.as_array();
  bool all = list != nullptr;
  if (all)
    for (const toml::node& element : *list) all = all && element.is_table();
  if (!all)
    return error(key.source().begin, std::string(table.name) + ": expected [[" +
                                         std::string(table.name) + "]], once for each; found " +
                                         describe(node));
  for (const toml::node& element : *list) {
    table.add(out_.config, element.source().begin.line);
    one_table(table, *element.as_table());
  }
}

void Loader::one_table(const Table& table, const toml::table& content) {
  for (auto&& [key, node] : content) {
    auto found = std::find_if(table.keys.begin(), table.keys.end(),
                              [&, name = key.str()](const Key& k) { return k.name == name; });
    if (found != table.keys.end()) {
      one_key(table, *found, node);
      continue;
    }
    std::vector<std::string_view> names;
    for (const Key& k : table.keys) names.push_back(k.name);
    std::string near = nearest(key.str(), names);
    error(key.source().begin, "no such key: " + std::string(table.name) + "." +
                                  std::string(key.str()) +
                                  (near.empty() ? " (known are " + join(names, false) + ")"
                                                : " (did you mean " + near + "?)"));
  }
  for (const Key& key : table.keys)
    if (key.required && !content.contains(key.name))
      error(content.source().begin, std::string(table.name) + "." + std::string(key.name) +
                                        " is missing: expected " + expected_text(key));
}

void Loader::one_key(const Table& table, const Key& key, const toml::node& node) {
  std::string name = std::string(table.name) + "." + std::string(key.name);
  Value value;
  if (!read(name, key, node, value)) return;
  if (key.check != nullptr) {
    if (std::string complaint = key.check(value); !complaint.empty())
      return error(node.source().begin, name + ": " + complaint + ", found " + describe(node));
  }
  key.set(out_.config, value);
  if (table.repeats) return;
  std::ostringstream text;
  text << toml::node_view<const toml::node>(node);
  out_.config.given[name] = text.str();
}

bool Loader::choice(const std::string& name, const Key& key, const toml::node& node,
                    std::size_t& out) {
  const auto* text = node.as_string();
  if (text == nullptr) return wrong(node, name, expected_text(key)), false;
  for (std::size_t i = 0; i < key.choices.size(); ++i)
    if (key.choices[i] == text->get()) return out = i, true;
  std::string near = nearest(text->get(), key.choices);
  wrong(node, name, expected_text(key));
  if (!near.empty()) out_.findings.back().text += " (did you mean " + quoted(near) + "?)";
  return false;
}

bool Loader::read_list(const std::string& name, const Key& key, const toml::node& node,
                       Value& value) {
  const auto* list = node.as_array();
  if (list == nullptr) return wrong(node, name, expected_text(key)), false;
  bool fine = true;
  for (const toml::node& element : *list) {
    if (key.kind == Kind::kChoiceList) {
      std::size_t index = 0;
      if (!choice(name, key, element, index)) {
        fine = false;
      } else if (std::ranges::find(value.choices, index) != value.choices.end()) {
        error(element.source().begin, name + ": " + quoted(key.choices[index]) + " is there twice");
        fine = false;
      } else {
        value.choices.push_back(index);
      }
    } else if (const auto* text = element.as_string()) {
      value.list.push_back(text->get());
    } else {
      wrong(element, name, "a string in quotes");
      fine = false;
    }
  }
  return fine;
}

bool Loader::read(const std::string& name, const Key& key, const toml::node& node, Value& value) {
  switch (key.kind) {
    case Kind::kText:
    case Kind::kPath:
      if (const auto* text = node.as_string()) return value.text = text->get(), true;
      break;
    case Kind::kFlag:
      if (const auto* flag = node.as_boolean()) return value.flag = flag->get(), true;
      break;
    case Kind::kNumber:
      if (const auto* number = node.as_integer();
          number != nullptr && number->get() >= key.min && number->get() <= key.max)
        return value.number = number->get(), true;
      break;
    case Kind::kChoice: return choice(name, key, node, value.choice);
    case Kind::kTextList:
    case Kind::kChoiceList: return read_list(name, key, node, value);
  }
  wrong(node, name, expected_text(key));
  return false;
}

/// What single values cannot tell.
void check_whole(LoadResult& out) {
  const Config& c = out.config;
  auto error = [&](std::uint32_t line, std::string text) {
    out.findings.push_back({true, line, 1, std::move(text)});
  };
  auto warn = [&](std::uint32_t line, std::string text) {
    out.findings.push_back({false, line, 1, std::move(text)});
  };
  std::map<std::string, std::uint32_t> names;
  for (const ShareConfig& s : c.shares) {
    auto [first, is_new] = names.emplace(fold_name(s.name), s.line);
    if (!is_new && !s.name.empty())
      error(s.line, "share.name: " + quoted(s.name) + " is the name of the share in line " +
                        std::to_string(first->second) + ", too (case does not count)");
    if (s.guest && !c.policy.allow_guest)
      warn(s.line, "share.guest: has no effect without security.guest = true");
    if (s.encryption == core::Requirement::kRequired &&
        (c.policy.encryption == core::Requirement::kOff ||
         c.policy.max_dialect < wire::smb2::Dialect::kSmb300))
      error(s.line,
            "share.encryption: \"required\" admits nobody with security.encryption = \"off\" or "
            "protocol.max_dialect below \"3.0\"");
  }
  std::set<ports::Endpoint> endpoints;
  for (const ListenConfig& l : c.listen)
    if (auto at = parse_address(l.address, l.port); at && !endpoints.insert(*at).second)
      error(l.line, "listen: " + at->to_string() + " is there twice");
  if (c.witness.enabled)
    for (std::uint16_t port : {c.witness.port, c.witness.endpoint_mapper})
      if (auto at = parse_address(c.witness.address, port);
          at && port != 0 && !endpoints.insert(*at).second)
        error(0, "witness: " + at->to_string() + " is there twice");
  for (const ListenConfig& l : c.listen) {
    if (l.proxy_protocol && l.proxy_from.empty())
      error(l.line, "listen.proxy_protocol: needs the proxies' addresses in listen.proxy_from");
    if (!l.proxy_protocol && !l.proxy_from.empty())
      error(l.line, "listen.proxy_from: means nothing without listen.proxy_protocol = true");
  }
  if (c.policy.min_dialect > c.policy.max_dialect)
    error(0, "protocol.min_dialect is newer than protocol.max_dialect: no client could connect");
  if (c.policy.encryption == core::Requirement::kRequired &&
      c.policy.max_dialect < wire::smb2::Dialect::kSmb300)
    error(0, "security.encryption: \"required\" needs protocol.max_dialect \"3.0\" or newer");
  if (c.shares.size() > kMaxShares) error(0, "more than " + std::to_string(kMaxShares) + " shares");
  if (c.listen.size() > kMaxListeners)
    error(0, "more than " + std::to_string(kMaxListeners) + " addresses to listen on");
  if (c.shares.empty()) warn(0, "nothing is shared: there is no [[share]]");
}

void sort_findings(std::vector<Finding>& findings) {
  std::multimap<std::pair<std::uint32_t, std::uint32_t>, Finding> by_place;
  for (Finding& f : findings) by_place.emplace(std::pair(f.line, f.column), std::move(f));
  findings.clear();
  for (auto& [place, finding] : by_place) findings.push_back(std::move(finding));
}

}  // namespace

bool LoadResult::ok() const {
  return std::ranges::none_of(findings, [](const Finding& f) { return f.is_error; });
}

std::string LoadResult::report() const {
  std::string text;
  for (const Finding& f : findings) {
    text += file + ":";
    if (f.line != 0) text += std::to_string(f.line) + ":" + std::to_string(f.column) + ":";
    text += std::string(f.is_error ? " error: " : " warning: ") + f.text + "\n";
  }
  return text;
}

LoadResult parse_config(std::string_view text, std::string file) {
  LoadResult out;
  out.file = std::move(file);
  try {
    toml::table root = toml::parse(text, out.file);
    Loader(out).load(root);
    check_whole(out);
  } catch (const toml::parse_error& e) {
    const toml::source_position& at = e.source().begin;
    out.findings.push_back({true, at.line, at.column, std::string(e.description())});
  }
  sort_findings(out.findings);
  return out;
}

LoadResult load_config(const std::string& file) {
  LoadResult out;
  out.file = file;
  std::ifstream in(file, std::ios::binary);
  std::string text;
  struct stat info{};
  int error = !in ? errno : ::stat(file.c_str(), &info) != 0 ? errno : 0;
  if (error == 0 && S_ISDIR(info.st_mode)) error = EISDIR;
  if (error == 0) {
    text.resize(kMaxConfigOctets + 1);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (error != 0 || text.size() > kMaxConfigOctets) {
    out.findings.push_back(
        {true, 0, 0, error != 0 ? std::strerror(error) : "larger than 4 MiB: no configuration"});
    return out;
  }
  out = parse_config(text, file);
  for (const ShareConfig& s : out.config.shares) {
    if (s.path.empty()) continue;
    bool is_there = ::stat(s.path.c_str(), &info) == 0;
    std::string why = is_there ? "" : std::strerror(errno);
    if (is_there && !S_ISDIR(info.st_mode)) why = "not a directory";
    if (!why.empty())
      out.findings.push_back({false, s.line, 1,
                              "share.path: " + s.path + ": " + why +
                                  " (the share is left out until a reload finds it)"});
  }
  sort_findings(out.findings);
  return out;
}

}  // namespace holdfast::app
