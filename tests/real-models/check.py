"""Scans real models as they are and with a call put into them: `check.py SLUICE FOLDER`, which holds `models/`.

Fails if a model as it is has a finding that fails a build, if an injected call is not found, if a file is missing
from the report, or if a format without a reader is passed over in silence.
"""

import collections
import json
import pathlib
import shutil
import subprocess
import sys

from forms import WITHOUT_PICKLE, kind_of
from inject import injected

FAILING = ("high", "critical")


class Scan:
    """One run of sluice over a folder, by the file that each subject lies in."""

    def __init__(self, sluice, folder, root):
        # No threshold is given: what is tested is the default.
        run = subprocess.run([sluice, "scan", root, "--format", "json", "--no-progress"], cwd=folder, capture_output=True, timeout=600)
        self.code = run.returncode
        if self.code not in (0, 1, 3):
            raise SystemExit(f"sluice ended with {self.code}: {run.stderr.decode(errors='replace')}")
        self.subjects = collections.defaultdict(list)
        for subject in json.loads(run.stdout)["subjects"]:
            self.subjects[subject["name"]["path"].removeprefix(f"{root}/")].append(subject)

    def _outcomes(self, file, kind):
        for subject in self.subjects.get(file, ()):
            for run in subject.get("runs", ()):
                if isinstance(run["outcome"], dict) and kind in run["outcome"]:
                    yield run["outcome"][kind]

    def alarms(self, file):
        return [it for found in self._outcomes(file, "found") for it in found if it["severity"] in FAILING]

    def gaps(self, file):
        return [gap for kind in ("skipped", "failed") for gap in self._outcomes(file, kind)]


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def judge_clean(scan, file, kind):
    """What is wrong with the report on a model as it is."""
    if file not in scan.subjects:
        yield "NOT IN REPORT"
    for alarm in scan.alarms(file):
        yield f"FALSE ALARM {alarm['severity']} {alarm['check']}: {alarm['message']}"
    gaps = scan.gaps(file)
    if kind is None and file.endswith(WITHOUT_PICKLE) and not any(gap["why"] == "no-reader" for gap in gaps):
        yield "SILENT: not examined, and no gap says so"
    for gap in gaps:
        if gap["why"] not in ("no-reader", "out-of-scope"):
            yield f"NOT EXAMINED {gap['why']}: {gap['detail']}"


def finds_the_call(scan, file):
    return any("posix.getpid" in f"{alarm['detail']} {alarm['message']}" for alarm in scan.alarms(file))


def inject_all(models, target):
    """Writes every injected file; says of what kind each model is and which ways it got."""
    shutil.rmtree(target, ignore_errors=True)
    kinds, ways = {}, {}
    for file in files_in(models):
        data = (models / file).read_bytes()
        kinds[file], ways[file] = kind_of(data), []
        for way, content in injected(data, kinds[file]):
            path = target / way / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            ways[file].append(way)
    return kinds, ways


def main(sluice, folder):
    models, target = folder / "models", folder / "injected"
    kinds, ways = inject_all(models, target)
    clean, dirty = Scan(sluice, folder, "models"), Scan(sluice, folder, "injected")

    count, wrong = collections.Counter(), []
    for file, kind in kinds.items():
        problems = list(judge_clean(clean, file, kind))
        count["false alarms"] += any(it.startswith("FALSE ALARM") for it in problems)
        for way in ways[file]:
            count["injected"] += 1
            if not finds_the_call(dirty, f"{way}/{file}"):
                count["missed"] += 1
                problems.append(f"MISSED {way}")
        line = f"{'FAIL' if problems else 'ok  '} {file} ({kind or 'no pickle'}, {len(ways[file])} injected)"
        print("\n       ".join([line, *problems]))
        wrong += problems
        count["models with a pickle"] += bool(ways[file])
    if (clean.code, dirty.code) != (0, 1):
        wrong.append(f"exit codes {clean.code} and {dirty.code}, not 0 and 1")
        print(wrong[-1])
    if count["models with a pickle"] < 500 or count["injected"] < 1000:
        wrong.append("too few models: a download or the training is incomplete")
        print(wrong[-1])
    print(f"{len(kinds)} files, {count['models with a pickle']} with a pickle; false alarms on {count['false alarms']}; "
          f"{count['injected'] - count['missed']} of {count['injected']} injected calls found")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
