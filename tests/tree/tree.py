#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tree.py [--add-license-line] [ROOT]: checks the rules that hold for the whole tree; exit status 1 when one is broken.

The rules (docs/STYLE.md and docs/ARCHITECTURE.md say why): layers by includes, headers and words that layers below
platform/ may not use, sizes of functions and files, a README.md for each module, a licence line in each source, links
between documents.
"""
import os
import re
import subprocess
import sys

LICENSE = "SPDX-License-Identifier: Apache-2.0"
MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 1000

# Folder of src/ -> layer. A file includes its own folder and those of lower layers only.
LAYERS = {
    "base": 0,
    "wire": 1, "crypto": 1, "compression": 1, "ports": 1,
    "core": 2,
    "service": 3,
    "platform": 4,
    "app": 5,
}
# Folders beside src/ and the highest layer whose code they may include.
OUTSIDE = {"cli": 5, "bench": 5, "tests": 5, "fuzz": 5, "tools": 5, "sim": 3}
# Providers of crypto/ are pure functions in a library's clothes: tests, fuzzers and the simulator may use them.
FOR_TESTS = ("platform/crypto",)
PURE_BELOW = 4  # Layers below this one see no system header, clock, thread or stream.

# The only standard headers below PURE_BELOW.
PURE_HEADERS = set("""
algorithm array atomic bit bitset cassert cctype charconv climits compare concepts coroutine cstdarg cstddef cstdint
cstdlib cstring deque expected forward_list functional initializer_list iterator limits list map memory memory_resource
new numeric optional queue ranges set source_location span stack string string_view tuple type_traits unordered_map
unordered_set utility variant vector version
""".split())
# More, for single folders or files: path prefix under the root -> headers.
MORE_HEADERS = {
    "src/base/mutex.h": {"mutex", "shared_mutex"},
    "src/base/assert.cc": {"cstdio"},
    "src/base/": {"exception"},
    "src/crypto/": {"openssl/", "intel-ipsec-mb.h", "immintrin.h", "wmmintrin.h", "emmintrin.h", "tmmintrin.h"},
    "src/compression/": {"lz4.h", "immintrin.h"},
}
# Words that layers below PURE_BELOW may not use: (pattern, name, only in these folders or None for all).
PURE_WORDS = [
    (r"\bthread_local\b", "thread_local", None),
    (r"\bstd\s*::\s*(?:chrono|thread|jthread|this_thread|locale|cout|cerr|cin|clog|filesystem|random_device)\b",
     "a clock, thread, stream or locale of std", None),
    (r"(?<![\w.>:])(?:::\s*)?(?:setlocale|gettimeofday|clock_gettime|getenv|localtime|gmtime|usleep|nanosleep)\s*\(",
     "a call to the system or C library's state", None),
    (r"\bthrow\b(?!\s*\(\s*\))", "throw", None),
    (r"\bcatch\s*\(", "catch", None),
    (r"\bdynamic_cast\b", "dynamic_cast", None),
    (r"\btypeid\b", "typeid", None),
    (r"\b(?:float|double)\b", "floating point", {"wire", "core"}),
]

CPP = (".cc", ".h")
CODE = CPP + (".py", ".sh")


class Problem:
    """One broken rule: where and what."""

    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


def list_files(root):
    """Paths under root that are or would be committed."""
    try:
        out = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        paths = os.fsdecode(out).split("\0")
    except (OSError, subprocess.CalledProcessError):
        paths = []
        for folder, folders, files in os.walk(root):
            folders[:] = [d for d in folders if d not in ("build", ".git", "__pycache__", "node_modules")]
            paths += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted({p for p in paths if p and os.path.isfile(os.path.join(root, p))})


LITERALS = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | R"(?P<mark>[^()\\\s]*)\(.*?\)(?P=mark)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9A-Za-z_])(?:u8|u|U|L)?'(?:\\.|[^'\\\n])+'
    """, re.S | re.X)


def blank(match):
    """A literal or comment replaced by spaces, line ends kept."""
    text = re.sub(r"[^\n]", " ", match.group())
    return text if match.group()[0] == "/" else '""' + text[2:] if len(text) > 1 else text


def strip_code(text):
    """C++ without comments and the contents of literals; every line stays where it is."""
    return LITERALS.sub(blank, text)


