"""Asks the checks about pickles, through the example program `pickle_findings` of the package `sluicegate-checks`."""
import json
import pathlib
import struct
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "debug" / "examples" / "pickle_findings"
#: Severities that fail a scan at the default threshold.
FAILING = {"high", "critical"}


def findings(pickles):
    """A list of (check, severity, detail) for each pickle, in order."""
    with tempfile.TemporaryFile() as stdin:
        for data in pickles:
            stdin.write(struct.pack("<I", len(data)) + data)
        stdin.seek(0)
        done = subprocess.run([PROGRAM], stdin=stdin, stdout=subprocess.PIPE, check=True)
    return [[tuple(item) for item in json.loads(line)] for line in done.stdout.splitlines()]


def failing(found):
    return [item for item in found if item[1] in FAILING]


#: Findings about the shape of the stream, which any hand-made pickle may have: no proof that the attack was understood.
STRUCTURE = {"pickle-broken", "pickle-misleading-structure"}


def understood(found):
    return [item for item in failing(found) if item[0] not in STRUCTURE]
