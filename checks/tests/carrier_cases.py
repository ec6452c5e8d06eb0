#!/usr/bin/env python3
"""Writes the cases of pickles in carriers: carrier_cases.py FOLDER puts `bad/` and `good/` there. Needs numpy, lz4, zstandard.

The files come from the libraries that real ones come from, so that the readers are held against those. Every harmful
pickle calls os.getpid and nothing else.
"""
import bz2
import gzip
import io
import lzma
import os
import pickle
import struct
import sys
import tarfile
import zipfile
import zlib

import lz4.frame
import numpy as np
import zstandard

BAD, GOOD = {}, {}
FINDS = "finds: calls posix.getpid()"


class Harmless:
    def __reduce__(self):
        return os.getpid, ()


class Loaded:
    """Calls a loader with bytes, as a pickle in a pickle does."""

    def __init__(self, loader, *args):
        self.loader, self.args = loader, args

    def __reduce__(self):
        return self.loader, self.args


PAYLOAD = pickle.dumps(Harmless(), 2)
DATA = pickle.dumps({"weights": [1.0, 2.5], "name": "ranker"}, 2)


def both(name, make, says):
    """The same carrier with a harmful and with a plain pickle."""
    BAD[name] = (says, make(PAYLOAD))
    GOOD[name] = (says, make(DATA))


def fixed_gzip(data):
    return gzip.compress(data, mtime=0)


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def zipped(members, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data, method)
    return buffer.getvalue()


def tarred(members, format=tarfile.GNU_FORMAT):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    # The blocks behind the end mark hold nothing, and would be most of the file.
    return buffer.getvalue().rstrip(b"\0") + bytes(1024 + 512 - len(buffer.getvalue().rstrip(b"\0")) % 512)


def body_replaced(array, body):
    """A header that is true of `array`, and another body."""
    whole = npy(array)
    start = 10 + int.from_bytes(whole[8:10], "little")
    return whole[:start] + body


# numpy.
BAD["object_array.npy"] = ("np.save of an object array: the body is a pickle.", npy(np.array([Harmless()], dtype=object)))
GOOD["object_array.npy"] = ("An object array of plain values.", npy(np.array([None, "text", 3], dtype=object)))
nested = np.zeros(1, dtype=[("a", "<i4"), ("b", [("c", object)])])
nested["b"]["c"][0] = Harmless()
BAD["structured_array.npy"] = ("The object stands in a field of a field.", npy(nested))
BAD["lying_dtype.npy"] = ("The header says float64, the body is a pickle.", body_replaced(np.zeros(2), PAYLOAD))
BAD["lying_dtype_that_fits.npy"] = ("Bytes by its header, as many as the pickle has.", body_replaced(np.zeros(len(PAYLOAD), "u1"), PAYLOAD))
GOOD["floats.npy"] = ("Numbers.", npy(np.linspace(-1, 1, 20)))
GOOD["bytes.npy"] = ("Bytes that begin as text.", npy(np.frombuffer(b"it was the best of times", "u1")))
both("arrays.npz", lambda p: zipped([("plain.npy", npy(np.arange(3))), ("objects.npy", npy(np.array([pickle.loads(DATA)], dtype=object)) if p == DATA else npy(np.array([Harmless()], dtype=object)))]), "np.savez with an object array.")

# joblib and everything that is compressed.
both("joblib_zlib.joblib", lambda p: zlib.compress(p), "joblib.dump(…, compress=('zlib', 6)).")
both("joblib_old.pkl.z", lambda p: b"ZF" + hex(len(p)).ljust(19).encode() + zlib.compress(p), "joblib before 0.10, compressed.")
both("joblib_gzip.joblib", fixed_gzip, "joblib.dump(…, compress=('gzip', 6)).")
both("joblib_bz2.joblib", bz2.compress, "joblib.dump(…, compress='bz2').")
both("joblib_xz.joblib", lzma.compress, "joblib.dump(…, compress='xz').")
both("joblib_lzma.joblib", lambda p: lzma.compress(p, lzma.FORMAT_ALONE), "joblib.dump(…, compress='lzma').")
both("joblib_lz4.joblib", lambda p: lz4.frame.compress(p), "joblib.dump(…, compress='lz4').")
both("weights.zst", lambda p: zstandard.compress(p), "A pickle compressed with Zstandard, called nothing in particular.")
both("two_members.gz", lambda p: fixed_gzip(p[:7]) + fixed_gzip(p[7:]), "The pickle is spread over two gzip members.")
BAD["cut.pkl.gz"] = ("The stream is cut off behind the payload: what came before it runs.", fixed_gzip(PAYLOAD + bytes(range(256)) * 8)[:-150])
both("in_zip.zip.gz", lambda p: fixed_gzip(zipped([("a/b", p)], zipfile.ZIP_DEFLATED)), "A pickle in a deflated zip in a gzip file.")
both("twice.gz", lambda p: fixed_gzip(fixed_gzip(p)), "Compressed twice.")