def strip_directives(code):
    """Code without preprocessor lines (continuations included). Of #if/#else only the first branch stays, so that
    braces balance."""
    out, skipping, continued = [], [], False
    for line in code.split("\n"):
        directive = re.match(r"\s*#\s*(\w+)", line) if not continued else None
        if directive:
            word = directive.group(1)
            if word in ("if", "ifdef", "ifndef"):
                skipping.append(False)
            elif word in ("else", "elif") and skipping:
                skipping[-1] = True
            elif word == "endif" and skipping:
                skipping.pop()
        drop = bool(directive) or continued or any(skipping)
        continued = (bool(directive) or continued) and line.rstrip().endswith("\\")
        out.append("" if drop else line)
    return "\n".join(out)


def is_function(head):
    """Whether the text before a `{` at namespace or class level opens a function's body."""
    head = re.sub(r"\[\[.*?\]\]", " ", head, flags=re.S).strip()
    if "(" not in head or re.match(r"(?:inline\s+)?namespace\b", head):
        return False
    without_template = re.sub(r"^template\s*<.*?>\s*(?=class|struct|union|enum)", "", head, flags=re.S)
    if re.match(r"(?:class|struct|union|enum)\b", without_template):
        # `struct A f(int) {` is not written here; `class alignas(8) A {` is.
        return False
    # `T x = f(...) {` is an initializer; `operator==(...)`, default arguments are not.
    bare = re.sub(r"\boperator\s*[^\s\w(]+|\boperator\s*\(\)", "operator ", head)
    while re.search(r"\([^()]*\)", bare):
        bare = re.sub(r"\([^()]*\)", " ", bare)
    bare = re.sub(r"\brequires\b.*", "", bare, flags=re.S)
    return not re.search(r"(?<![=!<>])=(?![=])", re.sub(r"<[^<>]*>", " ", bare))


def functions(code):
    """(name, line of the opening brace, lines of body that are not blank) of each function of stripped code."""
    found, stack, start, line = [], [], 0, 1
    lines = code.split("\n")
    parens = 0
    for at, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char == "(":
            parens += 1
        elif char == ")":
            parens = max(0, parens - 1)
        elif char == "{":
            inside = any(entry[0] == "function" for entry in stack)
            kind = "function" if not inside and not parens and is_function(code[start:at]) else "other"
            stack.append((kind, line, start, at, parens))
            parens, start = 0, at + 1
        elif char == "}" and stack:
            kind, opened, head_start, head_end, parens = stack.pop()
            if parens or re.match(r"\s*[{,]", code[at + 1:at + 200]):
                start = head_start  # An initializer inside a head: `C() : a{1}, b{2} {` or `f(int x = {}) {`.
                continue
            start = at + 1
            if kind == "function":
                body = [text for text in lines[opened:line - 1] if text.strip()]
                name = re.findall(r"([\w:~]+|operator\s*\S+)\s*\(", code[head_start:head_end])
                found.append((name[0] if name else "?", opened, len(body)))
        elif char == ";" and not parens:
            start = at + 1
    return found


def place(path):
    """(name of the folder of src/ or beside it, highest layer it may include, its own layer or None)."""
    parts = path.split("/")
    if parts[0] == "src" and len(parts) > 2 and parts[1] in LAYERS:
        return parts[1], LAYERS[parts[1]], LAYERS[parts[1]]
    return parts[0], OUTSIDE.get(parts[0], 5), None


def allowed_header(path, header):
    if header in PURE_HEADERS:
        return True
    for prefix, more in MORE_HEADERS.items():
        if path.startswith(prefix) and any(header == m or (m.endswith("/") and header.startswith(m)) for m in more):
            return True
    return False


INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]", re.M)


def check_includes(path, text):
    folder, highest, layer = place(path)
    is_test = path.endswith(("_test.cc", "_fuzz.cc")) or "/testing/" in path
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        quote, header = match.groups()
        if quote == "<":
            if layer is not None and layer < PURE_BELOW and not is_test and not allowed_header(path, header):
                yield Problem(path, line, f"<{header}> is not for layers below platform/")
            continue
        target = header.split("/")[0]
        if target not in LAYERS:
            continue
        if (is_test or folder == "sim") and header.startswith(FOR_TESTS):
            continue
        other = LAYERS[target]
        if layer is None:
            if other > highest:
                yield Problem(path, line, f"{folder}/ may not include {target}/ (layer {other})")
        elif target != folder and other >= layer:
            yield Problem(path, line, f"{folder}/ (layer {layer}) may not include {target}/ (layer {other})")


