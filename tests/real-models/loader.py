"""Loads a pickle with stand-ins for every name it imports: shows that an injected call is one that a loader makes.

Nothing of the file runs. The loaders are CPython's own and joblib's own.
"""

import io
import pickle

from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

# What tells joblib how many bytes of a raw array to read past. (Protocol 2 writes bytes as text and a call of _codecs.encode.)
REAL = {"dtype", "ndarray", "_reconstruct", "scalar"}


class StandIn:
    """Takes whatever is done to it."""

    def __new__(cls, *_, **__):
        return object.__new__(cls)

    def nothing(self, *_, **__):
        return None

    __init__ = __call__ = __setstate__ = __setitem__ = append = extend = add = update = nothing


class Recorder:
    """What both unpicklers do with a name."""

    calls = 0

    def find_class(self, module, name):
        if (module, name) == ("posix", "getpid"):
            return self.note
        return type(name, (StandIn,), {"__module__": module})

    def note(self):
        self.calls += 1

    def persistent_load(self, _):
        return StandIn()


class Plain(Recorder, pickle.Unpickler):
    pass


class RawArray(NumpyArrayWrapper):
    def read_array(self, unpickler, *rest):
        if self.dtype.hasobject:
            # joblib would call pickle.load here.
            nested = Plain(unpickler.file_handle, encoding="latin1")
            nested.load()
            unpickler.calls += nested.calls
            return None
        return super().read_array(unpickler, *rest)

    def read(self, unpickler, *rest):
        return self.read_array(unpickler, *rest)


class Joblib(Recorder, NumpyUnpickler):
    def find_class(self, module, name):
        if (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
            return RawArray
        if (module.split(".")[0] == "numpy" and name in REAL) or (module, name) == ("_codecs", "encode"):
            return pickle.Unpickler(io.BytesIO()).find_class(module, name)
        return super().find_class(module, name)


def load(data):
    """How often `posix.getpid` was called, and whether the pickle ended with the data."""
    stream = io.BytesIO(data)
    if b"joblib.numpy_pickle" in data and b"NumpyArrayWrapper" in data:
        unpickler = Joblib("", stream, False)
        unpickler.encoding = "latin1"
    else:
        unpickler = Plain(stream, encoding="latin1")
    unpickler.load()
    return unpickler.calls, stream.tell() == len(data)


def is_whole_pickle(data):
    try:
        return load(data)[1]
    except Exception:  # What an unpickler raises on bytes that are no pickle has no common base.
        return False


def is_called(data):
    return load(data)[0] > 0
