"""Says what a model file is made of, from its bytes alone and without asking the scanner that is under test."""

import bz2
import functools
import gzip
import io
import lzma
import pickletools
import zipfile
import zlib

import lz4.frame

from loader import is_whole_pickle

TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
NPY = b"\x93NUMPY"
# joblib before 0.10: "ZF", the size in hexadecimal padded to 19 characters (20 from Python 2), a zlib stream.
ZFILE, ZFILE_SIZE = b"ZF0x", 19

# Formats that hold no pickle. A scanner without a reader for one has to say so.
WITHOUT_PICKLE = (".h5", ".mlmodel", ".onnx", ".pb", ".safetensors", ".tflite")

# How each compressed form begins, is opened and is closed again.
CODECS = {
    "gzip": (b"\x1f\x8b", gzip.decompress, lambda data: gzip.compress(data, 1)),
    "bz2": (b"BZh", bz2.decompress, lambda data: bz2.compress(data, 1)),
    "xz": (b"\xfd7zXZ\0", lzma.decompress, lambda data: lzma.compress(data, preset=0)),
    "lzma": (b"\x5d\0\0", lzma.decompress, lambda data: lzma.compress(data, lzma.FORMAT_ALONE, preset=0)),
    "lz4": (b"\x04\x22\x4d\x18", lz4.frame.decompress, lz4.frame.compress),
    "zfile": (ZFILE, lambda data: zlib.decompress(data[2 + ZFILE_SIZE:].lstrip(b" ")),
              lambda data: b"ZF" + hex(len(data)).encode().ljust(ZFILE_SIZE) + zlib.compress(data, 1)),
    "zlib": (b"\x78", zlib.decompress, lambda data: zlib.compress(data, 1)),
}


@functools.lru_cache(maxsize=1)
def opened(data):
    """The codec that these bytes are compressed with and what is inside, or None."""
    for name, (magic, decompress, _) in CODECS.items():
        if data.startswith(magic):
            try:
                return name, decompress(data)
            except (OSError, EOFError, ValueError, RuntimeError, lzma.LZMAError, zlib.error):
                return None
    return None


def kind_of(data):
    """pickle (joblib's too), torch-legacy, torch-zip, npz, npy, the name of a codec, or None."""
    if data.startswith(TORCH_LEGACY):
        return "torch-legacy"
    if data.startswith(NPY):
        return "npy"
    if data.startswith(b"PK\x03\x04"):
        try:
            names = zipfile.ZipFile(io.BytesIO(data)).namelist()
        except zipfile.BadZipFile:
            return None
        if any(name.endswith("/data.pkl") for name in names):
            return "torch-zip"
        return "npz" if names and all(name.endswith(".npy") for name in names) else None
    # Every saved model begins with PROTO, or in the oldest protocol with an import, a mark or an empty container.
    if data[:1] in (b"\x80", b"c", b"(", b"}", b"]") and data[-1:] == b"." and is_whole_pickle(data):
        return "pickle"
    inside = opened(data)
    return inside and inside[0]


def pickles_in(data, count):
    """Begin and end of each of the first `count` pickles of a stream."""
    stream, spans = io.BytesIO(data), []
    for _ in range(count):
        begin = stream.tell()
        for _ in pickletools.genops(stream):
            pass
        spans.append((begin, stream.tell()))
    return spans
