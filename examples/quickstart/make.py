"""Makes the files of this folder, byte for byte; with --check compares them and changes nothing.

Standard library only. What `bad/model.pkl` calls when it is loaded is os.getpid, which tells the number of the
process and does nothing else: a real attack would stand in the same place and look the same.
"""

import io
import json
import os
import pickle
import struct
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


class CallsAFunction:
    """Pickled as the order to call os.getpid, with nothing of this class left in the file."""

    def __reduce__(self):
        return os.getpid, ()


# A linear classifier, as a training script without a framework would keep it.
MODEL = {
    "format": "linear-classifier/1",
    "classes": ["setosa", "versicolor", "virginica"],
    "features": ["sepal length", "sepal width", "petal length", "petal width"],
    "coefficients": [[-0.42, 0.97, -2.51, -1.08], [0.53, -0.32, -0.21, -0.94], [-0.11, -0.65, 2.72, 2.02]],
    "intercepts": [9.85, 2.24, -12.09],
}


def pickled(thing):
    # The protocol is named, or the bytes would depend on the Python that runs this.
    return pickle.dumps(thing, protocol=4)


def npy(rows):
    """A two-dimensional array of little-endian doubles in NumPy's .npy format, version 1.0."""
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]))
    # Magic, version and length take 10 bytes, the line ends with a newline, and all of it fills a multiple of 64.
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    values = [value for row in rows for value in row]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}d", *values)


def npz(arrays):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, rows in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # Unix, whatever this runs on
            member.external_attr = 0o644 << 16
            archive.writestr(member, npy(rows))
    return buffer.getvalue()


def files():
    card = {key: MODEL[key] for key in ("format", "classes", "features")}
    return {
        "good/config.json": (json.dumps(card, indent=2) + "\n").encode(),
        "good/model.pkl": pickled(MODEL),
        "good/weights.npz": npz({"coefficients": MODEL["coefficients"], "intercepts": [MODEL["intercepts"]]}),
        "bad/model.pkl": pickled({**MODEL, "trained_by": CallsAFunction()}),
    }


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: make.py [--check]")
    differing = []
    for name, content in files().items():
        path = HERE / name
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        elif not path.is_file() or path.read_bytes() != content:
            differing.append(name)
    if differing:
        sys.exit(f"not what make.py writes: {', '.join(differing)}")
    print("the same bytes" if check else "written")


if __name__ == "__main__":
    main()
