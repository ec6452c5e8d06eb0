"""The attacks: names that do harm through every door, and tricks that have no name.

Yields (what it is, bytes). Names come from public advisories and papers (tests/names/seen_in_attacks.txt), from the
standard library of the running Python by `ast` (what can reach a sink), and from helpers that no list can know.
"""
import ast
import itertools
import pathlib
import random
import struct
import sys
import sysconfig

from assemble import (APPEND, BUILD, CALLS, CONSTRUCTIONS, DUP, EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE, IMPORTS, LOADERS, MARK, NEWOBJ, NONE, POP, REDUCE,
                      SETITEM, STOP, STREAMS, TUPLE, TUPLE1, TUPLE2, TUPLE3, by_getattr, by_global, by_python2_getattr, by_stack, call_reduce, constant,
                      data, framed, glob, nest, protocol, text)

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "names"))

#: One of each family, for the products of doors.
CORE = [("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "Popen"), ("subprocess", "check_output"), ("builtins", "eval"), ("builtins", "exec"),
        ("builtins", "__import__"), ("__builtin__", "eval"), ("importlib", "import_module"), ("runpy", "run_path"), ("pty", "spawn"), ("ctypes", "CDLL"),
        ("webbrowser", "open"), ("socket", "create_connection"), ("urllib.request", "urlopen"), ("builtins", "open"), ("shutil", "rmtree"),
        ("pydoc", "locate"), ("pkgutil", "resolve_name"), ("operator", "methodcaller"), ("operator", "attrgetter"), ("code", "InteractiveInterpreter"),
        ("timeit", "timeit"), ("cProfile", "run"), ("torch.utils.collect_env", "run"), ("torch.hub", "load"), ("torch", "load"), ("numpy", "load"),
        ("numpy.f2py.crackfortran", "getlincoef"), ("numpy.testing._private.utils", "runstring"), ("sympy", "sympify"), ("pip", "main"), ("pip._internal", "main"),
        ("cloudpickle.cloudpickle", "_make_function"), ("types", "FunctionType"), ("types", "CodeType"), ("logging", "FileHandler"), ("commands", "getoutput"),
        ("joblib.numpy_pickle", "load"), ("keras.models", "load_model"), ("pandas", "read_pickle"), ("dill._dill", "_create_function"), ("bdb", "Bdb.run")]
#: Helpers that no list knows: a third-party package, a module shipped beside the model.
UNKNOWN = [("shellhelper", "run"), ("acme.tools.process", "execute"), ("payload", "main"), ("modeling_utils_ext", "init"), ("helper", "Runner"), ("torch_ext.utils", "rebuild")]
WORD = "id"


def names_seen():
    for line in (HERE.parent / "names" / "seen_in_attacks.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield tuple(line.rsplit(".", 1)) if "." in line else ("builtins", line)


def stdlib_sinks():
    """Functions and methods of the standard library from which a sink is a few calls away."""
    import audit
    allowed = {"re.compile", "re._compile"}  # they compile expressions, not code
    index = audit.Index()
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    for path in library.rglob("*.py"):
        parts = path.relative_to(library).with_suffix("").parts
        if not {"site-packages", "test", "tests", "idle_test"} & set(parts):
            index.modules[".".join(parts).removesuffix(".__init__")] = path.read_bytes()
    for module in sorted(index.modules):
        for name, found in sorted(index.module(module).items()):
            if found[0] != "def" or found[1] != module or f"{module}.{name}" in allowed:
                continue
            if isinstance(found[2], ast.FunctionDef):
                if next(index.sinks(module, None, found[2]), None):
                    yield module, name
            else:
                if any(True for m, o, f in index.methods(found, audit.WITH_ARGUMENTS) for _ in index.sinks(m, o, f)):
                    yield module, name
                for method in found[2].body:
                    if isinstance(method, ast.FunctionDef) and not method.name.startswith("__") and next(index.sinks(module, found, method), None):
                        yield module, f"{name}.{method.name}"


def products():
    """Every import door × every call door × every stream for one name of each family, thinned evenly."""
    rng = random.Random(20261123)
    everything = list(itertools.product(IMPORTS, CALLS, STREAMS))
    for m, n in CORE + UNKNOWN:
        for door, call, stream in rng.sample(everything, 220):
            yield f"{m}.{n} {door.__name__} {call.__name__} {getattr(stream, '__name__', '')}", stream(call(door(m, n), (WORD,)))
        for door in IMPORTS:
            yield f"{m}.{n} {door.__name__}", framed(call_reduce(door(m, n), (WORD,)))
        for call in CALLS:
            yield f"{m}.{n} {call.__name__}", framed(call(by_stack(m, n), (WORD,)))
        for stream in STREAMS:
            yield f"{m}.{n} {getattr(stream, '__name__', '')}", stream(call_reduce(by_stack(m, n), (WORD,)))
        if "." not in n:
            yield f"{m}.{n} INST", b"(" + text(WORD) + f"i{m}\n{n}\n.".encode()
            yield f"{m}.{n} INST 0", b"(S'id'\n" + f"i{m}\n{n}\n.".encode()
        if (m, n) in CORE:
            for call in CONSTRUCTIONS:
                yield f"{m}.{n} {call.__name__}", framed(call(by_stack(m, n), (WORD,)))


def plain(names):
    for m, n in names:
        for index, (door, call) in enumerate([(by_global, call_reduce), (by_stack, call_reduce)]):
            yield f"{m}.{n}", framed(call(door(m, n), (WORD,))) if index else protocol(0)(call(door(m, n), (WORD,)))


def nested():
    for (m, n), loader, latin1 in itertools.product([("os", "system"), ("builtins", "eval"), ("shellhelper", "run")], LOADERS, (False, True)):
        inner = protocol(0)(call_reduce(by_global(m, n), (WORD,)))
        once = nest(loader)(inner, latin1)
        yield f"{m}.{n} in {loader} {latin1}", framed(once)
        yield f"{m}.{n} twice in {loader} {latin1}", framed(nest(("pickle", "loads"))(framed(once)))


def indirect():
    """A callable fetched at run time, from something harmless."""
    os_module = glob("importlib", "import_module") + text("os") + TUPLE1 + REDUCE
    yield "import_module", framed(by_stack("builtins", "getattr") + os_module + text("getpid") + TUPLE2 + REDUCE + EMPTY_TUPLE + REDUCE)
    for m, n in [("collections", "OrderedDict.__init__.__globals__"), ("pathlib", "os.getpid"), ("torch.serialization", "os.getpid"), ("torch", "os.getpid"),
                 ("logging", "os.getpid"), ("random", "_os.getpid"), ("ntpath", "os.system"), ("posixpath", "os.system"), ("glob", "os.system"), ("shutil", "os.system"),
                 ("numpy.core.multiarray", "os.system"), ("argparse", "_os.system"), ("builtins", "eval.__call__"), ("builtins", "object.__subclasses__"),
                 ("types", "sys.modules.get"), ("six.moves", "builtins.eval"), ("six.moves.builtins", "eval"), ("torch._utils", "importlib.import_module"),
                 ("inspect", "builtins.exec"), ("transformers.utils.import_utils", "importlib.import_module"), ("sklearn.utils", "sys.modules"),
                 ("enum", "sys.modules"), ("codecs", "builtins.open"), ("re", "functools.partial"), ("ast", "literal_eval.__globals__.get")]:
        yield f"{m} + {n}", framed(call_reduce(by_stack(m, n), (WORD,)))
        if "." in n:
            yield f"getattr {m} + {n}", framed(call_reduce(by_getattr(m, n), (WORD,)))
            yield f"Python 2 getattr {m} + {n}", protocol(2)(call_reduce(by_python2_getattr(m, n), (WORD,)))
    for name in ("__class__", "__base__", "__subclasses__", "__globals__", "__dict__", "__getattribute__", "__init_subclass__", "__reduce_ex__"):
        fetch = by_stack("builtins", "getattr") + glob("collections", "OrderedDict") + text(name) + TUPLE2 + REDUCE
        yield f"getattr {name}", framed(fetch)
        yield f"getattr {name} called", framed(fetch + EMPTY_TUPLE + REDUCE)
    yield "attrgetter", framed(by_stack("operator", "attrgetter") + text("system") + TUPLE1 + REDUCE + os_module + TUPLE1 + REDUCE)
    yield "methodcaller", framed(by_stack("operator", "methodcaller") + constant(("system", "id")) + REDUCE + os_module + TUPLE1 + REDUCE)
    yield "itemgetter of sys.modules", framed(by_stack("operator", "itemgetter") + text("os") + TUPLE1 + REDUCE + glob("sys", "modules") + TUPLE1 + REDUCE)
    yield "getitem of sys.modules", framed(by_stack("operator", "getitem") + glob("sys", "modules") + text("os") + TUPLE2 + REDUCE)
    yield "computed name", framed(text("os") + glob("builtins", "str") + text("system") + TUPLE1 + REDUCE + b"\x93" + text(WORD) + TUPLE1 + REDUCE)
    yield "extension", b"\x80\x02\x82\x01" + text(WORD) + TUPLE1 + REDUCE + STOP
    yield "add_extension", framed(by_stack("copyreg", "add_extension") + constant(("os", "system", 1)) + REDUCE)
    yield "persistent id called", b"\x80\x02" + text("os.system") + b"Q" + text(WORD) + TUPLE1 + REDUCE + STOP
    yield "codec", framed(by_stack("_codecs", "encode") + constant(("x", "zip")) + REDUCE)
    yield "decode", framed(by_stack("_codecs", "decode") + constant((b"x", "pickle")) + REDUCE)
    yield "type of three arguments", framed(by_stack("builtins", "type") + constant(("X", (), {})) + REDUCE)
    yield "compile and call", framed(by_stack("types", "FunctionType") + glob("builtins", "compile") + constant(("1", "", "eval")) + REDUCE + EMPTY_DICT + TUPLE2 + REDUCE)
    yield "marshal", framed(by_stack("types", "FunctionType") + glob("marshal", "loads") + data(b"c") + TUPLE1 + REDUCE + EMPTY_DICT + TUPLE2 + REDUCE)


def overwrites():
    """State for a module, a class or a function: what others use changes."""
    state = EMPTY_DICT + text("x") + glob("collections", "OrderedDict") + SETITEM
    for m, n in [("torch", "nn"), ("torch", "_utils"), ("sys", "modules"), ("collections", "OrderedDict"), ("builtins", "print"), ("acme", "Model"), ("os", "path"), ("torch.nn.modules.linear", "Linear")]:
        yield f"BUILD {m}.{n}", framed(by_stack(m, n) + state + BUILD)
        yield f"slot state {m}.{n}", framed(by_stack(m, n) + NONE + state + TUPLE2 + BUILD)
        yield f"SETITEM {m}.{n}", framed(by_stack(m, n) + text("x") + NONE + SETITEM)
    made = EMPTY_DICT + text("x") + NONE + SETITEM
    ordered = by_stack("collections", "OrderedDict") + EMPTY_TUPLE + REDUCE
    yield "class by type()", framed(by_stack("builtins", "type") + ordered + TUPLE1 + REDUCE + NONE + made + TUPLE2 + BUILD)
    yield "class by dill", framed(by_stack("dill._dill", "_load_type") + text("CodeType") + TUPLE1 + REDUCE + NONE + made + TUPLE2 + BUILD)
    yield "module by a nested pickle", framed(nest(("pickle", "loads"))(b"ctorch\nnn\n.") + made + BUILD)
    yield "item of a module by a nested pickle", framed(nest(("pickle", "loads"))(b"ctorch\nnn\n.") + text("x") + NONE + SETITEM)
    yield "member by getattr", framed(by_getattr("acme.models", "Net.forward") + made + BUILD)


def shapes():
    """Allowed names with arguments that they are not safe with."""
    for m, n, args in [("collections", "OrderedDict", ("id",)), ("collections", "defaultdict", ("id",)), ("torch._utils", "_rebuild_tensor_v2", ("id", 0, (1,), (1,), False, {})),
                       ("torch.nn.modules.linear", "Linear", ("id",)), ("numpy", "ndarray", ("id",)), ("__torch__.payload", "run", ("id",)),
                       ("numpy", "memmap", ("f", "uint8", "w+")), ("transformers.training_args", "TrainingArguments", ("id",)),
                       ("numpy.core._ufunc_reconstruct", "x", ("os", "system")), ("logging", "getLogger", ("a b",)), ("torch", "device", ("rm x",)),
                       ("sklearn.tree._tree", "Tree.__setstate__", ("id",)), ("transformers.trainer_utils", "SchedulerType", ("touch x",)), ("builtins", "print", ("id",))]:
        yield f"{m}.{n}{args}", framed(call_reduce(by_stack(m, n), args))
    yield "ufunc of os.system", framed(call_reduce(by_stack("numpy.core", "_ufunc_reconstruct"), ("os", "system")) + text(WORD) + TUPLE1 + REDUCE)
    index = by_stack("pandas.core.indexes.base", "_new_Index") + glob("numpy", "memmap") + constant({"filename": "x", "mode": "w+", "shape": 1}) + TUPLE2 + REDUCE
    yield "file through an index", framed(index)
    yield "new with memmap", framed(by_stack("copyreg", "__newobj__") + glob("numpy", "memmap") + text("x") + TUPLE2 + REDUCE)
    folder = by_stack("torchvision.datasets.folder", "DatasetFolder") + EMPTY_TUPLE + NEWOBJ + EMPTY_DICT + text("loader") + glob("shellhelper", "run") + SETITEM + BUILD
    yield "iterating over an object", framed(by_stack("builtins", "list") + folder + TUPLE1 + REDUCE)
    yield "base initialiser", framed(by_stack("copyreg", "_reconstructor") + glob("acme", "Model") + glob("shellhelper", "Run") + text(WORD) + TUPLE3 + REDUCE)
    for template in ["import os", "\ndef _parse_args(self, a, loc=os.getpid()):\n    return a\n"]:
        gen = by_stack("scipy.stats._continuous_distns", "norm_gen") + EMPTY_TUPLE + NEWOBJ + EMPTY_DICT + text("_parse_arg_template") + text(template) + SETITEM + BUILD
        yield "source text in a distribution's state", framed(gen)


def joblib_arrays():
    """Raw arrays whose bytes one loader skips and another runs."""
    attack = call_reduce(by_global("os", "getpid"), ())
    honest_end = NONE + STOP

    def dtype(code="f8", state=(3, "<", None, None, None, -1, -1, 0)):
        made = glob("numpy", "dtype") + constant((code, False, True)) + REDUCE
        return made + constant(state) + BUILD if state else made

    def wrapper(shape, kind, padding=None, extra=b""):
        entries = [text("subclass") + glob("numpy", "ndarray"), text("shape") + constant(shape), text("order") + text("C"), text("dtype") + kind, text("allow_mmap") + b"\x89"]
        if padding is not None:
            entries.append(text("numpy_array_alignment_bytes") + constant(padding))
        return glob("joblib.numpy_pickle", "NumpyArrayWrapper") + EMPTY_TUPLE + NEWOBJ + EMPTY_DICT + extra + b"".join(e + SETITEM for e in entries) + BUILD

    run = attack + POP
    yield "plain view of an unpadded array", b"\x80\x03" + wrapper((16,), dtype()) + (run + honest_end).ljust(128, b"\0") + honest_end
    yield "plain view of a padded array", b"\x80\x03" + wrapper((16,), dtype(), 16) + b"N" * 79 + (run + honest_end).ljust(128, b"\0") + honest_end
    yield "padding that old joblib takes for the array", b"\x80\x03" + wrapper((2,), dtype(), 16) + bytes([40]) + bytes(15) + (run + honest_end).ljust(41, b"\0") + honest_end
    # numpy keeps the size of a type that has only one, whatever the state says: joblib reads 128 bytes, not 16.
    yield "size in the state of a fixed type", b"\x80\x03" + wrapper((16,), dtype(state=(3, "<", None, None, None, 1, 1, 0))) + bytes(16) + honest_end.ljust(112, b"\0") + run + honest_end
    yield "objects flag taken away", b"\x80\x03" + wrapper((2,), dtype("O8", (3, "|", None, None, None, -1, -1, 0))) + honest_end.ljust(16, b"\0") + run + honest_end
    yield "objects flag on numbers", b"\x80\x03" + wrapper((16,), dtype("f8", (3, "<", None, None, None, -1, -1, 1))) + run + honest_end + bytes(64)
    yield "shape is a list", b"\x80\x03" + wrapper([16], dtype()) + honest_end.ljust(128, b"\0") + run + honest_end
    yield "shape holds text", b"\x80\x03" + wrapper(("16",), dtype()) + honest_end.ljust(128, b"\0") + run + honest_end
    many = b"".join(text(f"k{i}") + NONE + SETITEM for i in range(40))
    yield "shape twice", b"\x80\x03" + wrapper((16,), dtype(), None, text("shape") + constant((1,)) + SETITEM + many) + bytes(8) + honest_end.ljust(120, b"\0") + run + honest_end
    yield "shape behind many keys", b"\x80\x03" + wrapper((16,), dtype(), None, many) + honest_end.ljust(128, b"\0") + run + honest_end
    alias = wrapper((16,), dtype()).replace(b"cjoblib.numpy_pickle\n", b"cacme.vendored.numpy_pickle\n")
    yield "wrapper under another path", b"\x80\x03" + alias + honest_end.ljust(128, b"\0") + run + honest_end
    inner = b"\x80\x03" + wrapper((4,), dtype()) + run + honest_end
    yield "wrapper inside an object array", b"\x80\x03" + wrapper((1,), dtype("O8", (3, "|", None, None, None, -1, -1, 63))) + inner + bytes(64) + honest_end
    head = wrapper((2,), dtype())
    tail = run + honest_end
    yield "frame around a wrapper", b"\x80\x04\x95" + struct.pack("<Q", len(head) + len(tail)) + head + tail.ljust(16, b"\0") + honest_end


def everything():
    yield from plain(sorted(set(names_seen())))
    yield from plain(stdlib_sinks())
    yield from products()
    yield from nested()
    yield from indirect()
    yield from overwrites()
    yield from shapes()
    yield from joblib_arrays()
