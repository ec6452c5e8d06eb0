#!/usr/bin/env python3
"""Writes the cases of the archive checks and of TorchScript code: zip_cases.py CHECKS_FOLDER

Each case is one small archive with one trick, built field by field (PKWARE APPNOTE 6.3.10, section 4.3) so that every
line of the hex says what it is. The members are harmless text. CPython's zipfile writes the good ones.
"""
import bz2
import io
import pathlib
import stat
import struct
import sys
import zipfile
import zlib


class Archive:
    """Pieces of an archive in order, each with the words that explain it."""

    def __init__(self):
        self.pieces = []
        self.directory = []

    def __len__(self):
        return sum(len(data) for _, data in self.pieces)

    def put(self, data, *words):
        self.pieces.append((" ".join(words), data))

    def fields(self, what, fields):
        """One record: [(format of one little-endian field, value, name)]."""
        for form, value, name in fields:
            data = value if form == "bytes" else struct.pack("<" + form, value)
            if data:
                self.put(data, what + ":", name, "" if form == "bytes" else f"= {value:#x}")

    def member(self, name, data=b"text\n", *, local=True, central=True, packed=None, **differs):
        """A member; `local_x=` and `central_x=` change a field in one of the two headers only, `x=` in both."""
        at = len(self)
        packed = data if packed is None else packed
        said = dict(name=name, flags=0, method=0, crc=zlib.crc32(data), packed=len(packed), size=len(data), extra=b"",
                    mode=0, at=at)
        said.update({key: value for key, value in differs.items() if key in said})
        here = dict(said)
        here.update({key[6:]: value for key, value in differs.items() if key.startswith("local_")})
        if local:
            self.fields("local header", [
                ("bytes", b"PK\x03\x04", "signature"), ("H", 20, "version needed"), ("H", here["flags"], "flags"),
                ("H", here["method"], "method"), ("H", 0, "time"), ("H", 33, "date"), ("L", here["crc"], "CRC-32"),
                ("L", here["packed"], "packed size"), ("L", here["size"], "size"), ("H", len(here["name"]), "name length"),
                ("H", len(here["extra"]), "extra length"), ("bytes", here["name"], f"name {here['name']!r}"),
                ("bytes", here["extra"], "extra field")])
            self.put(packed, f"data of {here['name']!r}")
        there = dict(said)
        there.update({key[8:]: value for key, value in differs.items() if key.startswith("central_")})
        if central:
            self.directory.append(there)
        return self

    def end(self, *, offset=None, count=None, size=None, comment=b"", shift=0, zip64=None):
        """The central directory and its end record."""
        start = len(self)
        for entry in self.directory:
            self.fields("central header", [
                ("bytes", b"PK\x01\x02", "signature"), ("H", 3 << 8 | 20, "made by Unix, version 2.0"),
                ("H", 20, "version needed"), ("H", entry["flags"], "flags"), ("H", entry["method"], "method"), ("H", 0, "time"),
                ("H", 33, "date"), ("L", entry["crc"], "CRC-32"), ("L", entry["packed"], "packed size"),
                ("L", entry["size"], "size"), ("H", len(entry["name"]), "name length"),
                ("H", len(entry["extra"]), "extra length"), ("H", 0, "comment length"), ("H", 0, "disk"),
                ("H", 0, "internal attributes"), ("L", entry["mode"] << 16, "external attributes"),
                ("L", entry["at"] + shift, "offset of the local header"), ("bytes", entry["name"], f"name {entry['name']!r}"),
                ("bytes", entry["extra"], "extra field")])
        length = len(self) - start
        count = len(self.directory) if count is None else count
        if zip64:
            at = len(self)
            self.fields("zip64 end record", [
                ("bytes", b"PK\x06\x06", "signature"), ("Q", 44, "size of the rest"), ("H", 45, "made by"),
                ("H", 45, "version needed"), ("L", 0, "disk"), ("L", 0, "disk of the directory"), ("Q", zip64["count"], "members here"),
                ("Q", zip64["count"], "members"), ("Q", zip64["size"], "size of the directory"),
                ("Q", zip64["offset"], "offset of the directory")])
            self.fields("zip64 locator", [
                ("bytes", b"PK\x06\x07", "signature"), ("L", 0, "disk"), ("Q", at, "offset of the zip64 end record"), ("L", 1, "disks")])
        self.fields("end record", [
            ("bytes", b"PK\x05\x06", "signature"), ("H", 0, "disk"), ("H", 0, "disk of the directory"), ("H", count, "members here"),
            ("H", count, "members"), ("L", length if size is None else size, "size of the directory"),
            ("L", start + shift if offset is None else offset, "offset of the directory"), ("H", len(comment), "comment length"),
            ("bytes", comment, "comment")])
        self.directory = []
        return self


