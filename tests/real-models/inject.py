"""Puts a harmless call into a model file, in each way that its format offers. The call is `os.getpid()`."""

import io
import zipfile

import numpy as np

from forms import CODECS, kind_of, opened, pickles_in
from loader import is_called

# Imports posix.getpid, calls it without arguments and drops what it returns: the stack is as it was before.
CALL = b"cposix\ngetpid\n)R0"
WHOLE = b"\x80\x02" + CALL + b"N."

# Above this size a compressed file gets the call in a compressed part of its own, in front: to compress
# hundreds of megabytes again would take minutes, and loaders read joined parts as one stream.
LARGE = 16 << 20
JOINED = ("gzip", "bz2", "xz")


class Call:
    def __reduce__(self):
        import posix
        return posix.getpid, ()


def proven(data):
    """A sample whose call no loader makes would show nothing."""
    if not is_called(data):
        raise ValueError("the injected call does not run")
    return data


def at_front(data):
    """After PROTO, before the first FRAME."""
    begin = 2 if data[:1] == b"\x80" else 0
    return proven(data[:begin] + CALL + data[begin:])


def at_end(data):
    """Before STOP. Where a frame ends with the pickle, its length grows too: pickle.py reads no opcode across its end."""
    body = bytearray(data[:-1] + CALL + data[-1:])
    at = len(data) - 9
    while (at := data.rfind(b"\x95", 0, at + 1)) >= 0:
        if at + 9 + int.from_bytes(data[at + 1:at + 9], "little") == len(data):
            body[at + 1:at + 9] = (len(data) - at - 9 + len(CALL)).to_bytes(8, "little")
            break
        at -= 1
    return proven(bytes(body))


def object_array():
    out = io.BytesIO()
    np.lib.format.write_array(out, np.array([Call()], dtype=object), allow_pickle=True)
    return out.getvalue()


def with_members(data, change=None, add=None):
    """The zip again, with the members in `change` replaced and those in `add` appended."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info, (change or {}).get(info.filename, content))
        for name, content in (add or {}).items():
            new.writestr(name, content)
    return out.getvalue()


def into_torch_zip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        root = names[0].split("/", 1)[0]
        for name in names:
            if not name.endswith(".pkl"):
                continue
            member, what = archive.read(name), name.rsplit("/", 1)[-1]
            yield f"{what}-front", with_members(data, {name: at_front(member)})
            yield f"{what}-end", with_members(data, {name: at_end(member)})
    yield "member-added", with_members(data, add={f"{root}/extra": WHOLE})


def into_npz(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
    yield "member-added", with_members(data, add={"more.npy": object_array()})
    yield "member-replaced", with_members(data, {names[-1]: object_array()})


def into_torch_legacy(data):
    """Magic number, protocol, system, the model, keys of the storages; then the storages."""
    for which in (0, 1, 3, 4):
        begin, end = pickles_in(data, 5)[which]
        yield f"pickle{which}-front", data[:begin] + at_front(data[begin:end]) + data[end:]
        yield f"pickle{which}-end", data[:begin] + at_end(data[begin:end]) + data[end:]


def injected(data, kind):
    """Pairs of the way taken and the file with the call in it; none where no loader would unpickle anything."""
    if kind == "pickle":
        yield "front", at_front(data)
        yield "end", at_end(data)
    elif kind == "torch-legacy":
        yield from into_torch_legacy(data)
    elif kind == "torch-zip":
        yield from into_torch_zip(data)
    elif kind == "npz":
        yield from into_npz(data)
    elif kind == "npy":
        yield "replaced", object_array()
    elif kind in CODECS:
        (*_, compress), (_, inner) = CODECS[kind], opened(data)
        inner_kind = kind_of(inner)
        if len(data) > LARGE and kind in JOINED and inner_kind == "pickle":
            yield "part-in-front", compress(b"\x80\x02" + CALL) + data
        else:
            for way, content in injected(inner, inner_kind):
                yield way, compress(content)