def check_words(path, code):
    folder, _, layer = place(path)
    if layer is None or layer >= PURE_BELOW or path.endswith(("_test.cc", "_fuzz.cc")):
        return
    for pattern, name, only in PURE_WORDS:
        if only and folder not in only:
            continue
        for match in re.finditer(pattern, code):
            yield Problem(path, code.count("\n", 0, match.start()) + 1, f"{name} is not for {folder}/")


def check_cpp(path, text):
    if LICENSE not in text.split("\n", 1)[0]:
        yield Problem(path, 1, f"the first line is not `// {LICENSE}` (./dev lint --fix adds it)")
    if path.endswith(".h") and "#pragma once" not in text:
        yield Problem(path, 1, "a header without `#pragma once`")
    yield from check_includes(path, text)
    code = strip_directives(strip_code(text))
    yield from check_words(path, code)
    for name, line, length in functions(code):
        if length > MAX_FUNCTION_LINES:
            yield Problem(path, line, f"{name} has {length} lines, more than {MAX_FUNCTION_LINES}")


def is_generated(text):
    return "Generated by tools/" in "\n".join(text.split("\n", 5)[:5])


def check_file(root, path):
    if not path.endswith(CODE):
        return
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        text = file.read()
    lines = text.count("\n")
    if lines > MAX_FILE_LINES and not is_generated(text):
        yield Problem(path, lines, f"{lines} lines, more than {MAX_FILE_LINES}")
    if path.endswith(CPP):
        yield from check_cpp(path, text)


def check_modules(root, files):
    have = set(files)
    for path in files:
        folder, name = os.path.split(path)
        if name == "CMakeLists.txt" and folder.startswith("src/") and folder + "/README.md" not in have:
            with open(os.path.join(root, path), encoding="utf-8") as file:
                if re.search(r"^\s*holdfast_module\(", file.read(), re.M):
                    yield Problem(folder + "/README.md", 1, "a module without a README.md")
        if folder.startswith("src/") and folder.split("/")[1] not in LAYERS:
            yield Problem(path, 1, f"src/{folder.split('/')[1]} has no layer (tests/tree/tree.py, LAYERS)")


LINK = re.compile(r"\[[^\]\n]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def check_links(root, path):
    """Links between documents lead somewhere."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = re.sub(r"```.*?```|`[^`\n]*`", lambda m: re.sub(r"[^\n]", " ", m.group()), file.read(), flags=re.S)
    for match in LINK.finditer(text):
        target = match.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        if not os.path.exists(os.path.join(root, os.path.dirname(path), target)):
            yield Problem(path, text.count("\n", 0, match.start()) + 1, f"a link to {target}, which does not exist")


def check(root):
    """All problems of the tree at root."""
    files = list_files(root)
    problems = list(check_modules(root, files))
    for path in files:
        problems += check_file(root, path)
        if path.endswith(".md"):
            problems += check_links(root, path)
    return problems


def add_license_lines(root):
    """Puts the licence line before each C++ source that has none."""
    for path in list_files(root):
        if not path.endswith(CPP):
            continue
        full = os.path.join(root, path)
        with open(full, encoding="utf-8") as file:
            text = file.read()
        if LICENSE not in text.split("\n", 1)[0]:
            with open(full, "w", encoding="utf-8") as file:
                file.write(f"// {LICENSE}\n{text}")


def main(arguments):
    here = os.path.dirname(os.path.abspath(__file__))
    paths = [a for a in arguments if not a.startswith("--")]
    root = os.path.abspath(paths[0]) if paths else os.path.dirname(os.path.dirname(here))
    if "--add-license-line" in arguments:
        add_license_lines(root)
        return 0
    problems = check(root)
    for problem in problems:
        print(problem)
    if not any(p.endswith(CPP) for p in list_files(root)):
        print(f"no C++ source found under {root}")
        return 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