# tar.
both("in_tar.tar", lambda p: tarred([("README", b"A model.\n"), ("model/weights", p)]), "A pickle in a tar.")
both("in_tar.tar.gz", lambda p: fixed_gzip(tarred([("README", b"A model.\n"), ("model/weights", p)])), "A pickle in a compressed tar.")
both("long_name.tar", lambda p: tarred([("x" * 120, p)]), "GNU long name.")
both("pax.tar", lambda p: tarred([("é" * 80, p)], tarfile.PAX_FORMAT), "pax header for the name.")


def torch_tar(p):
    storage = (
        b"\x80\x02X\x01\0\0\0aX\x03\0\0\0cpuctorch\nFloatStorage\n\x87."
    )
    storages = pickle.dumps(1, 2) + storage + struct.pack("<q2f", 2, 0.5, -0.5) + pickle.dumps([], 2)
    tensor = b"\x80\x02X\x01\0\0\0tX\x01\0\0\0actorch\nFloatTensor\n\x87."
    tensors = pickle.dumps(1, 2) + tensor + struct.pack("<iiqqq", 1, 0, 2, 1, 0)
    return [("sys_info", pickle.dumps({"protocol_version": 1000}, 2)), ("pickle", p), ("storages", storages), ("tensors", tensors)]


both("legacy.tar.pt", lambda p: tarred(torch_tar(p)), "torch.save before 0.1.10: a tar with `pickle`, `storages`, `tensors`.")
legacy = torch_tar(DATA)
legacy[2] = ("storages", legacy[2][1][: -len(pickle.dumps([], 2))] + PAYLOAD)
BAD["legacy_storages.tar.pt"] = ("The harmful pickle is the last one of `storages`, behind raw data.", tarred(legacy))

# PyTorch.
magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
protocol, sys_info = pickle.dumps(1001, 2), pickle.dumps({"little_endian": True}, 2)
both("legacy_magic.pth", lambda p: magic + protocol + sys_info + p + pickle.dumps(["0"], 2) + struct.pack("<q2f", 2, 0.5, -0.5), "torch.save before 1.6: five pickles, then the storages.")
both("torch.pt", lambda p: zipped([("m/data.pkl", p), ("m/byteorder", b"little"), ("m/data/0", struct.pack("<4f", 1, 2, 3, 4)), ("m/version", b"3\n")]), "torch.save since 1.6.")
BAD["torch_storage.pt"] = ("The pickle hides where a storage should be.", zipped([("m/data.pkl", DATA), ("m/data/0", PAYLOAD), ("m/version", b"3\n")]))
both("extra_member.pt", lambda p: zipped([("m/data.pkl", DATA), ("m/notes", p), ("m/version", b"3\n")]), "A member that torch does not know, with a name that says nothing.")
both("zip_behind.pt", lambda p: b"# just a text\n" * 400 + zipped([("m/data.pkl", p), ("m/version", b"3\n")]), "Text in front of a PyTorch zip: zip readers look from the end.")
both("pickle_before_zip.bin", lambda p: p + zipped([("a.txt", b"text")]), "A pickle at the beginning, a zip at the end.")

# Under any name.
protocol0 = pickle.dumps(Harmless(), 0)
BAD["notes.md"] = ("Protocol 0 is text, and reads as such.", protocol0)
BAD["member_text.zip"] = ("The same as a member that is called a text.", zipped([("docs/readme.txt", protocol0)]))
GOOD["member_text.zip"] = ("A text in a zip.", zipped([("docs/readme.txt", b"it is\na text.\n")]))


# Bytes handed to a loader.
def loads(name, data):
    """A pickle that calls MODULE.NAME with bytes, written by hand: nothing of the library is needed."""
    module, function = name.rsplit(".", 1)
    return b"\x80\x03c%s\n%s\nC%c%s\x85R." % (module.encode(), function.encode(), len(data), data)


BAD["loads.pkl"] = ("pickle.loads of bytes in the pickle.", loads("_pickle.loads", PAYLOAD))
STORAGE = "torch.storage._load_from_bytes"
both("storage_zip.pkl", lambda p: loads(STORAGE, zipped([("m/data.pkl", p)])), "A storage pickled outside of torch.save: torch.load of a zip.")
both("storage_legacy.pkl", lambda p: loads(STORAGE, magic + protocol + sys_info + p + pickle.dumps([], 2)), "The same in the form before 1.6.")
GOOD["bytes.pkl"] = ("The bytes of a harmful pickle as plain data: nothing loads them.", pickle.dumps({"sample": PAYLOAD}, 3))


def hexed(says, finds, data):
    lines = [f"# {says}"] + ([f"# {finds}"] if finds else [])
    lines += [data[at : at + 32].hex(" ") for at in range(0, len(data), 32)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for side, cases in ("bad", BAD), ("good", GOOD):
        os.makedirs(os.path.join(sys.argv[1], side), exist_ok=True)
        for name, (says, data) in cases.items():
            with open(os.path.join(sys.argv[1], side, name + ".hex"), "w") as file:
                file.write(hexed(says, FINDS if side == "bad" else None, data))
