#!/usr/bin/env python3
"""Asks of every allowed name whether a call with the permitted arguments could reach something that does harm.

`python3 tests/names/audit.py WHEEL_OR_FOLDER…` reads the sources in the given wheels and folders with `ast` (nothing is
imported), looks up each row of the packs, and follows the methods that a pickle can make run without a call of its own
(`__new__`, `__init__` without arguments, `__setstate__`, `__setattr__`, `append`, `__setitem__`, `__del__`, …) a few
calls deep. It prints the rows that reach a sink, with the way there, for a person to judge, and how many it could look up.
"""
import ast
import pathlib
import sys
import zipfile

PACKS = pathlib.Path(__file__).resolve().parents[2] / "checks" / "model" / "names" / "packs"
IMPLICIT = ["__new__", "__setstate__", "__setattr__", "__getattr__", "__getattribute__", "__del__", "__setitem__", "append",
            "extend", "add", "__hash__", "__eq__", "__cinit__"]
WITH_ARGUMENTS = ["__init__", "__post_init__", "__attrs_post_init__"]
SINKS = {"exec", "eval", "compile", "__import__", "import_module", "open", "system", "popen", "Popen", "check_output", "check_call",
         "urlopen", "urlretrieve", "hf_hub_download", "cached_file", "from_pretrained", "load_module", "exec_module", "get_class",
         "load_state_dict_from_url", "download", "snapshot_download", "memmap", "execv", "spawn", "CDLL", "remove", "unlink", "rmtree",
         "makedirs", "mkdir", "locate", "resolve_name", "import_string", "find_class", "dynamic_import", "load_library"}
LOADERS = {"load", "loads", "run", "call", "Load"}
LOADER_OWNERS = {"torch", "pickle", "joblib", "dill", "cloudpickle", "np", "numpy", "yaml", "subprocess", "os", "json", "marshal", "shelve"}
DEPTH = 3


class Index:
    def __init__(self):
        self.modules = {}
        self.trees = {}

    def add(self, source):
        source = pathlib.Path(source)
        if source.suffix == ".whl":
            with zipfile.ZipFile(source) as wheel:
                for name in wheel.namelist():
                    if name.endswith(".py") and "/tests/" not in name:
                        self.modules.setdefault(name[:-3].replace("/", ".").removesuffix(".__init__"), wheel.read(name))
        else:
            for path in source.rglob("*.py"):
                name = str(path.relative_to(source))[:-3].replace("/", ".").removesuffix(".__init__")
                self.modules.setdefault(name, path.read_bytes())

    def module(self, name):
        """Top-level definitions and imports of a module."""
        if name not in self.trees:
            found = {}
            self.trees[name] = found
            if name not in self.modules:
                return found
            try:
                tree = ast.parse(self.modules[name])
            except (SyntaxError, ValueError):
                return found
            package = name if any(other.startswith(name + ".") for other in self.modules) else name.rpartition(".")[0]
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom):
                    base = node.module or ""
                    if node.level:
                        up = package.split(".")
                        up = up[: len(up) - node.level + 1]
                        base = ".".join(up + ([node.module] if node.module else []))
                    for alias in node.names:
                        found.setdefault(alias.asname or alias.name, ("import", base, alias.name))
            for node in tree.body if tree.body else []:
                for inner in [node] + [n for n in getattr(node, "body", []) + getattr(node, "orelse", []) if isinstance(node, (ast.If, ast.Try))]:
                    if isinstance(inner, (ast.ClassDef, ast.FunctionDef)):
                        found[inner.name] = ("def", name, inner)
                    elif isinstance(inner, ast.Assign) and isinstance(inner.value, ast.Name):
                        for target in inner.targets:
                            if isinstance(target, ast.Name):
                                found.setdefault(target.id, ("import", name, inner.value.id))
        return self.trees[name]

    def resolve(self, module, name, hops=6):
        found = self.module(module).get(name)
        while found and found[0] == "import" and hops:
            hops -= 1
            module, name = found[1], found[2]
            found = self.module(module).get(name)
        return found if found and found[0] == "def" else None

    def find(self, path):
        parts = path.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            found = self.resolve(".".join(parts[:cut]), parts[cut])
            if found:
                for part in parts[cut + 1:]:
                    inner = [n for n in found[2].body if isinstance(n, (ast.ClassDef, ast.FunctionDef)) and n.name == part]
                    if not inner:
                        return None
                    found = ("def", found[1], inner[0])
                return found
        return None

    def lineage(self, found, seen=()):
        """The class and its bases, as far as their sources are here."""
        _, module, node = found
        yield found
        for base in node.bases:
            name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else None
            above = name and self.resolve(module, name)
            if not above and isinstance(base, ast.Attribute) and isinstance(base.value, ast.Attribute | ast.Name):
                above = self.find(ast.unparse(base))
            if above and isinstance(above[2], ast.ClassDef) and above[2] not in seen and above[2] is not node:
                yield from self.lineage(above, (*seen, node))

    def methods(self, found, names):
        for name in names:
            for _, module, node in self.lineage(found):
                body = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == name]
                if body:
                    yield module, found, body[0]
                    break

    def sinks(self, module, owner, function, depth=DEPTH, seen=None):
        seen = set() if seen is None else seen
        if id(function) in seen:
            return
        seen.add(id(function))
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            callee = node.func
            name = callee.id if isinstance(callee, ast.Name) else callee.attr if isinstance(callee, ast.Attribute) else ""
            holder = callee.value.id if isinstance(callee, ast.Attribute) and isinstance(callee.value, ast.Name) else ""
            if name in SINKS and holder not in ("re", "logger", "regex") or name in LOADERS and holder in LOADER_OWNERS:
                yield f"{function.name}:{node.lineno} {ast.unparse(callee)}"
            if not depth:
                continue
            if holder in ("self", "cls") and owner:
                for m, o, f in self.methods(owner, [name]):
                    yield from (f"{function.name} > {way}" for way in self.sinks(m, o, f, depth - 1, seen))
            elif isinstance(callee, ast.Name):
                inner = self.resolve(module, name)
                if inner and isinstance(inner[2], ast.FunctionDef):
                    yield from (f"{function.name} > {way}" for way in self.sinks(inner[1], None, inner[2], depth - 1, seen))
                elif inner and isinstance(inner[2], ast.ClassDef):
                    for m, o, f in self.methods(inner, WITH_ARGUMENTS + ["__new__"]):
                        yield from (f"{function.name} > {name}.{way}" for way in self.sinks(m, o, f, depth - 1, seen))


def main():
    index = Index()
    for source in sys.argv[1:]:
        index.add(source)
    looked, missing, flagged = 0, 0, 0
    for pack in sorted(PACKS.glob("*.txt")):
        for line in pack.read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            path, kind, shape = [field for field in line.split("\t") if field][:3]
            if kind == "value":
                continue
            found = index.find(path)
            if not found:
                missing += 1
                continue
            looked += 1
            if isinstance(found[2], ast.FunctionDef):
                ways = list(index.sinks(found[1], None, found[2]))
            else:
                names = IMPLICIT if shape in ("none", "new") else IMPLICIT + WITH_ARGUMENTS
                ways = [way for m, o, f in index.methods(found, names) for way in index.sinks(m, o, f)]
            if ways:
                flagged += 1
                print(f"{pack.stem}\t{path}\t{kind} {shape}\t{'; '.join(ways[:3])}")
    print(f"{looked} looked up, {missing} without source here, {flagged} to judge", file=sys.stderr)


if __name__ == "__main__":
    main()
