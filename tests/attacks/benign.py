"""Pickles as honest libraries write them, without the libraries: stand-in classes under the real names, real pickler.

`profiles(names)` builds one pickle per name and per protocol, used the way its library uses it: a tensor through its
rebuild function, an enumeration through its value, an instance through NEWOBJ and a state. Yields (what it is, bytes).
"""
import collections
import enum
import pickle
import sys
import types


class Storages(pickle._Pickler):
    """Writes storages as PyTorch does: persistent ids."""

    def persistent_id(self, thing):
        if isinstance(thing, Storage):
            return ("storage", thing.kind, "0", "cpu", 10)
        return None


class Storage:
    def __init__(self, kind):
        self.kind = kind


class Reduced:
    """Pickled as the call of a function with arguments, and a state if there is one."""

    def __init__(self, function, *args, state=None):
        self.reduced = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self.reduced


def place(path, thing):
    """Makes `path` importable for the pickler."""
    module, _, name = path.rpartition(".")
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        full = ".".join(parts[:end])
        if full not in sys.modules:
            sys.modules[full] = types.ModuleType(full)
            if end > 1:
                setattr(sys.modules[".".join(parts[: end - 1])], parts[end - 1], sys.modules[full])
    setattr(sys.modules[module], name, thing)
    thing.__module__, thing.__qualname__, thing.__name__ = module, name, name
    return thing


def stub_class(path, base=object):
    module, _, name = path.rpartition(".")
    here = getattr(sys.modules.get(module), name, None)
    return here if isinstance(here, type) else place(path, type(path.rpartition(".")[2], (base,), {}))


def stub_function(path):
    module, _, name = path.rpartition(".")
    here = getattr(sys.modules.get(module), name, None)
    return here if here is not None else place(path, lambda *args: None)


def stub_enum(path, values):
    kind = place(path, enum.Enum(path.rpartition(".")[2], values))
    kind.__reduce_ex__ = lambda self, protocol: (type(self), (self._value_,))
    return kind


ENUMS = {"SchedulerType": {"LINEAR": "linear"}, "IntervalStrategy": {"NO": "no"}, "HubStrategy": {"EVERY": "every_save"}, "OptimizerNames": {"ADAM": "adamw_torch"},
         "EvaluationStrategy": {"STEPS": "steps"}, "DistributedType": {"NO": "NO"}, "FSDPOption": {"FULL": "full_shard"}, "Problem": {"A": 1}, "Resolution": {"B": 2}}


def tensor(kind="torch.FloatStorage"):
    rebuild = stub_function("torch._utils._rebuild_tensor_v2")
    return Reduced(rebuild, Storage(stub_class(kind)), 0, (2, 5), (5, 1), False, collections.OrderedDict())


def array():
    dtype = Reduced(stub_class("numpy.dtype"), "f8", False, True, state=(3, "<", None, None, None, -1, -1, 0))
    ndarray = stub_class("numpy.ndarray")
    return Reduced(stub_function("numpy.core.multiarray._reconstruct"), ndarray, (0,), b"b", state=(1, (2,), dtype, False, b"\0" * 16))


def use(path):
    """An object that imports this name as its library's pickles do."""
    name = path.rpartition(".")[2]
    if path.startswith("torch.") and name.endswith("Storage") and path.count(".") == 1:
        return collections.OrderedDict(weight=tensor(path))
    special = {
        "torch._utils._rebuild_tensor_v2": tensor,
        "torch._utils._rebuild_tensor_v3": lambda: Reduced(stub_function(path), Storage(stub_class("torch.storage.UntypedStorage")), 0, (2,), (1,), False, collections.OrderedDict(), stub_class("torch.float8_e4m3fn")),
        "torch._utils._rebuild_parameter": lambda: Reduced(stub_function(path), tensor(), True, collections.OrderedDict()),
        "torch._tensor._rebuild_from_type_v2": lambda: Reduced(stub_function(path), stub_function("torch._utils._rebuild_tensor_v2"), stub_class("torch.Tensor"),
                                                               (Storage(stub_class("torch.FloatStorage")), 0, (2,), (1,), False, collections.OrderedDict()), {"requires_grad": True}),
        "torch.device": lambda: Reduced(stub_class(path), "cuda", 0),
        "torch.Size": lambda: Reduced(stub_class(path), (2, 5)),
        "torch.storage.UntypedStorage": lambda: use("torch._utils._rebuild_tensor_v3"),
        "numpy.dtype": array, "numpy.ndarray": array, "numpy.core.multiarray._reconstruct": array,
        "numpy.core.multiarray.scalar": lambda: Reduced(stub_function(path), Reduced(stub_class("numpy.dtype"), "f8", False, True, state=(3, "<", None, None, None, -1, -1, 0)), b"\0" * 8),
        "_codecs.encode": lambda: Reduced(__import__("_codecs").encode, "\x00\xff", "latin1"),
        "collections.OrderedDict": lambda: collections.OrderedDict(a=1), "collections.defaultdict": lambda: collections.defaultdict(list, a=[1]),
        "_io.BytesIO": lambda: __import__("io").BytesIO(b"x"), "argparse.Namespace": lambda: __import__("argparse").Namespace(lr=1e-3),
        "typing.Any": lambda: __import__("typing").Any, "dill._dill._load_type": lambda: Reduced(stub_function(path), "NoneType"),
        "torch.torch_version.TorchVersion": lambda: stub_class(path, str)("2.1.0"),
    }
    if path in special:
        return special[path]()
    if name in ENUMS:
        return next(iter(stub_enum(path, ENUMS[name])))
    if name[0].islower() and path.startswith("torch."):
        return stub_class(path)
    kind = stub_class(path)
    thing = kind()
    thing.__dict__.update(training=True, name="x", inside=[1, 2.5, None], weights=collections.OrderedDict(w=tensor()))
    return thing


def dump(thing, protocol):
    import io
    out = io.BytesIO()
    Storages(out, protocol).dump(thing)
    return out.getvalue()


def profiles(names):
    for path in names:
        thing = use(path)
        for protocol in (2, 4):
            yield path, dump({"epoch": 3, "model": thing}, protocol)
