// SPDX-License-Identifier: Apache-2.0
#include "app/config/document.h"

#include "app/config/schema.h"

namespace holdfast::app {
namespace {

std::string header(const Table& table) {
  return (table.repeats ? "[[" : "[") + std::string(table.name) + (table.repeats ? "]]" : "]");
}

std::string type_of(const Key& key) {
  std::string text;
  switch (key.kind) {
    case Kind::kText: return "string";
    case Kind::kPath: return "path";
    case Kind::kFlag: return "`true`, `false`";
    case Kind::kNumber: return std::to_string(key.min) + " to " + std::to_string(key.max);
    case Kind::kTextList: return "list of strings";
    case Kind::kChoice:
    case Kind::kChoiceList: break;
  }
  for (std::string_view choice : key.choices) {
    text += (text.empty() ? "" : ", ") + ("`\"" + std::string(choice) + "\"`");
  }
  return key.kind == Kind::kChoiceList ? "list of " + text : text;
}

/// A default as Markdown; what is written with backquotes already is kept.
std::string fallback_of(const Key& key) {
  if (key.required) return "(must be given)";
  if (key.fallback.find('`') != std::string_view::npos) return std::string(key.fallback);
  return "`" + std::string(key.fallback) + "`";
}

void append_wrapped(std::string& out, std::string_view text, std::string_view prefix) {
  std::size_t used = 0;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(' '), text.size());
    if (used != 0 && used + 1 + end > 96 - prefix.size()) out += "\n", used = 0;
    if (used == 0)
      out += prefix;
    else
      out += " ", ++used;
    out += text.substr(0, end);
    used += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out += "\n";
}

}  // namespace

std::string configuration_document() {
  std::string out =
      "# Configuration\n\n"
      "<!-- Made by `holdfast describe-configuration`; the schema is src/app/config/schema.cc. "
      "-->\n\n"
      "`holdfastd --config FILE` reads one file in [TOML](https://toml.io/en/v1.0.0); the "
      "package's "
      "is\n`/etc/holdfast/holdfast.toml`. `holdfast check FILE` names every mistake in it with "
      "line "
      "and column.\n`holdfast reload`, `systemctl reload holdfastd` and SIGHUP apply a changed "
      "file "
      "without dropping a client;\na file with a mistake changes nothing.\n\n"
      "```toml\n[[share]]\nname = \"projects\"\npath = \"/srv/projects\"\nusers = [\"anna\", "
      "\"ben\"]\n```\n";
  for (const Table& table : schema()) {
    out += "\n## " + header(table) + "\n" + std::string(table.summary) + "\n\n";
    out += "| key | value | default | | changes take effect |\n|---|---|---|---|---|\n";
    for (const Key& key : table.keys)
      out += "| `" + std::string(key.name) + "` | " + type_of(key) + " | " + fallback_of(key) +
             " | " + std::string(key.summary) + " | " + std::string(to_string(key.takes)) + " |\n";
  }
  return out;
}

std::string configuration_example() {
  std::string out =
      "# Every setting of holdfastd with its default. Made by `holdfast describe-configuration "
      "--example`.\n";
  for (const Table& table : schema()) {
    if (table.name == "share") continue;
    out += "\n";
    append_wrapped(out, table.summary, "# ");
    out += (table.repeats ? "# " : "") + header(table) + "\n";
    for (const Key& key : table.keys) {
      append_wrapped(out, key.summary, "#   ");
      std::string value(key.fallback);
      if (key.name == "admin_socket") value = "\"/run/holdfast/admin.sock\"";
      if (key.name == "users_file") value = "\"/var/lib/holdfast/users\"";
      out += "# " + std::string(key.name) + " = " + value + "\n";
    }
  }
  out += "\n# One [[share]] for each directory.\n";
  for (const Table& table : schema()) {
    if (table.name != "share") continue;
    out += "# [[share]]\n# name = \"projects\"\n# path = \"/srv/projects\"\n";
    for (const Key& key : table.keys) {
      if (key.required) continue;
      append_wrapped(out, key.summary, "#   ");
      std::string value(key.fallback);
      if (key.name == "state_path") value = "\"/srv/projects/.holdfast\"";
      out += "# " + std::string(key.name) + " = " + value + "\n";
    }
  }
  return out;
}

}  // namespace holdfast::app
