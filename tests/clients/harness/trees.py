#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Folders full of files to copy, and manifests to compare them by.

A manifest maps each path to (kind, size in bytes, modification time in 100 ns, checksum).  As a
program (trees.py manifest FOLDER and so on) it also runs in a guest: standard library
only, and nothing else from here.
"""

import functools
import hashlib
import json
import os
import pathlib
import random
import shutil
import sys
import tarfile

CHUNK = 1 << 20
GIB = 1 << 30
# Past 2^32 by no round number.
BIG_SIZE = 4 * GIB + 3 * CHUNK + 12_345

SCRIPTS = {
    "latin NFC": "Crème brûlée à la façon d'Ångström.txt",
    "latin NFD": "Cre\u0300me bru\u0302le\u0301e.txt",
    "latin extended": "Žluťoučký kůň İıŞş Đđ ẞß.txt",
    "greek": "Ελληνικά ΣΊΣΥΦΟΣ σίσυφος.txt",
    "cyrillic": "Съешь же ещё этих мягких булок.txt",
    "chinese": "漢字與简体字文件.txt",
    "japanese": "ひらがな カタカナ ファイル.txt",
    "korean": "한국어 파일.txt",
    "arabic": "ملف باللغة العربية.txt",
    "hebrew": "קובץ בעברית.txt",
    "devanagari": "हिन्दी फ़ाइल.txt",
    "thai": "ไฟล์ภาษาไทย.txt",
    "outside the BMP": "emoji 😀🎉👩‍👩‍👧 𝔘𝔫𝔦 𠀀.txt",
    "punctuation": "a & b; c=d, (e) [f] {g} ~h' !i @j #k $l %m ^n +o.txt",
    "dots": ".hidden..two.dots.txt",
}
# What Windows does not allow in names.  Clients that can store them map them to U+F001 to U+F029.
RESERVED = {
    "colon": "Module::Name.3pm", "question": "what?", "star": "all*", "quote": 'say "hello"',
    "less": "a<b", "greater": "a>b", "pipe": "a|b", "trailing dot": "sentence.",
    "trailing space": "space ",
}
# Around the sizes at which clients and servers split what they send.
SIZES = [0, 1, 511, 4096, 65_535, 65_536, 65_537, CHUNK - 1, CHUNK, CHUNK + 1, 8 * CHUNK + 1]


@functools.cache
def bytes_of(seed, size):
    return random.Random(seed).randbytes(size)


def write(path, data, number):
    """Writes a file, with a modification time of its own to 100 ns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    set_time(path, 1_000_000_000 + number * 86_413, number)


def set_time(path, seconds, number):
    when = seconds * 10**9 + (number * 7919 % 10**7) * 100
    os.utime(path, ns=(when, when))


def make_names(root, reserved):
    """Names in several scripts, long ones, deep paths, empty files and folders, awkward sizes.

    reserved: which of RESERVED, too.
    """
    number = 0
    for label, name in {**SCRIPTS, **{label: RESERVED[label] for label in reserved}}.items():
        number += 1
        write(root / "files" / name, label.encode() * number, number)
        write(root / "folders" / f"{number} {name}" / name, label.encode(), number)
    for label, name in (("ascii", "n" * 251 + ".txt"), ("three bytes", "漢" * 85),
                        ("four bytes", "😀" * 63)):
        number += 1
        write(root / "long" / name, label.encode(), number)
    deep = root / "deep"
    for level in range(60):
        deep = deep / f"level {level:02} of a deep path"
        if level % 10 == 9:
            write(deep / "file.txt", f"level {level}".encode(), level)
    for size in SIZES:
        number += 1
        write(root / "sizes" / f"{size} bytes", bytes_of(size, size), number)
    (root / "empty folder" / "and another").mkdir(parents=True)
    settle_folders(root)


def portable(path):
    """True for a path that every client can store as it is."""
    return not set(str(path)) & set(':?*"<>|\\') and not any(
        part[-1] in ". " for part in path.parts)


def make_system(root, files, max_bytes, source=pathlib.Path("/usr/share")):
    """A copy of that many of the machine's own files, each at most max_bytes long; total bytes.

    Taken in the order of their paths' checksums, so a sample of everything and the same each time.
    A machine with too few of them gets several copies.
    """
    found = []
    for folder, _, names in os.walk(source):
        for name in names:
            path = pathlib.Path(folder, name)
            relative = path.relative_to(source)
            try:
                if path.is_symlink() or not path.is_file() or path.stat().st_size > max_bytes:
                    continue
                str(relative).encode()
            except (OSError, UnicodeEncodeError):
                continue
            if portable(relative):
                found.append(relative)
    found.sort(key=lambda path: hashlib.md5(str(path).encode()).digest())
    total = 0
    for number in range(files):
        copy, index = divmod(number, len(found))
        target = root / f"copy{copy}" / found[index]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / found[index], target)
        stat = (source / found[index]).stat()
        set_time(target, int(stat.st_mtime), number)
        total += stat.st_size
    settle_folders(root)
    return total


def settle_folders(root):
    """Gives every folder a fixed modification time: writing into it has changed that."""
    for number, (folder, _, _) in enumerate(os.walk(root, topdown=False)):
        set_time(folder, 1_100_000_000 + number, number)


@functools.cache
def islands():
    """(offset, data) of the parts of the big file that are not zero: also across 2^31 and 2^32."""
    half = CHUNK // 2
    offsets = (0, GIB - half, 2 * GIB - half, 3 * GIB + 1, 4 * GIB - half, BIG_SIZE - CHUNK)
    return [(offset, bytes_of(offset, CHUNK)) for offset in offsets]


