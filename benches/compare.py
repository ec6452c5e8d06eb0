"""Runs sluice and its peers on the same files in turns, and prints the ratios of their median times.

Called by benches/run.sh: compare.py WORK-FOLDER SLUICE [--quick]
"""

import os
import pathlib
import pickle
import statistics
import struct
import subprocess
import sys
import threading
import time
import zipfile

import numpy

WORK = pathlib.Path(sys.argv[1])
SLUICE = pathlib.Path(sys.argv[2]).resolve()
QUICK = "--quick" in sys.argv
BIN = WORK / "venv" / "bin"
ROUNDS = 5


def once(folder, make):
    """Makes a folder of inputs, once."""
    path = WORK / folder
    if not path.exists():
        fresh = path.with_suffix(".making")
        subprocess.run(["rm", "-rf", fresh], check=True)
        fresh.mkdir(parents=True)
        make(fresh)
        fresh.rename(path)
    return path


def tiny(folder):
    (folder / "tiny.pkl").write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


def small_pickles(count):
    """`count` small pickles, of which half hold a numpy array of 64 doubles."""

    def make(folder):
        random = numpy.random.default_rng(7)
        for n in range(count):
            value = {"name": f"layer {n}", "sizes": list(range(40)), "scale": n / 7}
            if n % 2:
                value["weights"] = random.random(64)
            (folder / f"{n:04}.pkl").write_bytes(pickle.dumps(value))

    return make


def torch_zip(folder):
    """A zip as torch.save writes it: 100 storages of 5 MiB, stored, and a data.pkl that rebuilds as many tensors."""
    out = bytearray(b"\x80\x02ccollections\nOrderedDict\n)R(")

    def text(value):
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    for n in range(100):
        out += text(f"layer{n}.weight") + b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage")
        out += b"ctorch\nFloatStorage\n" + text(str(n)) + text("cpu") + b"J" + struct.pack("<i", 5 << 18) + b"tQK\x00"
        out += b"J" + struct.pack("<i", 5 << 18) + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
    out += b"u."
    block = os.urandom(5 << 20)
    with zipfile.ZipFile(folder / "model.pt", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("model/data.pkl", bytes(out))
        for n in range(100):
            archive.writestr(f"model/data/{n}", block)
        archive.writestr("model/version", "3\n")


def large_pickle(folder):
    """200 MB: byte strings of 1 MB among many small values."""
    with open(folder / "large.pkl", "wb") as file:
        value = [(n, f"block {n}", os.urandom(1_000_000), list(range(200))) for n in range(200)]
        pickle.dump(value, file, protocol=4)


def texts(folder):
    for shelf in range(100):
        (folder / f"{shelf:02}").mkdir()
        for n in range(1000):
            (folder / f"{shelf:02}" / f"{n:03}.txt").write_text(f"line {n}\n" * 20)


def peak(pid, stop, into):
    """Highest sum of resident memory over a process and its children, sampled every 2 ms."""
    while not stop.is_set():
        total = 0
        for process in [pid, *children(pid)]:
            try:
                for line in open(f"/proc/{process}/status"):
                    if line.startswith("VmHWM"):
                        total += int(line.split()[1])
            except OSError:
                pass
        into[0] = max(into[0], total)
        time.sleep(0.002)


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            found += open(f"/proc/{pid}/task/{task}/children").read().split()
    except OSError:
        pass
    return found


def run(command, memory=False):
    """Seconds, and the peak of resident memory in MB where it is asked for."""
    most, stop = [0], threading.Event()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if memory:
        watcher = threading.Thread(target=peak, args=(process.pid, stop, most))
        watcher.start()
    process.wait()
    seconds = time.perf_counter() - start
    if memory:
        stop.set()
        watcher.join()
    return seconds, most[0] / 1024


def compare(what, ours, peers, goal, rounds=ROUNDS, memory=False):
    """Runs all in turns, so that a busy moment of the machine meets all alike."""
    times = {name: [] for name in ["sluice", *peers]}
    for _ in range(rounds):
        for name, command in {"sluice": ours, **peers}.items():
            times[name].append(run(command)[0])
    median = {name: statistics.median(all) for name, all in times.items()}
    line = f"{what}: sluice {median['sluice'] * 1000:.1f} ms"
    for name in peers:
        line += f", {name} {median[name] * 1000:.1f} ms = {median[name] / median['sluice']:.1f}×"
    if memory:
        line += f", peak of all processes {max(run(ours, memory=True)[1] for _ in range(3)):.0f} MB"
    print(f"{line}   (goal: {goal})", flush=True)


def scan(folder):
    return [SLUICE, "scan", folder, "--fail-on", "never"]


def picklescan(folder):
    return {"picklescan": [BIN / "picklescan", "-p", folder]}


def main():
    os.environ["PROMPTFOO_DISABLE_TELEMETRY"] = "1"
    folder = once("tiny", tiny)
    compare("one tiny file", scan(folder), picklescan(folder), "< 10 ms", rounds=21)
    folder = once("small", small_pickles(1000))
    compare("1,000 small pickles", scan(folder), picklescan(folder), "≥ 15× picklescan")
    if not QUICK:
        folder = once("few", small_pickles(100))
        audit = {"modelaudit": [BIN / "modelaudit", "scan", folder, "--no-cache"]}
        compare("100 of them", scan(folder), audit, "≥ 1,000× modelaudit, at 1,000 files", rounds=1)
    folder = once("torch", torch_zip)
    compare("500 MB torch zip", scan(folder), picklescan(folder), "≥ 10× picklescan, < 32 MB", memory=True)
    folder = once("large", large_pickle)
    compare("200 MB pickle", scan(folder), picklescan(folder), "≥ 5× picklescan, < 64 MB", memory=True)
    folder = once("texts", texts)
    compare("100,000 text files", scan(folder), {"bare walk": [WORK / "bare_walk", folder]}, "within 2×: ≥ 0.5×")


main()
