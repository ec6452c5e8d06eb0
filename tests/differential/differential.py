#!/usr/bin/env python3
"""The pickle machine against CPython: what the machine finds must hold all that a real unpickler does.

For each stream, both unpicklers run with their names neutered (`reference.py`), in a process with limits:

* names imported, names called and values written into by either are among those that the machine tells;
* where either reaches STOP, the machine does not say that the stream breaks, or tells an oddity;
* where the two differ in anything (what they do, whether they stop, how far they read, the value), and where
  `pickletools` shows other opcodes or names than the machine executed, the machine tells an oddity or a break;
* if that is so for a stream, both traces are printed, and the exit code is 1.

    differential.py --trace PATH/TO/pickle_trace [--streams 100000] [--first 0] [--samples FOLDER] [--jobs 2]
"""
import argparse
import json
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
from collections import Counter

import generate
import reference

BATCH = 1000
MEMORY = 1 << 30
UNKNOWN = "?"
# The machine keeps names up to this length; longer ones it calls unknown.
LONGEST_NAME = 4096


def machine(binary, streams):
    joined = b"".join(struct.pack("<I", len(data)) + data for data in streams)
    done = subprocess.run([binary], input=joined, stdout=subprocess.PIPE, timeout=120, check=False)
    lines = done.stdout.splitlines()
    if done.returncode != 0 or len(lines) != len(streams):
        culprit = streams[min(len(lines), len(streams) - 1)]
        sys.exit(f"pickle_trace ended with {done.returncode} at {culprit.hex()}")
    return [json.loads(line) for line in lines]


def comparable(path):
    """The machine keeps text as Unicode: what is no character is U+FFFD there, once or several times."""
    text = "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in path)
    while "\ufffd\ufffd" in text:
        text = text.replace("\ufffd\ufffd", "\ufffd")
    return text


def missing(real, ours):
    """Names that the machine does not have. An empty module cannot be imported, so it counts for nothing."""
    ours = {comparable(path) for path in ours}
    return sorted(
        path for path in real
        if path != "." and comparable(path) not in ours and not (UNKNOWN in ours and len(path) > LONGEST_NAME)
        # what was called is then unknown too
        and not (UNKNOWN in ours and path == UNKNOWN)
    )


def check(data, mode, ours):
    """Everything that is wrong with the machine's answer, and what kind of stream this was."""
    runs = reference.runs(data, mode)
    c, peeking, python = runs.values()
    stops = [run.stopped for run in runs.values()]
    listed = reference.listing(data)
    wrong = []
    differ = any((run.events, run.stopped) != (c.events, c.stopped) for run in (peeking, python))
    noticed = bool(ours["oddities"] or ours["broken"])
    for kind, key in (("import", "imports"), ("call", "calls"), ("write", "writes")):
        lost = missing(set().union(*(run.set(kind) for run in runs.values())), ours[key])
        if lost:
            wrong.append(f"not found among the {key}: {lost}")
    if any(stops) and ours["broken"] and not ours["oddities"]:
        wrong.append(f"an unpickler reaches STOP, the machine says: {ours['broken']}")
    # Without __setstate__ the unpicklers part ways over false states (python/cpython#144411). Whether a class has one
    # is not in the pickle, so the machine cannot tell.
    if mode.has_setstate and not noticed:
        if differ:
            wrong.append("the unpicklers do different things, and the machine notices nothing")
        elif c.stopped and len({(run.consumed, run.value) for run in runs.values()}) > 1:
            wrong.append("the unpicklers read different values or lengths, and the machine notices nothing")
    # Python 2's binary strings in protocol 0 are honest and break pickletools.
    binary_text = "'ascii' codec" in listed.error and data[listed.offsets[-1] if listed.offsets else 0:].find(b"S") >= 0
    if any(stops) and not noticed and not binary_text:
        if listed.error or listed.offsets != ours["opcodes"]:
            wrong.append(f"pickletools shows other opcodes ({listed.error}), and the machine notices nothing")
        elif not set(listed.names) <= set(ours["imports"]):
            wrong.append(f"pickletools shows other names ({listed.names}), and the machine notices nothing")
    kinds = Counter()
    kinds["all reach STOP"] = all(stops)
    kinds["some reach STOP"] = any(stops) and not all(stops)
    kinds["unpicklers differ"] = differ
    kinds["with an oddity"] = bool(ours["oddities"])
    for kind in ("import", "call", "write"):
        kinds[f"{kind}s"] = sum(1 for what, _ in c.events if what == kind)
    return wrong, kinds, runs, listed


