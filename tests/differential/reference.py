"""CPython's two unpicklers with everything taken out that could do something: what a stream imports, calls and writes into.

`find_class` never resolves a name. It gives stand-ins: classes (NEWOBJ wants one) that note what is done to them
and give further stand-ins. No real object but plain values ever stands on the unpicklers' stacks.
"""
import copyreg
import io
import pickle
import pickletools
from dataclasses import dataclass, field

EXTENSIONS = [1, 2, 200, 256, 70000]
for code in EXTENSIONS:
    copyreg.add_extension("extension", str(code), code)


@dataclass(frozen=True)
class Mode:
    """What a loader's objects may be like; the machine must be right for all of them."""
    results_are_classes: bool
    has_setstate: bool
    has_extend: bool
    iterable: bool
    persistent: bool
    encoding: str

    @staticmethod
    def of(seed):
        bit = lambda place: bool(seed >> place & 1)
        return Mode(bit(0), not (bit(1) and bit(2)), bit(3), bit(4) and bit(5), not (bit(6) and bit(7)), ("ASCII", "latin1")[bit(8)])


@dataclass
class Run:
    events: list = field(default_factory=list)
    stopped: bool = False
    error: str = ""
    value: str = ""
    consumed: int = 0

    def note(self, kind, path):
        self.events.append((kind, path))

    def set(self, kind):
        return {path for what, path in self.events if what == kind}


def stand_ins(run, mode):
    """A function that makes the stand-in for a path."""

    class Noting(dict):
        def __init__(self, path):
            self.path = path

        def __setitem__(self, key, value):
            run.note("write", self.path)

    def attribute(path, name):
        def method(*_):
            run.note("write", path)
        if name == "__setstate__":
            return method if mode.has_setstate else None
        if name == "extend":
            return method if mode.has_extend else None
        if name in ("append", "add"):
            return method
        if name == "__dict__":
            return Noting(path)
        return False

    class Meta(type):
        def __call__(cls, *args, **keywords):
            run.note("call", type.__getattribute__(cls, "path"))
            return result(type.__getattribute__(cls, "path"))

        def __getattribute__(cls, name):
            found = attribute(type.__getattribute__(cls, "path"), name)
            if found is None:
                raise AttributeError(name)
            return found or type.__getattribute__(cls, name)

        def __setattr__(cls, name, value):
            run.note("write", type.__getattribute__(cls, "path"))

        def __setitem__(cls, key, value):
            run.note("write", type.__getattribute__(cls, "path"))

        if mode.iterable:
            def __iter__(cls):
                return iter(())

    def new(cls, *args, **keywords):
        if not isinstance(cls, Meta):
            raise TypeError("not a class")
        run.note("call", type.__getattribute__(cls, "path"))
        return result(type.__getattribute__(cls, "path"))

    def a_class(path):
        return Meta("StandIn", (), {"path": path, "__new__": new})

    class Instance:
        __slots__ = ("path",)

        def __call__(self, *args, **keywords):
            run.note("call", object.__getattribute__(self, "path"))
            return result(object.__getattribute__(self, "path"))

        def __getattribute__(self, name):
            found = attribute(object.__getattribute__(self, "path"), name)
            if found is None:
                raise AttributeError(name)
            return found or object.__getattribute__(self, name)

        def __setattr__(self, name, value):
            run.note("write", object.__getattribute__(self, "path"))

        def __setitem__(self, key, value):
            run.note("write", object.__getattribute__(self, "path"))

        if mode.iterable:
            def __iter__(self):
                return iter(())

    def an_instance(path):
        made = object.__new__(Instance)
        object.__setattr__(made, "path", path)
        return made

    result = a_class if mode.results_are_classes else an_instance
    shapes = (Meta, Instance)
    return a_class, result, shapes


def show(value, shapes, depth=5):
    """A value as text that tells types apart, without asking stand-ins anything."""
    kind = type(value)
    if kind in shapes:
        return "<" + (type if kind is shapes[0] else object).__getattribute__(value, "path") + ">"
    if depth == 0:
        return "..."
    if kind in (tuple, list):
        return kind.__name__ + "[" + ",".join(show(item, shapes, depth - 1) for item in value[:50]) + "]"
    if kind in (set, frozenset):
        return kind.__name__ + "[" + ",".join(sorted(show(item, shapes, depth - 1) for item in value)) + "]"
    if kind is dict:
        return "dict[" + ",".join(show(k, shapes, depth - 1) + ":" + show(v, shapes, depth - 1) for k, v in value.items()) + "]"
    if kind is int and value.bit_length() > 4000:
        return f"int {value.bit_length()} bits"
    return f"{kind.__name__} {value!r}" if kind is not memoryview else f"memoryview {bytes(value)!r}"


def load(unpickler, file, mode):
    run = Run()
    a_class, result, shapes = stand_ins(run, mode)

    class Neutered(unpickler):
        def find_class(self, module, name):
            run.note("import", f"{module}.{name}")
            return a_class(f"{module}.{name}")

        if mode.persistent:
            def persistent_load(self, pid):
                return result("?")

    copyreg.clear_extension_cache()
    try:
        value = Neutered(file, encoding=mode.encoding).load()
        run.stopped = True
        run.value = show(value, shapes)
        run.consumed = file.tell()
    except RecursionError:
        raise
    except Exception as error:  # whatever a broken stream raises
        run.error = f"{type(error).__name__}: {error}"[:200]
    return run


@dataclass
class Listing:
    """What `pickletools.genops` shows: offsets, names, and why it stops."""
    offsets: list = field(default_factory=list)
    names: list = field(default_factory=list)
    error: str = ""


def listing(data):
    seen = Listing()
    try:
        for op, arg, pos in pickletools.genops(data):
            seen.offsets.append(pos)
            if op.name in ("GLOBAL", "INST"):
                seen.names.append(arg.replace(" ", "."))
    except Exception as error:
        seen.error = f"{type(error).__name__}: {error}"[:200]
    return seen


def runs(data, mode):
    """`_pickle.c` reads from a file that can be peeked as from memory; from one that cannot (`io.BytesIO`), it loses
    the rest of a frame that an operand runs over."""
    return {
        "_pickle.c": load(pickle.Unpickler, io.BytesIO(data), mode),
        "_pickle.c, peeking": load(pickle.Unpickler, io.BufferedReader(io.BytesIO(data)), mode),
        "pickle.py": load(pickle._Unpickler, io.BytesIO(data), mode),
    }
