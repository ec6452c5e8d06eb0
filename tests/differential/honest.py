#!/usr/bin/env python3
"""Pickles that picklers wrote: the machine must read every one to its STOP and find nothing odd in its structure.

Both of CPython's picklers in all protocols, `pickletools.optimize`, a pickler that is used twice, persistent ids, and
dill, cloudpickle, joblib, numpy and scikit-learn where they are installed; PYTHON2 names a Python 2, if there is one.

    honest.py --trace PATH/TO/pickle_trace
"""
import argparse
import array
import collections
import datetime
import decimal
import enum
import fractions
import importlib.util
import io
import os
import pickle
import pickletools
import random
import re
import subprocess
import sys
import uuid
import warnings

from differential import machine

Point = collections.namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slots:
    __slots__ = ("a", "b")


class WithState:
    def __getstate__(self):
        return ()

    def __setstate__(self, state):
        pass


class Keywords:
    def __new__(cls, *args, key=None):
        return object.__new__(cls)

    def __getnewargs_ex__(self):
        return (1, 2), {"key": 3}


class MyList(list):
    pass


class MyDict(dict):
    pass


class MySet(set):
    pass


def values():
    rng = random.Random(0)
    slots = Slots()
    slots.a, slots.b = 1, [2]
    loop = []
    loop.append(loop)
    deep = ()
    for _ in range(60):
        deep = (deep, 1)
    yield from [
        None, True, False, 0, -1, 255, 256, 65535, 2**31, -(2**31), 2**63, -(2**200), 10**5000 >> 4000, 1.5, -0.0, 1e300, 5e-324,
        float("inf"), float("-inf"), float("nan"), 2 + 3j, "", "a", "\n", "\\u0041\\", "\u00e4\u20ac\U0001f600", "\ud800", "'\"",
        "x" * 300, "y" * 70000, b"", b"\0\xff\n", b"z" * 300, b"w" * 200000, bytearray(b""), bytearray(b"abc" * 30000),
        (), (1,), (1, 2), (1, 2, 3), tuple(range(100)), [], [1], list(range(1000)), list(range(3001)), {}, {"a": 1},
        {n: str(n) for n in range(2000)}, set(), set(range(1000)), set(range(2000)), frozenset(range(5)), loop, deep,
        Point(1, (2,)), Colour.RED, [Colour.RED, Colour.BLUE], Plain(), Plain(a=1, b=Plain(c="d")), slots, WithState(), Keywords(),
        MyList([1, 2]), MyList(), MyDict(a=1), MyDict({n: n for n in range(1000)}), MySet({1, 2}), len, dict.fromkeys, datetime.datetime(2020, 1, 2),
        datetime.timedelta(1), decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=5), re.compile("a+"), array.array("d", [1, 2]),
        collections.OrderedDict((n, n) for n in range(1001)), collections.Counter("abca"), collections.defaultdict(list, {1: [2]}),
        collections.deque([1, 2], 5), range(5), slice(1, 2), Ellipsis, NotImplemented, type(None), memoryview, ValueError("x"),
        [[rng.random() for _ in range(20)] for _ in range(20)], [str(n) for n in range(70000)], {str(n): [n, float(n)] for n in range(20000)},
    ]


def standard():
    for value in values():
        for protocol in range(6):
            for dumps in (pickle.dumps, pickle._dumps):
                try:
                    data = dumps(value, protocol)
                except (TypeError, pickle.PicklingError, ValueError, AttributeError):
                    continue  # slots before protocol 2, numbers too long for text
                yield f"{dumps.__module__} protocol {protocol} {type(value).__name__}", data
        try:
            yield f"optimize {type(value).__name__}", pickletools.optimize(pickle.dumps(value, 4))
        except (TypeError, pickle.PicklingError):
            pass

    class Persisting(pickle.Pickler):
        def persistent_id(self, value):
            return ("storage", "FloatStorage", "0", "cpu", 4) if isinstance(value, array.array) else None

    for protocol in range(1, 6):
        file = io.BytesIO()
        Persisting(file, protocol).dump({"weight": array.array("f", [1, 2]), "more": [array.array("f")]})
        yield f"persistent ids, protocol {protocol}", file.getvalue()
        file = io.BytesIO()
        again = pickle.Pickler(file, protocol)
        shared = ["shared", {"a": 1}]
        again.dump(shared)
        start = file.tell()
        again.dump({"again": [1, "new"], "n": list(range(10))})
        yield f"a pickler used twice, protocol {protocol}", file.getvalue()[start:]