def report(label, data, mode, ours, runs, listed, wrong):
    print(f"MISMATCH {label}\n  stream   {data.hex()}\n  bytes    {data!r}\n  mode     {mode}")
    for name, run in runs.items():
        print(f"  {name}: {run.events} stop={run.stopped} read={run.consumed} {run.error} {run.value[:200]}")
    print(f"  genops   {listed.offsets} {listed.names} {listed.error}")
    print(f"  machine  {json.dumps(ours)}")
    for text in wrong:
        print(f"  WRONG    {text}")
    sys.stdout.flush()


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (1800, 1800))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setrecursionlimit(400)
    # CPython complains about bytearrays that a broken stream leaves exported; nothing hangs on it.
    shown = sys.excepthook
    sys.excepthook = lambda kind, *rest: None if kind is SystemError else shown(kind, *rest)


def work(binary, labelled, progress):
    """One throw-away process: compares the streams that an iterator gives, and prints its totals as the last line."""
    limit()
    total, bad = Counter(), 0
    batch = []

    def flush():
        nonlocal bad
        for (label, seed, data), ours in zip(batch, machine(binary, [data for _, _, data in batch])):
            os.pwrite(progress, f"{label} {data.hex()}".encode().ljust(4000)[:4000], 0)
            mode = reference.Mode.of(seed)
            wrong, kinds, runs, listed = check(data, mode, ours)
            total.update(kinds)
            total["streams"] += 1
            if wrong:
                bad += 1
                if bad <= 10:
                    report(label, data, mode, ours, runs, listed, wrong)
        batch.clear()

    for item in labelled:
        batch.append(item)
        if len(batch) == BATCH:
            flush()
    flush()
    print(json.dumps({"bad": bad, **total}))


def generated(first, count, step):
    for seed in range(first, first + count, step):
        yield f"seed {seed}", seed * 2654435761 >> 7, generate.stream(seed)


def unhex(text):
    return bytes.fromhex("".join(line for line in text.splitlines() if not line.startswith("#")))


def samples(folder):
    """Every case of the project that is kept as hex, under several modes."""
    for path in sorted(pathlib.Path(folder).rglob("*.hex")):
        if path.parent.name in ("bad", "good"):
            data = unhex(path.read_text())
            for mode in (0, 1, 0b101, 0b110001, 0b100001001, 0b111):
                yield str(path), mode, data


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trace", required=True)
    parser.add_argument("--streams", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--samples")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        if options.worker < 0:
            work(options.trace, samples(options.samples), 3)
        else:
            share = generated(options.first + options.worker, options.streams - options.worker, options.jobs)
            work(options.trace, share, 3)
        return
    workers = ([-1] if options.samples else []) + list(range(options.jobs))
    running = []
    for worker in workers:
        progress = tempfile.TemporaryFile()
        fd = progress.fileno()
        process = subprocess.Popen(
            [sys.executable, __file__, *sys.argv[1:], "--worker", str(worker)],
            stdout=subprocess.PIPE, text=True, preexec_fn=lambda fd=fd: os.dup2(fd, 3), pass_fds=(3,), cwd=tempfile.gettempdir(),
        )
        running.append((process, progress))
    total, failed = Counter(), False
    for process, progress in running:
        out, _ = process.communicate()
        *lines, last = out.splitlines() or [""]
        print("\n".join(lines)) if lines else None
        try:
            total.update(json.loads(last))
        except json.JSONDecodeError:
            failed = True
            progress.seek(0)
            print(f"{last}\na worker ended with {process.returncode}, at {progress.read().decode().strip()}")
    bad, streams = total.pop("bad", 0), total.pop("streams", 0)
    print(f"differential: {streams} streams against CPython {sys.version.split()[0]}, {bad} mismatches")
    for kind, count in sorted(total.items()):
        print(f"  {kind}: {count}")
    sys.exit(1 if failed or bad else 0)


if __name__ == "__main__":
    main()