def hex_text(archive, story, finds):
    lines = [f"# {story}"] + [f"# finds: {text}" for text in finds]
    at = 0
    for words, data in archive.pieces:
        lines.append(f"# {at}: {words.strip()}")
        lines += [data[cut:cut + 32].hex(" ") for cut in range(0, len(data), 32)]
        at += len(data)
    return "\n".join(lines) + "\n"


def unicode_path(header_name, name):
    body = struct.pack("<BL", 1, zlib.crc32(header_name)) + name
    return struct.pack("<HH", 0x7075, len(body)) + body


def bad():
    """(check, file name, story, texts that the findings must hold, archive)"""
    a, text = "archive-ambiguous", b"text\n"
    yield a, "central_only", "The central directory names a member that has no local header.", ['"ghost" stands in the central'], \
        Archive().member(b"a").member(b"ghost", local=False, at=5).end()
    yield a, "local_only", "A local header that the central directory does not know.", ['"hidden" stands only among the local'], \
        Archive().member(b"a").member(b"hidden", central=False).end()
    yield a, "name_mismatch", "CVE-2025-1944: the local header has another name.", ['"b.pkl"', '"a.txt"'], \
        Archive().member(b"a.txt", local_name=b"b.pkl").end()
    yield a, "size_mismatch", "The local header has other sizes.", ["5 bytes packed in 5", "3 in 3"], \
        Archive().member(b"a", text, local_packed=3, local_size=3).end()
    yield a, "size_hides_member", "For a streaming reader a second member begins inside of the first.", \
        ['"hidden" stands only among the local'], size_hides_member()
    yield a, "method_mismatch", "Deflated for one view, stored for the other.", ["method 8", "method 0"], \
        Archive().member(b"a", text, packed=deflated(text), central_method=8).end()
    yield a, "duplicate", "Two members of one name.", ['Two members are called "data.pkl"'], \
        Archive().member(b"data.pkl").member(b"data.pkl", b"other\n").end()
    yield a, "case_collision", "Two names that are one where case does not count.", ['"Data.pkl" and "data.PKL"'], \
        Archive().member(b"Data.pkl").member(b"data.PKL", b"other\n").end()
    yield a, "separator_collision", "Two names that are one where a backslash is a slash.", ['fall on one file'], \
        Archive().member(b"a/b").member(b"a\\b", b"other\n").end()
    yield a, "nul_in_name", "CPython cuts the name at the NUL and sees data.pkl.", ["NUL"], \
        Archive().member(b"data.pkl\0.txt").end()
    yield a, "unicode_path", "The Unicode path field has another name.", ['"data.pkl"', '"notes.txt"'], \
        Archive().member(b"notes.txt", extra=unicode_path(b"notes.txt", b"data.pkl")).end()
    yield a, "encrypted_flag", "CVE-2025-1945: flagged as encrypted, and plain.", ["flagged as encrypted"], \
        Archive().member(b"data.pkl", flags=1).end()
    yield a, "encrypted_flag_deflated", "The same over deflated bytes, in the local header only.", ["flagged as encrypted"], \
        Archive().member(b"data.pkl", text, packed=deflated(text), method=8, local_flags=1).end()
    yield a, "patch_flag", "CVE-2025-1945 with flag bit 5, compressed patch data.", ["flagged as encrypted"], \
        Archive().member(b"data.pkl", flags=1 << 5).end()
    yield a, "encrypted_flag_padded", "The same with twelve bytes more, as encryption would add.", ["flagged as encrypted"], \
        Archive().member(b"data.pkl", text, packed=text + bytes(12), flags=1).end()
    yield a, "two_directories", "An end record in the comment of another: CPython takes the last one.", \
        ["2 different central directories"], two_directories()
    yield a, "count", "The end record promises one member, the directory holds two: miniz counts, CPython measures.", \
        ["promises 1 members"], Archive().member(b"a").member(b"b").end(count=1)
    yield a, "zip64_disagrees", "The zip64 end record leads to another directory than the end record.", ["zip64 end record"], \
        zip64_disagrees()
    yield a, "descriptor", "The data descriptor has other sizes.", ["data descriptor"], descriptor(size=9)
    b = "archive-bomb"
    zeros = bytes(2 << 20)
    yield b, "ratio", "Two mebibytes of zeros in fewer than a hundred bytes (bzip2).", ["unpacks from"], \
        Archive().member(b"zeros", zeros, packed=bz2.compress(zeros), method=12).end()
    yield b, "overlap", "The second member lies inside of the first: unpacked twice, stored once.", ["share the same bytes"], \
        overlap()
    yield b, "same_header", "Two names for one local header.", ["share their bytes"], \
        Archive().member(b"a").member(b"b", local=False, at=0).end()
    e = "archive-escaping-path"
    for name, said, story in [(b"/etc/x", "absolute", "absolute"), (b"a/../../x", "..", "parent"), (b"C:\\x", "drive", "drive"),
                              (b"..\\x", "..", "backslash"), (b"\\\\host\\share\\x", "absolute", "network_path")]:
        yield e, story, f"A member that is called {name.decode()}.", [said], Archive().member(name).end()
    yield e, "link", "A symbolic link to a place outside.", ["../../outside"], \
        Archive().member(b"a/link", b"../../outside", mode=stat.S_IFLNK | 0o777).end()
    yield e, "link_absolute", "A symbolic link to an absolute path, deflated.", ["/etc/hostname"], \
        Archive().member(b"link", b"/etc/hostname", packed=deflated(b"/etc/hostname"), method=8, mode=stat.S_IFLNK | 0o777).end()
    i = "archive-irregular"
    yield i, "crc", "CVE-2025-10156: the checksum is wrong in both headers.", ["checksum of member"], \
        Archive().member(b"data.pkl", crc=1).end()
    yield i, "crc_views", "The checksum is wrong in the central directory only.", ["checksums of member"], \
        Archive().member(b"data.pkl", central_crc=1).end()
    yield i, "crc_descriptor", "The data descriptor has another checksum.", ["data descriptor"], descriptor(crc=9)
    yield i, "in_front", "Bytes in front, offsets not moved: CPython opens it.", ["8 bytes in front"], outside(front=True)
    yield i, "in_front_moved", "Bytes in front, offsets moved as `zip -A` does.", ["8 bytes in front"], outside(front=True, moved=True)
    yield i, "between", "Bytes between two members.", ["8 bytes between"], outside(between=True)
    yield i, "behind", "Bytes behind the end record.", ["8 bytes behind"], outside(behind=True)
    yield i, "no_end", "The archive ends before its directory.", ["no end of central directory"], Archive().member(b"a")
    yield i, "stored_size", "A stored member that declares another size than it has.", ["declares"], \
        Archive().member(b"a", text, size=3).end()
    yield i, "backslash", "Backslashes are no separators (4.4.17.1).", ["backslash"], Archive().member(b"a\\b").end()
    yield i, "disks", "The end record speaks of a second disk.", ["disks"], disks()
    yield i, "behind_deflate", "Bytes behind the end of a deflated stream.", ["before its packed bytes"], \
        Archive().member(b"a", text, packed=deflated(text) + b"unread", method=8).end()