def libraries():
    """Only what is installed here."""
    have = lambda name: importlib.util.find_spec(name) is not None
    functions = [lambda x: x + 1, values, len, Plain]
    if have("dill"):
        import dill
        for value in [*functions, Plain(a=1), Colour, Point]:
            for protocol in range(2, 6):
                yield f"dill protocol {protocol}", dill.dumps(value, protocol, recurse=True)
    if have("cloudpickle"):
        import cloudpickle
        cloudpickle.register_pickle_by_value(sys.modules[__name__])
        for value in [*functions, Plain(a=1), Colour, Point]:
            for protocol in range(2, 6):
                yield f"cloudpickle protocol {protocol}", cloudpickle.dumps(value, protocol)
    if have("numpy"):
        import numpy
        arrays = [numpy.arange(64.0), numpy.zeros((2, 3), order="F"), numpy.array(["a", None], object), numpy.float64(1.5), numpy.dtype("f4"),
                  numpy.array([(1, 2.0)], "i4,f8"), numpy.random.default_rng(0), numpy.ma.masked_array([1, 2], [0, 1]), numpy.array([], "U3")]
        for value in arrays:
            for protocol in range(6):
                for dumps in (pickle.dumps, pickle._dumps):
                    yield f"numpy protocol {protocol}", dumps(value, protocol)
        if have("joblib"):
            import joblib
            for value in [{"a": 1, "b": ["c"] * 5000}, Plain(a=MySet({1}))]:
                for protocol in range(2, 6):
                    file = io.BytesIO()
                    joblib.dump(value, file, protocol=protocol)
                    yield f"joblib protocol {protocol}", file.getvalue()
    if have("sklearn"):
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        points, labels = [[0, 1], [1, 0], [2, 2], [3, 1]] * 5, [0, 1, 1, 0] * 5
        for model in [RandomForestClassifier(5), make_pipeline(StandardScaler(), LogisticRegression())]:
            for protocol in range(2, 6):
                yield f"sklearn protocol {protocol}", pickle.dumps(model.fit(points, labels), protocol)


PYTHON2 = r"""
import pickle, cPickle, struct, sys, collections, decimal
class Old:
    def __init__(self): self.a = 1
class OldInit:
    def __init__(self, *a): self.a = a
    def __getinitargs__(self): return (1, "x")
class New(object):
    def __init__(self): self.b = u"\u20ac"
values = [None, True, False, 1, -5, 2**31, 2**70, -(2**70), 1.5, float("inf"), "", "a'b", 'a"b', "\n\\\x00\xff", u"", u"\u00e9\n\\u0041\\", (), (1, 2), [1, 2], {},
          {"a": [1]}, range(2000), dict((n, n) for n in range(1500)), set([1]), Old(), OldInit(), New(), len, decimal.Decimal("1"), collections.OrderedDict(a=1)]
for module in (pickle, cPickle):
    for protocol in (0, 1, 2):
        for value in values:
            data = module.dumps(value, protocol)
            sys.stdout.write(struct.pack("<I", len(data)) + data)
"""


def python2(command):
    out = subprocess.run([command, "-c", PYTHON2], stdout=subprocess.PIPE, check=True).stdout
    at = 0
    while at < len(out):
        size = int.from_bytes(out[at:at + 4], "little")
        yield "Python 2", out[at + 4:at + 4 + size]
        at += 4 + size


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trace", required=True)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # dill tells what it pickles by value
    streams = [*standard(), *libraries()]
    if os.environ.get("PYTHON2"):
        streams += python2(os.environ["PYTHON2"])
    odd = 0
    for (label, data), ours in zip(streams, machine(options.trace, [data for _, data in streams])):
        if ours["oddities"] or ours["broken"]:
            odd += 1
            print(f"FALSE ALARM {label}: {ours['oddities']} {ours['broken']} {data[:200].hex()}")
    print(f"honest: {len(streams)} pickles from picklers, {odd} false alarms")
    sys.exit(1 if odd else 0)


if __name__ == "__main__":
    main()
