#!/usr/bin/env python3
"""Checks a Code Quality report by GitLab's list of what an item must have, and that it names a file: REPORT FILE."""

import json
import sys

report, wanted = sys.argv[1:]
items = json.load(open(report, encoding="utf-8"))
assert isinstance(items, list) and items, "a list with something in it"
for item in items:
    for key in ("description", "check_name", "fingerprint"):
        assert isinstance(item[key], str) and item[key], key
    assert item["severity"] in ("info", "minor", "major", "critical", "blocker"), item["severity"]
    path = item["location"]["path"]
    assert not path.startswith(("/", "./")), f"relative to the repository: {path}"
    assert item["location"]["lines"]["begin"] >= 1
fingerprints = [item["fingerprint"] for item in items]
assert len(set(fingerprints)) == len(fingerprints), "GitLab shows items with the same fingerprint once"
paths = [item["location"]["path"] for item in items]
assert wanted in paths, f"{wanted} is not among {paths}"
