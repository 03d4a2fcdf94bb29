#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one fault at a time in a small clean tree and expects tree.py to find exactly that one."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tree  # noqa: E402

HEAD = "// " + tree.LICENSE + "\n"
CLEAN = {
    "src/base/CMakeLists.txt": "holdfast_module(base)\n",
    "src/base/README.md": "# base\n",
    "src/base/bytes.h": HEAD + "#pragma once\n#include <span>\nnamespace holdfast {}\n",
    "src/core/CMakeLists.txt": "holdfast_module(core)\n",
    "src/core/README.md": "# core\n",
    "src/core/open.cc": HEAD + '#include "base/bytes.h"\n',
    "src/core/open_test.cc": HEAD + "#include <chrono>\n#include <gtest/gtest.h>\n",
    "src/platform/CMakeLists.txt": "holdfast_module(platform)\n",
    "src/platform/README.md": "# platform\n",
    "src/platform/clock.cc": HEAD + "#include <chrono>\n#include <sys/socket.h>\nauto now = std::chrono::hours(1);\n",
    "sim/main.cc": HEAD + '#include "core/open.h"\n',
}


def body(lines):
    return "".join(f"  f({i});\n" for i in range(lines))


class TreeTest(unittest.TestCase):
    def problems(self, extra):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**CLEAN, **extra}.items():
                if text is None:
                    continue
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            return [str(p) for p in tree.check(root)]

    def finds(self, path, text, expected):
        found = self.problems({path: text})
        self.assertEqual(len(found), 1, found)
        self.assertIn(expected, found[0])
        self.assertTrue(found[0].startswith(path), found[0])

    def accepts(self, path, text):
        self.assertEqual(self.problems({path: text}), [])

    def test_clean_tree(self):
        self.assertEqual(self.problems({}), [])

    def test_layers(self):
        self.finds("src/base/x.cc", HEAD + '#include "core/open.h"\n', "may not include core/")
        self.finds("src/core/x.h", HEAD + '#pragma once\n#include "service/x.h"\n', "may not include service/")
        self.finds("src/core/x_test.cc", HEAD + '#include "platform/x.h"\n', "may not include platform/")
        self.finds("src/wire/x.cc", HEAD + '#include "crypto/x.h"\n', "may not include crypto/")
        self.finds("sim/x.cc", HEAD + '#include "platform/x.h"\n', "sim/ may not include platform/")
        self.finds("src/core/x.cc", HEAD + '#include "platform/crypto_openssl/x.h"\n', "may not include platform/")
        self.accepts("src/core/x_test.cc", HEAD + '#include "platform/crypto_openssl/x.h"\n')
        self.accepts("src/app/x.cc", HEAD + '#include "platform/x.h"\n#include "base/bytes.h"\n')
        self.accepts("src/wire/x.cc", HEAD + '#include "wire/dtyp/sid.h"\n')

    def test_headers(self):
        for header in ("sys/socket.h", "unistd.h", "thread", "chrono", "mutex", "iostream", "locale", "random"):
            self.finds("src/core/x.cc", HEAD + f"#include <{header}>\n", f"<{header}>")
        self.finds("src/core/x.cc", HEAD + "#  include <ctime>\n", "<ctime>")
        self.accepts("src/base/mutex.h", HEAD + "#pragma once\n#include <mutex>\n")

    def test_words(self):
        for code in ("thread_local int x;", "auto t = std::chrono::seconds(1);", "std::locale l;",
                     "void f() { throw 1; }", "int f(B* b) { return dynamic_cast<D*>(b)->x; }", "double x = 1;",
                     "long f() { return ::clock_gettime(0); }"):
            self.finds("src/core/x.cc", HEAD + code + "\n", "is not for core/")
        self.accepts("src/core/x.cc", HEAD + '// throw\n/* double */ const char* s = "thread_local";\n')
        self.accepts("src/core/x.cc", HEAD + 'const char* s = R"(a "throw" b)";\nint x = 1\'000;\n')

    def test_function_length(self):
        long_body = body(tree.MAX_FUNCTION_LINES + 1)
        self.accepts("src/core/x.cc", HEAD + "void g() {\n" + body(tree.MAX_FUNCTION_LINES) + "}\n")
        for head in ("void g() {", "namespace a {\nint C::g(int x, char y = '{') const noexcept {",
                     "template <class T>\nauto g(T t) -> decltype(t) {", "class C { C(int x) : x_(x), y_{1} {",
                     "bool operator==(const A& a, const B& b) {", "TEST(A, B) {", 'extern "C" int g(const char* x) {',
                     "struct S {\n  static bool f(std::map<int, int> m = {}) {"):
            close = "}\n" * (1 + head.count("namespace") + head.startswith(("class", "struct")))
            with self.subTest(head=head):
                self.finds("src/core/x.cc", HEAD + head + "\n" + long_body + close, "lines, more than 70")

    def test_things_that_are_no_long_function(self):
        rows = "".join(f'  {{{i}, "x"}},\n' for i in range(200))
        self.accepts("src/core/x.cc", HEAD + "constexpr Row kRows[] = {\n" + rows + "};\n")
        self.accepts("src/core/x.cc", HEAD + "struct S {\n" + "  int x;\n" * 200 + "};\n")
        self.accepts("src/core/x.cc", HEAD + "void f() {\n" + "  // why\n\n" * 200 + "}\n")
        self.accepts("src/core/x.cc", HEAD + "#define F(x) {\nvoid f() {\n" + body(3) + "}\n"
                     + "".join(f"void g{i}() {{}}\n" for i in range(200)))

    def test_file_length(self):
        self.finds("src/core/x.cc", HEAD + "int x;\n" * 1000, "1001 lines, more than 1000")
        self.finds("tests/x.sh", "#!/bin/sh\n# " + tree.LICENSE + "\n" + ":\n" * 1000, "more than 1000")
        self.accepts("src/base/x.h", HEAD + "#pragma once\n// Generated by tools/x\n" + "int x;\n" * 2000)

    def test_readme_and_license(self):
        self.finds("src/core/README.md", None, "without a README.md")
        self.finds("src/core/x.cc", "int x;\n", "SPDX")
        self.finds("src/core/x.h", HEAD, "#pragma once")
        self.finds("src/other/x.cc", HEAD, "has no layer")

    def test_links(self):
        self.finds("docs/a.md", "# a\n\n[b](b.md)\n", "link to b.md")
        self.accepts("docs/a.md", "[x](../sim/main.cc#L1) [y](https://example.org/z) `[n](no.md)`\n")

    def test_fixer(self):
        before = {"src/base/x.cc": "int x;\n", "tools/x.h": HEAD + "#pragma once\n", "tests/x.sh": "#!/bin/sh\n"}
        after = {**before, "src/base/x.cc": HEAD + "int x;\n"}
        with tempfile.TemporaryDirectory() as root:
            for path, text in before.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)))
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            for _ in range(2):
                tree.main(["--add-license-line", root])
                for path, text in after.items():
                    with open(os.path.join(root, path), encoding="utf-8") as file:
                        self.assertEqual(file.read(), text)


if __name__ == "__main__":
    unittest.main()
