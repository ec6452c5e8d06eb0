#!/usr/bin/env python3
"""Asserts that every attack fails a scan at the default threshold and that no honest pickle does.

`run.py [FOLDER…]`: the folders hold further honest pickles, for example those of tests/names/collect.py.
"""
import pathlib
import sys
from collections import Counter

import attacks
import benign
from findings import failing, findings, understood

NAMES = pathlib.Path(__file__).resolve().parents[1] / "names"


def main():
    labels, pickles = zip(*attacks.everything())
    missed = [label for label, found in zip(labels, findings(pickles)) if not understood(found)]
    for label in missed[:50]:
        print(f"missed: {label}", file=sys.stderr)
    print(f"{len(pickles) - len(missed)} of {len(pickles)} attacks found at high or above")

    lines = (NAMES / "seen_in_real_models.txt").read_text(encoding="utf-8").splitlines()
    honest = list(benign.profiles([line for line in lines if line and not line.startswith("#")]))
    for folder in sys.argv[1:]:
        files = sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix in (".pkl", ".joblib", ".pickle"))
        honest += [(str(path), path.read_bytes()) for path in files]
    flagged = [(label, failing(found)) for (label, _), found in zip(honest, findings(data for _, data in honest)) if failing(found)]
    why = Counter(item for _, items in flagged for item in set(items))
    for item, count in why.most_common(30):
        print(f"flagged {count}: {item}", file=sys.stderr)
    print(f"{len(flagged)} of {len(honest)} honest pickles flagged at high or above")
    print(f"{len(pickles) + len(honest) - len(missed) - len(flagged)} passed, {len(missed) + len(flagged)} failed")
    return 1 if missed or flagged else 0


if __name__ == "__main__":
    sys.exit(main())
