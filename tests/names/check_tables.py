#!/usr/bin/env python3
"""Checks the tables of names under checks/model/names: format, order, duplicates, contradictions, coverage.

Run from anywhere: `python3 tests/names/check_tables.py`. Prints totals; exits 1 if a table is wrong.
Only the standard library is used.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
NAMES = HERE.parents[1] / "checks" / "model" / "names"

KINDS = {"class", "function", "value"}
SHAPES = {
    "any", "none", "new", "data", "numbers", "pairs", "iterable", "tensor", "encoding", "class-first",
    "reconstructor", "dtype", "attribute", "loader", "factory", "enum", "device", "path",
    "apply", "array", "method", "subscript", "type-name", "typeof", "import", "generator", "distribution",
}
CATEGORIES = {"code", "process", "file", "network", "import", "indirect", "memory", "install"}
PART = r"[A-Za-z_][A-Za-z_0-9]*"
DOTTED = re.compile(rf"{PART}(\.{PART})+")
DENIED = re.compile(rf"{PART}(\.{PART})*(\.\*)?")

errors = []


def complain(path, number, message):
    errors.append(f"{path.relative_to(NAMES.parents[2])}:{number}: {message}")


def rows(path):
    """Yields (line number, fields) of a table; checks its head and that each section is sorted."""
    text = path.read_text(encoding="utf-8")
    if not text.startswith("#"):
        complain(path, 1, "does not begin with a comment that says what it is")
    if not text.endswith("\n") or text.endswith("\n\n"):
        complain(path, text.count("\n"), "does not end with exactly one newline")
    previous = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            previous = ""
            continue
        if line != line.strip() or not line.isprintable() and "\t" not in line:
            complain(path, number, "stray white space or control characters")
        fields = re.split(r"\t+", line)
        if line <= previous:
            complain(path, number, f"not sorted within its section, or listed twice: {fields[0]}")
        previous = line
        yield number, fields


def read_packs():
    allowed = {}
    for path in sorted((NAMES / "packs").glob("*.txt")):
        for number, fields in rows(path):
            if len(fields) not in (3, 4):
                complain(path, number, f"{len(fields)} fields, expected 3 or 4")
                continue
            name, kind, shape = fields[:3]
            if not DOTTED.fullmatch(name):
                complain(path, number, f"not a dotted name: {name}")
            if kind not in KINDS:
                complain(path, number, f"unknown kind: {kind}")
            if (shape == "-") != (kind == "value") or shape != "-" and shape not in SHAPES:
                complain(path, number, f"shape {shape} does not fit kind {kind}")
            if kind == "function" and shape == "new":
                complain(path, number, "a function is not built by NEWOBJ")
            if name in allowed:
                complain(path, number, f"{name} is already in {allowed[name].name}")
            allowed[name] = path
    return allowed


def read_denied():
    exact, wild = {}, {}
    path = NAMES / "denied.txt"
    for number, fields in rows(path):
        if len(fields) != 3:
            complain(path, number, f"{len(fields)} fields, expected 3")
            continue
        name, category, source = fields
        if not DENIED.fullmatch(name):
            complain(path, number, f"not a name or `module.*`: {name}")
        if category not in CATEGORIES:
            complain(path, number, f"unknown category: {category}")
        if not source.strip():
            complain(path, number, "no source")
        table, key = (wild, name[:-2]) if name.endswith(".*") else (exact, name)
        if key in table:
            complain(path, number, f"listed twice: {name}")
        table[key] = number
    for key, number in list(exact.items()) + list(wild.items()):
        parts = key.split(".")
        for n in range(1, len(parts) + (key in exact and exact[key] == number)):
            parent = ".".join(parts[:n])
            if parent in wild and (parent, number) != (key, wild.get(key)):
                complain(path, number, f"{key} is already covered by {parent}.*")
                break
    return exact, wild


def read_components():
    found = {}
    path = NAMES / "components.txt"
    for number, fields in rows(path):
        if len(fields) != 3 or not re.fullmatch(PART, fields[0]) or fields[1] not in CATEGORIES or not fields[2]:
            complain(path, number, "expected: one name component, category, source")
            continue
        found[fields[0]] = number
    return found


def read_compat():
    kinds = {"name": 0, "module": 0}
    seen = set()
    path = NAMES / "compat.txt"
    for number, fields in rows(path):
        if len(fields) != 3 or fields[0] not in kinds:
            complain(path, number, "expected: name or module, the Python 2 name, the Python 3 name")
            continue
        kinds[fields[0]] += 1
        if (fields[0], fields[1]) in seen:
            complain(path, number, f"listed twice: {fields[1]}")
        seen.add((fields[0], fields[1]))
    return kinds


def main():
    allowed = read_packs()
    exact, wild = read_denied()
    components = read_components()
    compat = read_compat()

    for name, path in allowed.items():
        if name in exact:
            complain(path, 0, f"{name} is both allowed and denied by name")
        for part in name.split("."):
            if part in components:
                complain(path, 0, f"{name} contains the denied component {part}")

    expected = HERE / "seen_in_real_models.txt"
    wanted = 0
    for number, line in enumerate(expected.read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            wanted += 1
            if line not in allowed:
                errors.append(f"tests/names/{expected.name}:{number}: in no pack: {line}")

    attacks = HERE / "seen_in_attacks.txt"
    refused = 0
    for number, line in enumerate(attacks.read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            refused += 1
            parts = line.split(".")
            covered = line in exact or any(".".join(parts[:n]) in wild for n in range(1, len(parts) + 1))
            if not covered or line in allowed:
                errors.append(f"tests/names/{attacks.name}:{number}: not denied: {line}")

    for error in errors:
        print(error, file=sys.stderr)
    packs = sorted({path.stem for path in allowed.values()})
    for pack in packs:
        print(f"{sum(path.stem == pack for path in allowed.values()):6} allowed names in packs/{pack}.txt")
    print(f"{len(allowed):6} allowed names")
    print(f"{len(exact):6} denied names, {len(wild)} denied modules and classes, {len(components)} denied components")
    print(f"{compat['name']:6} renamed names, {compat['module']} renamed modules")
    print(f"{wanted:6} names of real models, {refused} names of attacks looked up")
    print(f"{len(errors):6} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