def deflated(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def size_hides_member():
    inner = Archive().member(b"hidden")
    data = b"text\n" + b"".join(data for _, data in inner.pieces)
    return Archive().member(b"a", data, local_packed=5, local_size=5, local_crc=zlib.crc32(b"text\n")).end()


def two_directories():
    archive = Archive().member(b"a", b"one\n")
    first = archive.directory[0]
    archive.member(b"b", b"two\n")
    second = archive.directory.pop()
    inner = Archive()
    inner.directory = [second]
    # The comment of the first end record holds a whole directory and end record.
    start = len(archive) + 46 + len(b"a") + 22
    inner.end(offset=start)
    comment = b"".join(data for _, data in inner.pieces)
    archive.directory = [first]
    return archive.end(comment=comment)


def zip64_disagrees():
    archive = Archive().member(b"a", b"one\n").member(b"b", b"two\n")
    # The directory holds both; the end record says both, the zip64 end record only the second.
    start, each = len(archive), 46 + 1
    return archive.end(zip64=dict(count=1, size=each, offset=start + each))


def descriptor(crc=None, size=None):
    data = b"text\n"
    archive = Archive().member(b"a", data, flags=1 << 3, local_crc=0, local_packed=0, local_size=0)
    archive.fields("data descriptor", [
        ("bytes", b"PK\x07\x08", "signature"), ("L", zlib.crc32(data) if crc is None else crc, "CRC-32"),
        ("L", len(data) if size is None else size, "packed size"), ("L", len(data) if size is None else size, "size")])
    return archive.end()


def overlap():
    inner = Archive().member(b"inner")
    data = b"".join(data for _, data in inner.pieces)
    archive = Archive().member(b"outer", data)
    entry = dict(inner.directory[0], at=len(archive) - len(data))
    archive.directory.append(entry)
    return archive.end()


def outside(front=False, between=False, behind=False, moved=False):
    archive = Archive()
    if front:
        archive.put(b"outside\n", "bytes in front")
    archive.member(b"a")
    if between:
        archive.put(b"outside\n", "bytes between members")
    archive.member(b"b").end(shift=-8 if front and not moved else 0)
    if behind:
        archive.put(b"outside\n", "bytes behind")
    return archive


def disks():
    archive = Archive().member(b"a").end()
    return_at = next(index for index, (words, _) in enumerate(archive.pieces) if words.startswith("end record: disk ="))
    archive.pieces[return_at] = ("end record: disk = 0x2", b"\x02\x00")
    return archive


class Unseekable(io.RawIOBase):
    """What zipfile writes to a pipe: local headers with descriptors."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def from_zipfile(write, target=None, **options):
    target = io.BytesIO() if target is None else target
    with zipfile.ZipFile(target, "w", **options) as archive:
        write(archive)
    whole = Archive()
    whole.put(bytes(target.data) if isinstance(target, Unseekable) else target.getvalue(), "as zipfile writes it")
    return whole


def good():
    def two(archive):
        archive.writestr(zipfile.ZipInfo("archive/data.txt"), "text\n" * 10)
        archive.writestr(zipfile.ZipInfo("archive/version"), "3\n")

    def link(target):
        def write(archive):
            info = zipfile.ZipInfo("a/link")
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
        return write

    def wide(archive):
        with archive.open(zipfile.ZipInfo("wide"), "w", force_zip64=True) as file:
            file.write(b"text\n")

    def comment(archive):
        two(archive)
        archive.comment = b"a comment"

    def folders(archive):
        for name in ["a/", "a/", "LICENSE", "license/x"]:
            archive.writestr(zipfile.ZipInfo(name), b"" if name == "a/" else b"text\n")

    def inner(archive):
        archive.writestr(zipfile.ZipInfo("inner.zip"), from_zipfile(two).pieces[0][1])

    a, b, e, i = "archive-ambiguous", "archive-bomb", "archive-escaping-path", "archive-irregular"
    yield a, "stored", "Stored members.", from_zipfile(two)
    yield a, "streamed", "Written to a pipe: sizes in data descriptors.", from_zipfile(two, Unseekable())
    yield a, "zip64_member", "A zip64 extra field in the local header only.", from_zipfile(wide)
    yield a, "comment", "An archive comment.", from_zipfile(comment)
    yield a, "archive_in_archive", "The end record of a stored inner archive is the member's own.", from_zipfile(inner)
    yield a, "folders", "A folder entry twice, and a folder called like a file.", from_zipfile(folders)
    yield a, "torch", "As PyTorch writes it: descriptors, padding in extra field FB, a zip64 end record always.", torch()
    yield a, "unicode_path", "Info-ZIP: the name in CP437, and the same in UTF-8 in the extra field.", \
        Archive().member(b"caf\x82.txt", extra=unicode_path(b"caf\x82.txt", "café.txt".encode())).end()
    zeros = bytes(2 << 20)
    yield b, "zeros_deflated", "Deflate cannot pack 2 MiB of zeros below 1/1032: an honest tensor of zeros.", \
        Archive().member(b"zeros", zeros, packed=deflated(zeros), method=8).end()
    yield b, "small", "A high ratio in a small member.", \
        Archive().member(b"zeros", bytes(1 << 19), packed=bz2.compress(bytes(1 << 19)), method=12).end()
    yield e, "dots", "Dots that are no parent folder.", Archive().member(b"a/..b/c...").end()
    yield e, "link_inside", "A link to a neighbour.", from_zipfile(link("../b"))
    yield e, "link_only_in_name", "The target of a regular file is its content, not a path.", Archive().member(b"link", b"/etc/x").end()
    yield i, "deflated", "Deflated members.", from_zipfile(two, compression=zipfile.ZIP_DEFLATED)
    yield i, "bzip2", "Packed by bzip2.", from_zipfile(two, compression=zipfile.ZIP_BZIP2)
    yield i, "lzma", "Packed by LZMA.", from_zipfile(two, compression=zipfile.ZIP_LZMA)
    yield i, "streamed", "Written to a pipe, deflated.", from_zipfile(two, Unseekable(), compression=zipfile.ZIP_DEFLATED)
    yield i, "empty", "An archive without members.", from_zipfile(lambda archive: None)
    yield i, "torch", "As PyTorch writes it.", torch()


def torch():
    """Field for field what a TorchScript archive of PyTorch 2 holds: local sizes open, padding, zip64 records."""
    archive = Archive()
    for name, data in [(b"archive/version", b"3\n"), (b"archive/byteorder", b"little")]:
        padding = b"Z" * (-(len(archive) + 30 + len(name) + 4) % 64)
        archive.member(name, data, flags=0x808, local_crc=0, local_packed=0, local_size=0,
                       local_extra=b"FB" + struct.pack("<H", len(padding)) + padding)
        archive.fields("data descriptor", [("bytes", b"PK\x07\x08", "signature"), ("L", zlib.crc32(data), "CRC-32"),
                                           ("L", len(data), "packed size"), ("L", len(data), "size")])
    length = sum(46 + len(entry["name"]) for entry in archive.directory)
    return archive.end(zip64=dict(count=2, size=length, offset=len(archive)))


def torchscript(*lines, packed=lambda code: (code, 0)):
    """The archive that torch.jit.save writes, as far as loaders need it, with these lines as the body of forward."""
    code = "".join(line + "\n" for line in (
        "class M(Module):", "  __parameters__ = []", "  __buffers__ = []", "  training : bool",
        "  def forward(self: __torch__.M, x: Tensor) -> Tensor:", *("    " + line for line in lines), "    return x")).encode()
    data, method = packed(code)
    archive = Archive().member(b"archive/data.pkl", b"\x80\x02N.").member(b"archive/constants.pkl", b"\x80\x02).")
    return archive.member(b"archive/code/__torch__.py", code, packed=data, method=method).end()


def scripts():
    """(side, file name, story, texts that the findings must hold, archive)"""
    yield "bad", "from_file", "Maps a file into a tensor.", ["aten::from_file"], \
        torchscript('y = torch.from_file("weights.bin", False, 4)')
    yield "bad", "save", "Writes a file, as a method of a tensor.", ["aten::save"], torchscript('x.save("out.bin")')
    yield "bad", "read_file", "An operator of torchvision.", ["image::read_file"], \
        torchscript('y = ops.image.read_file("picture.png")')
    yield "bad", "other_name", "The namespace under another name.", ["aten::save"], torchscript("t = torch", 't.save(x, "out.bin")')
    yield "bad", "getattr", "The operator named by a string.", ["aten::from_file"], \
        torchscript('y = getattr(torch, "from_file")("weights.bin", False, 4)')
    yield "bad", "two_lines", "The name over two lines, in a deflated member.", ["aten::from_file"], \
        torchscript("y = (torch.", '  from_file("weights.bin", False, 4))', packed=lambda code: (deflated(code), 8))
    yield "bad", "class", "A class whose constructor opens a file.", ["dist_c10d::FileStore"], \
        torchscript('s = __torch__.torch.classes.dist_c10d.FileStore("store", 1)')
    yield "good", "compute", "Computes, and raises.", [], \
        torchscript("y = torch.add(x, x)", 'if bool(torch.gt(y, 1)):', '  ops.prim.RaiseException("too large")')
    yield "good", "comment_and_text", "Names in a comment and in a text are no calls.", [], \
        torchscript("# torch.from_file", 'y = "torch.save(x)"')
    yield "good", "attribute", "An attribute of the model that is called like an operator.", [], \
        torchscript("if self.save:", "  y = torch.mul(x, x)")


def main(root):
    cases = [(check, "bad", name, story, finds, archive) for check, name, story, finds, archive in bad()]
    cases += [(check, "good", name, story, [], archive) for check, name, story, archive in good()]
    cases = [(check, side, f"{name}.zip", story, finds, archive) for check, side, name, story, finds, archive in cases]
    cases += [("torchscript-side-effect", side, f"{name}.pt", story, finds, archive) for side, name, story, finds, archive in scripts()]
    for check, side, name, story, finds, archive in cases:
        folder = root / "model" / check.replace("-", "_") / side
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.hex").write_text(hex_text(archive, story, finds))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
