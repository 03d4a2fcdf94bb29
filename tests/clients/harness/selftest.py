#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the checks notice?  Clients and trees with one fault each; every one must be found.

Needs no server and no rights: the "client" copies within folders.  Run by ../run before all else.
"""

import io
import os
import pathlib
import shutil
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import trees, wire  # noqa: E402
from harness.lab import Failed  # noqa: E402
from harness.ops import FileOps, exercise  # noqa: E402


MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None


class FolderClient(FileOps):
    """Does everything right, on the server's folder itself; subclasses do one thing wrong."""

    def __init__(self, root):
        self.root = root

    def mkdir(self, path):
        (self.root / path).mkdir()

    def put(self, local, path):
        shutil.copyfile(local, self.root / path)

    def names(self, path):
        return os.listdir(self.root / path)

    def get(self, path, local):
        shutil.copyfile(self.root / path, local)

    def rename(self, old, new):
        (self.root / old).rename(self.root / new)

    def delete(self, path):
        (self.root / path).unlink()

    def rmdir(self, path):
        (self.root / path).rmdir()


def damage(path, offset=1_234_567):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


class Exercise(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hflab-", dir=MEMORY))
        self.addCleanup(shutil.rmtree, self.root)
        for name in ("server", "work"):
            (self.root / name).mkdir()

    def with_fault(self, **steps):
        client = FolderClient(self.root / "server")
        for name, step in steps.items():
            setattr(client, name, step)
        exercise(client, self.root / "server", self.root / "work")

    def must_notice(self, text, **steps):
        with self.assertRaisesRegex(Failed, text):
            self.with_fault(**steps)

    def test_passes_without_fault(self):
        self.with_fault()

    def test_one_bit_wrong_on_the_server(self):
        def put(local, path):
            shutil.copyfile(local, self.root / "server" / path)
            damage(self.root / "server" / path)
        self.must_notice("upload: content differs", put=put)

    def test_one_bit_wrong_in_the_download(self):
        def get(path, local):
            shutil.copyfile(self.root / "server" / path, local)
            damage(local)
        self.must_notice("download: content differs", get=get)

    def test_short_download(self):
        def get(path, local):
            local.write_bytes((self.root / "server" / path).read_bytes()[:-1])
        self.must_notice("download: content differs", get=get)

    def test_nothing_done(self):
        for step in ("mkdir", "put", "rename", "delete", "rmdir"):
            with self.subTest(step):
                self.setUp()
                self.must_notice("", **{step: lambda *_: None})

    def test_list_leaves_names_out(self):
        self.must_notice("list after upload", names=lambda _: [])


class Trees(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hflab-", dir=MEMORY))
        self.addCleanup(shutil.rmtree, self.root)
        self.first, self.second = self.root / "first", self.root / "second"
        trees.make_names(self.first, trees.RESERVED)
        shutil.copytree(self.first, self.second)
        self.wanted = trees.manifest(self.first)
        self.some = self.second / "sizes" / f"{trees.CHUNK + 1} bytes"

    def compared(self, times="100ns"):
        return trees.difference(self.wanted, trees.manifest(self.second), times)

    def test_equal_trees(self):
        self.assertIsNone(self.compared())

    def test_one_bit(self):
        when = self.some.stat().st_mtime_ns
        damage(self.some, trees.CHUNK)
        os.utime(self.some, ns=(when, when))
        self.assertRegex(self.compared(), "^1 differences: .*became")

    def test_time_off_by_100_ns(self):
        when = self.some.stat().st_mtime_ns + 100
        os.utime(self.some, ns=(when, when))
        self.assertRegex(self.compared(), "^1 differences: .*time")
        self.assertIsNone(self.compared("seconds"))

    def test_missing_and_surplus(self):
        self.some.rename(self.some.with_name("other"))
        found = self.compared("none")
        self.assertIn("missing", found)
        self.assertIn("not expected", found)

    def test_composed_and_decomposed_names_differ(self):
        for entry in (self.second / "files").iterdir():
            if entry.name == trees.SCRIPTS["latin NFD"]:
                entry.rename(entry.with_name("Cr\u00e8me br\u00fbl\u00e9e.txt"))
        self.assertIn("missing", self.compared("none"))

    def test_tar(self):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
            archive.add(self.second, ".")
        stream.seek(0)
        self.assertIsNone(trees.difference(self.wanted, trees.manifest_of_tar(stream), "none"))

    def test_names_as_kept_by_servers(self):
        kept = {"a\uf022b\uf025": ["file", 0, 0, ""], "end\uf029": ["file", 0, 0, ""]}
        self.assertEqual(sorted(trees.unmapped(kept)), ["a:b?", "end."])


class Big(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hflab-", dir=MEMORY))
        self.addCleanup(shutil.rmtree, self.root)
        self.path = self.root / "big"
        trees.make_big(self.path)

    def test_right(self):
        self.assertIsNone(trees.check_big_file(self.path))
        self.assertIsNone(trees.check_big_samples(self.path))

    def test_one_bit_past_4_gib(self):
        damage(self.path, 4 * trees.GIB + 5)
        self.assertIn("differs", trees.check_big_file(self.path))
        self.assertIn("differs", trees.check_big_samples(self.path))

    def test_something_in_a_hole(self):
        damage(self.path, 2 * trees.GIB + 100 * trees.CHUNK)
        self.assertIn("differs", trees.check_big_file(self.path))

    def test_a_part_that_was_never_written(self):
        path = self.root / "other"
        with open(path, "wb") as file:
            file.truncate(trees.BIG_SIZE)
        self.assertIn("hole", trees.check_big_file(path))

    def test_offsets_that_lost_their_upper_half(self):
        path = self.root / "wrapped"
        with open(path, "wb") as file:
            for offset, data in trees.islands():
                file.seek(offset % 2**32)
                file.write(data)
        self.assertIn("long instead", trees.check_big_file(path))

    def test_stream(self):
        self.assertIn("ends at", trees.check_big_stream(io.BytesIO(trees.big_part(0, 4096))))
        self.assertIn("differs", trees.check_big_stream(io.BytesIO(bytes(4096))))


class Wire(unittest.TestCase):
    def verify(self, dialect, mode, **seen):
        watcher = wire.Watcher(None, None)
        watcher.seen = {"dialects": ["3.1.1"], "encrypted": 0, "signed": 0, "unsigned": 0, **seen}
        return watcher.verify(dialect, mode)

    def test_modes(self):
        self.assertIsNone(self.verify("3.1.1", "plain", unsigned=4))
        self.assertIsNone(self.verify("3.1.1", "sign", signed=4))
        self.assertIsNone(self.verify("3.1.1", "encrypt", encrypted=4))
        for mode in ("plain", "sign", "encrypt"):
            self.assertIsNotNone(self.verify(None, mode))
        self.assertIsNotNone(self.verify(None, "sign", signed=4, unsigned=1))
        self.assertIsNotNone(self.verify(None, "encrypt", encrypted=4, signed=1))
        self.assertIsNotNone(self.verify(None, "plain", unsigned=4, encrypted=1))
        self.assertIsNotNone(self.verify("3.0", None))


if __name__ == "__main__":
    unittest.main()