def make_big(path):
    """A file over 4 GiB, holes between its islands."""
    with open(path, "r+b" if os.path.exists(path) else "wb") as file:
        file.truncate(BIG_SIZE)
        for offset, data in islands():
            file.seek(offset)
            file.write(data)


def big_part(offset, size):
    """What the big file holds there."""
    part = bytearray(size)
    for start, data in islands():
        first, last = max(start, offset), min(start + len(data), offset + size)
        if first < last:
            part[first - offset:last - offset] = data[first - start:last - start]
    return bytes(part)


def check_big_stream(stream):
    """None if a stream is the big file from its beginning to its end; else what is wrong."""
    position = 0
    while data := stream.read(CHUNK):
        if data != big_part(position, len(data)):
            return f"differs between {position} and {position + len(data)}"
        position += len(data)
    return None if position == BIG_SIZE else f"ends at {position} instead of {BIG_SIZE}"


def check_big_file(path):
    """The same of a file; its holes are known to be zeros, so only its data is read."""
    position = 0
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size != BIG_SIZE:
            return f"is {size} bytes long instead of {BIG_SIZE}"
        while position < size:
            data_at = next_data(file.fileno(), position, size)
            for start, island in islands():
                if max(position, start) < min(data_at, start + len(island)):
                    return f"has a hole between {position} and {data_at}"
            file.seek(data_at)
            data = file.read(min(CHUNK, size - data_at))
            if data != big_part(data_at, len(data)):
                return f"differs between {data_at} and {data_at + len(data)}"
            position = data_at + len(data)
    return None


def next_data(descriptor, position, size):
    try:
        return os.lseek(descriptor, position, os.SEEK_DATA)
    except OSError:  # ENXIO: a hole up to the end
        return size


def check_big_samples(path):
    """The same, of the islands and what lies next to them only."""
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size != BIG_SIZE:
            return f"is {size} bytes long instead of {BIG_SIZE}"
        for offset, _ in islands():
            start = max(0, offset - CHUNK)
            wanted = big_part(start, min(3 * CHUNK, size - start))
            file.seek(start)
            got = b""
            while len(got) < len(wanted) and (data := file.read(len(wanted) - len(got))):
                got += data
            if got != wanted:
                return f"differs between {start} and {start + len(wanted)}"
    return None


def checksum(file):
    total = hashlib.sha256()
    while data := file.read(CHUNK):
        total.update(data)
    return total.hexdigest()


def checksum_of(path):
    with open(path, "rb", buffering=0) as file:
        return checksum(file)


def manifest(root):
    entries = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            stat = os.stat(path, follow_symlinks=False)
            is_folder = name in folders
            entries[os.path.relpath(path, root)] = [
                "folder" if is_folder else "file", 0 if is_folder else stat.st_size,
                stat.st_mtime_ns // 100, "" if is_folder else checksum_of(path)]
    return entries


def set_times(root, entries):
    """Gives what is below root the times of a manifest, folders after what is in them."""
    for path in sorted(entries, reverse=True):
        when = entries[path][2] * 100
        os.utime(os.path.join(root, path), ns=(when, when))


def manifest_of_tar(stream):
    """The same from a tar archive, as it comes; its times are whole seconds."""
    entries = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            entries[os.path.normpath(member.name.lstrip("/"))] = [
                "file" if member.isfile() else "folder", member.size if member.isfile() else 0,
                int(member.mtime) * 10**7, checksum(content) if content else ""]
    entries.pop(".", None)
    return entries


# How clients send a character that Windows does not allow ("Services for Macintosh").  A server may
# keep it so on its disk, or as the character itself.
MAPPED = {0xF020 + index: char for index, char in enumerate('"*:<>?\\| .')}


def unmapped(entries):
    """A manifest with names as the user gave them, however the server keeps them on its disk."""
    return {path.translate(MAPPED): entry for path, entry in entries.items()}


def difference(wanted, got, times="100ns"):
    """Text of the first differences of two manifests, or None.

    times: "100ns" compares them exactly, "seconds" to the second, "none" not; folders' times only
    if "100ns".
    """
    wrong = [f"{path[-60:]}: missing" for path in wanted.keys() - got.keys()]
    wrong += [f"{path[-60:]}: not expected" for path in got.keys() - wanted.keys()]
    for path in wanted.keys() & got.keys():
        old, new = wanted[path], got[path]
        unit = {"100ns": 1, "seconds": 10**7}.get(times)
        if (old[0], old[1], old[3]) != (new[0], new[1], new[3]):
            wrong.append(f"{path[-60:]}: {old} became {new}")
        elif unit and (times == "100ns" or old[0] == "file") and old[2] // unit != new[2] // unit:
            wrong.append(f"{path[-60:]}: time {old[2]} became {new[2]} (100 ns)")
    return f"{len(wrong)} differences: " + "; ".join(sorted(wrong)[:3]) if wrong else None


def main():
    command, path = sys.argv[1:]
    if command == "manifest":
        json.dump(manifest(path), sys.stdout)
    elif command == "holes":  # writes the big file with seeks, so that only its islands are sent
        make_big(path)
    elif command == "times":
        set_times(path, json.load(sys.stdin))
    elif command in CHECKS:
        print(CHECKS[command](path) or "right")
    else:
        sys.exit("trees.py manifest FOLDER | times FOLDER <MANIFEST | holes FILE | whole FILE | samples FILE")


CHECKS = {"whole": check_big_file, "samples": check_big_samples}

if __name__ == "__main__":
    main()
