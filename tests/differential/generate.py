"""Pickle streams by grammar: a random program that knows its stack and memo, then damage that knows what loaders differ in.

Everything comes from one `random.Random(seed)`, so that the same number gives the same bytes on every machine.
Nothing here is harmful: the names that a stream imports are never resolved.
"""
import random
import struct

MODULES = ["os", "posix", "builtins", "__builtin__", "collections", "torch._utils", "acme.models", "a", "copy_reg", "m\u00fc", ""]
NAMES = ["system", "eval", "OrderedDict", "f", "Cls", "_rebuild_tensor_v2", "a.b.c", "getattr", "n\u00e4me", "x y", "\\x66", ""]
NUMBERS = ["0", "1", "7", "-3", "00", "01", "255", "99999999999999999999999"]
ODD_NUMBERS = ["010", "0x10", "0o17", "0b1", "1_000", " 5", "5 ", "+1", "-0", "1__0", "", "x", "1\0x", "\0", "0 ", " 1", "1L", "1LL", "007", "\x0b3", "-", "9" * 25]
FLOATS = ["1.5", "-0.0", "1e+20", "inf", "nan", "3"]
ODD_FLOATS = ["1_0.5", " 1.5", "1.5 ", "1e999", "1.5\0x", "Infinity", "NaN", "x", "", "0x1p3", "+2.5", ".5", "5.", "-1e-999"]
STRINGS = ["'os'", '"system"', "'a\\'b'", "'\\x6f\\163'", "''", "'f'"]
ODD_STRINGS = ["'os' ", "os", "'os\"", "'", "'\\x4'", "'a\\'", "'\\777'", "'\u00e9'", "' '", "''x''", "'\\q'", "'a'\r"]
UNICODES = ["os", "system", "\\u006fs", "f", ""]
ODD_UNICODES = ["\\u12", "\\\\u006fs", "\\U0000006fs", "\\ud800", "\u00e9", "a\\", "\\U00110000", "\\n"]
PERSIDS = ["1", "storage", ""]
ODD_PERSIDS = ["\\x4", "a\\", "\u00e9", "\\x41", "a b"]
MEMO_TEXT = ["{}"] * 8 + [" {}", "{} ", "+{}", "0{}", "{}_0", "0_{}", "{}\0x", "-{}", "{}x", ""]
HUGE = [2**24, 2**27, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64, 2**64 + 3]
EXTENSIONS = [1, 2, 200, 256, 70000]
MARK = "mark"


def text(value):
    return value.encode("utf-8", "surrogatepass")


class Program:
    """One stream. `pieces` holds its opcodes with their operands; `stack` and `memo` the kinds of what they build."""

    def __init__(self, rng):
        self.rng = rng
        self.pieces = []
        self.stack = []
        self.memo = {}

    def emit(self, data, pops=0, push=None):
        self.pieces.append(data)
        del self.stack[len(self.stack) - pops:]
        if push is not None:
            self.stack.append(push)

    def since_mark(self):
        for depth, kind in enumerate(reversed(self.stack)):
            if kind == MARK:
                return depth
        return None

    def above(self, count):
        """Whether `count` values stand above the last mark."""
        return len(self.stack) >= count and MARK not in self.stack[len(self.stack) - count:]

    def odd(self, plain, odd, chance=0.06):
        return self.rng.choice(odd if self.rng.random() < chance else plain)

    # Values

    def number(self):
        rng = self.rng
        kind = rng.randrange(9)
        if kind == 0:
            self.emit(b"I" + text(self.odd(NUMBERS, ODD_NUMBERS)) + b"\n", push="int")
        elif kind == 1:
            self.emit(b"L" + text(self.odd(NUMBERS[:4], ODD_NUMBERS)) + rng.choice([b"L", b""]) + b"\n", push="int")
        elif kind == 2:
            self.emit(b"F" + text(self.odd(FLOATS, ODD_FLOATS)) + b"\n", push="int")
        elif kind == 3:
            self.emit(b"K" + bytes([rng.randrange(256)]), push="int")
        elif kind == 4:
            self.emit(rng.choice([b"M\x01\x02", b"J\xff\xff\xff\xff", b"G?\xf8\0\0\0\0\0\0"]), push="int")
        elif kind == 5:
            size = rng.randrange(12)
            self.emit(b"\x8a" + bytes([size]) + rng.randbytes(size), push="int")
        elif kind == 6:
            size = rng.choice([0, 1, 9, 70])
            head = struct.pack("<i", size if rng.random() > 0.05 else rng.choice([-1, 2**31 - 1, -(2**31)]))
            self.emit(b"\x8b" + head + rng.randbytes(size), push="int")
        else:
            self.emit(rng.choice([b"N", b"\x88", b"\x89"]), push="none")

    def string(self, value=None):
        rng = self.rng
        if value is None:
            value = rng.choice(MODULES[:8] + NAMES[:8] + ["k", "state"])
        raw = text(value)
        kind = rng.randrange(8)
        if kind == 0 and rng.random() < 0.7:
            self.emit(b"S'" + raw + b"'\n", push="str")
        elif kind == 0:
            self.emit(b"S" + text(self.odd(STRINGS, ODD_STRINGS, 0.3)) + b"\n", push="str")
        elif kind == 1 and rng.random() < 0.7:
            self.emit(b"V" + raw + b"\n", push="str")
        elif kind == 1:
            self.emit(b"V" + text(self.odd(UNICODES, ODD_UNICODES, 0.3)) + b"\n", push="str")
        elif kind == 2:
            self.emit(b"U" + bytes([len(raw)]) + raw, push="str")
        elif kind == 3:
            size = len(raw) if rng.random() > 0.03 else rng.choice([-1, -(2**31), 2**31 - 1])
            self.emit(b"T" + struct.pack("<i", size) + raw, push="str")
        elif kind == 4:
            self.emit(b"X" + struct.pack("<I", len(raw)) + raw, push="str")
        elif kind == 5:
            size = len(raw) if rng.random() > 0.03 else rng.choice([2**32, 2**63 - 1, 2**63, 2**64 - 1])
            self.emit(b"\x8d" + struct.pack("<Q", size) + raw, push="str")
        else:
            if rng.random() < 0.03:
                raw = rng.choice([b"\xff", b"\xed\xa0\x80", b"\xc3\xa9", b"\0", b"a\nb"])
            self.emit(b"\x8c" + bytes([len(raw)]) + raw, push="str")

    def bytes(self):
        rng = self.rng
        raw = rng.randbytes(rng.randrange(6))
        kind = rng.randrange(4)
        if kind == 0:
            self.emit(b"B" + struct.pack("<I", len(raw)) + raw, push="bytes")
        elif kind == 1:
            self.emit(b"C" + bytes([len(raw)]) + raw, push="bytes")
        else:
            size = len(raw) if rng.random() > 0.03 else rng.choice([2**33, 2**63 - 1, 2**64 - 1])
            self.emit((b"\x8e", b"\x96")[kind - 2] + struct.pack("<Q", size) + raw, push=("bytes", "array")[kind - 2])

    def empty(self):
        data, kind = self.rng.choice([(b")", "tuple"), (b"]", "list"), (b"}", "dict"), (b"\x8f", "set")])
        self.emit(data, push=kind)

    def name(self):
        """An import by any door."""
        rng = self.rng
        module = self.odd(MODULES[:9], MODULES, 0.05)
        name = self.odd(NAMES[:8], NAMES, 0.05)
        door = rng.randrange(8)
        if door < 3:
            self.emit(b"c" + text(module) + b"\n" + text(name) + b"\n", push="global")
        elif door < 6:
            self.string(module)
            self.shuffle_memo()
            self.string(name)
            self.shuffle_memo()
            self.emit(b"\x93", pops=2, push="global")
        elif door == 6:
            code = rng.choice(EXTENSIONS + [0, 77])
            if code < 256 and rng.random() < 0.5:
                self.emit(b"\x82" + bytes([code]), push="global")
            elif code < 65536 and rng.random() < 0.7:
                self.emit(b"\x83" + struct.pack("<H", code), push="global")
            else:
                self.emit(b"\x84" + struct.pack("<i", code if rng.random() > 0.1 else -code), push="global")
        elif rng.random() < 0.5:
            self.emit(b"P" + text(self.odd(PERSIDS, ODD_PERSIDS)) + b"\n", push="persistent")
        elif self.above(1):
            self.emit(b"Q", pops=1, push="persistent")

    # Stack and memo

    def shuffle_memo(self):
        """Things that leave the top as it is, and hide from who does not follow the memo where it came from."""
        rng = self.rng
        if not self.above(1) or rng.random() > 0.3:
            return
        kind = rng.randrange(7)
        if kind == 0:
            self.put()
        elif kind == 1:
            self.emit(b"\x94")
            self.memo[len(self.memo)] = self.stack[-1]
        elif kind == 2:
            self.emit(b"2", push=self.stack[-1])
            self.emit(b"0", pops=1)
        elif kind == 3:
            self.emit(b"N0")
        elif kind == 4:
            self.emit(b"(" + b"N" * rng.randrange(3) + b"1")
        elif kind == 5:
            self.emit(b"(0")
        else:  # an alias: taken out, put under another index, taken out again
            self.put(index := rng.randrange(300))
            self.emit(b"0", pops=1)
            self.get(index)

    def put(self, index=None):
        rng = self.rng
        if index is None:
            index = rng.choice([len(self.memo), rng.randrange(4), rng.randrange(300)])
            if rng.random() < 0.02:
                index = rng.choice(HUGE)
        kind = rng.randrange(3)
        if kind == 0 or index >= 2**32:
            template = self.odd(["{}"], MEMO_TEXT, 0.04)
            self.emit(b"p" + template.format(index).encode() + b"\n")
        elif kind == 1 and index < 256:
            self.emit(b"q" + bytes([index]))
        else:
            self.emit(b"r" + struct.pack("<I", index))
        if self.stack:
            self.memo[index] = self.stack[-1]

    def get(self, index=None):
        rng = self.rng
        if index is None:
            if not self.memo:
                return
            index = rng.choice(list(self.memo)) if rng.random() > 0.02 else rng.choice([-1, 2**63, 299])
        kind = rng.randrange(3)
        if kind == 0 or not 0 <= index < 2**32:
            template = self.odd(["{}"], MEMO_TEXT, 0.04)
            self.emit(b"g" + template.format(index).encode() + b"\n", push=self.memo.get(index, "none"))
        elif kind == 1 and index < 256:
            self.emit(b"h" + bytes([index]), push=self.memo.get(index, "none"))
        else:
            self.emit(b"j" + struct.pack("<I", index), push=self.memo.get(index, "none"))

    def stack_move(self):
        rng = self.rng
        kind = rng.randrange(6)
        if kind == 0 and self.above(1):
            self.emit(b"2", push=self.stack[-1])
        elif kind == 1 and self.above(1):
            self.emit(b"0", pops=1)
        elif kind == 2 and self.since_mark() is not None:
            self.emit(b"1", pops=self.since_mark() + 1)
        elif kind == 3:
            self.emit(b"(", push=MARK)
        elif kind == 4 and self.above(1):
            self.emit(b"\x94")
            self.memo[len(self.memo)] = self.stack[-1]
        elif self.above(1):
            self.put()

    def group(self):
        """Values up to a mark, or the top one to three, become one."""
        rng = self.rng
        depth = self.since_mark()
        if depth is None or rng.random() < 0.4:
            count = rng.randrange(1, 4)
            if self.above(count):
                self.emit(bytes([0x84 + count]), pops=count, push="tuple")
            return
        kinds = [(b"t", "tuple"), (b"l", "list"), (b"\x91", "set")] + ([(b"d", "dict")] if depth % 2 == 0 or rng.random() < 0.03 else [])
        data, kind = rng.choice(kinds)
        self.emit(data, pops=depth + 1, push=kind)

    # Doors

    def arguments(self):
        rng = self.rng
        kind = rng.randrange(6)
        if kind == 0:
            self.emit(b")", push="tuple")
        elif kind < 4:
            self.value()
            self.emit(b"\x85", pops=1, push="tuple")
        elif kind == 4:
            self.emit(b"(", push=MARK)
            for _ in range(rng.randrange(3)):
                self.value()
            depth = self.since_mark()
            self.emit(b"t", pops=(depth or 0) + 1, push="tuple")
        else:
            self.value()  # seldom a tuple

    def callee(self):
        if self.rng.random() < 0.15 and self.memo:
            self.get()
        elif self.rng.random() < 0.02:
            self.value()
        else:
            self.name()

    def call(self):
        rng = self.rng
        kind = rng.randrange(6)
        if kind < 2:
            self.callee()
            self.shuffle_memo()
            self.arguments()
            if self.above(2):
                self.emit(b"R", pops=2, push="object")
        elif kind == 2:
            self.callee()
            self.arguments()
            if self.above(2):
                self.emit(b"\x81", pops=2, push="object")
        elif kind == 3:
            self.callee()
            self.arguments()
            self.emit(b"}", push="dict")
            if rng.random() < 0.3:
                self.string("k")
                self.value()
                self.emit(b"s", pops=2)
            elif rng.random() < 0.05:
                self.emit(b"0", pops=1)
                self.value()
            if self.above(3):
                self.emit(b"\x92", pops=3, push="object")
        else:
            if rng.random() > 0.03:
                self.emit(b"(", push=MARK)
            door = kind == 4
            if door:
                self.callee()
            for _ in range(rng.randrange(3)):
                self.value()
            depth = self.since_mark() or 0
            if door:
                self.emit(b"o", pops=depth + 1, push="object")
            else:
                name = text(self.odd(MODULES[:9], MODULES, 0.05)) + b"\n" + text(self.odd(NAMES[:8], NAMES, 0.05)) + b"\n"
                self.emit(b"i" + name, pops=depth + 1, push="object")

    def write(self):
        rng = self.rng
        if not self.above(1):
            return
        plain = self.stack[-1] in ("int", "none", "str", "bytes", "tuple")
        if plain and rng.random() > 0.1:
            return
        kind = rng.randrange(4)
        if kind == 0:
            state = rng.randrange(5)
            if state == 0:
                self.emit(b"}", push="dict")
            elif state == 1:
                self.emit(b"}", push="dict")
                self.string("k")
                self.value()
                self.emit(b"s", pops=2)
            elif state == 2:  # state and slots
                self.emit(rng.choice([b"N", b"}"]), push="none")
                self.emit(b"}", push="dict")
                self.string("k")
                self.value()
                self.emit(b"s", pops=2)
                self.emit(b"\x86", pops=2, push="tuple")
            else:
                self.value()
            if self.above(2):
                self.emit(b"b", pops=1)
            return
        target = self.stack[-1]
        fits = {"list": 1, "array": 1, "dict": 2, "set": 3}.get(target, rng.randrange(1, 4))
        if rng.random() < 0.03:
            fits = rng.randrange(1, 4)
        single = fits != 3 and rng.random() < 0.4
        height = len(self.stack)
        if not single:
            self.emit(b"(", push=MARK)
        for _ in range(1 if single else rng.randrange(3)):
            if fits == 2:
                self.string("k") if target != "list" else self.emit(b"K\0", push="int")
                if rng.random() < 0.97:
                    self.value()
            elif target == "array":
                self.emit(b"KA", push="int")
            else:
                self.value()
        opcode = {(1, True): b"a", (1, False): b"e", (2, True): b"s", (2, False): b"u", (3, False): b"\x90"}[fits, single]
        self.emit(opcode, pops=max(len(self.stack) - height, 0))

    def value(self):
        rng = self.rng
        kind = rng.randrange(12)
        if kind < 3:
            self.number()
        elif kind < 6:
            self.string()
        elif kind == 6:
            self.bytes()
        elif kind < 9:
            self.empty()
        elif kind == 9:
            self.get() if self.memo else self.number()
        elif kind == 10:
            self.name()
        else:
            self.number()

    def step(self):
        kind = self.rng.randrange(20)
        if kind < 6:
            self.call()
        elif kind < 10:
            self.write()
        elif kind < 13:
            self.value()
        elif kind < 15:
            self.name()
        elif kind < 17:
            self.stack_move()
        elif kind < 19:
            self.group()
        elif self.rng.random() < 0.1:
            self.emit(self.rng.choice([b"\x97", b"\x98", b"\x80\x02", b"\x80\x04", b"\x80\x06"]), push=None)
        else:
            self.shuffle_memo()


def framed(rng, pieces):
    """Cuts the opcodes into frames: mostly honest ones, else with lengths that disagree with the opcodes."""
    out, at = [], 0
    while at < len(pieces):
        count = rng.randrange(1, 12)
        part = b"".join(pieces[at:at + count])
        size = len(part)
        if rng.random() < 0.12:
            size = rng.choice([size + 1, max(size - 1, 0), size + 5, size // 2, 0, 2**40, 2**63, 2**64 - 1])
        if rng.random() > 0.15:
            out.append(b"\x95" + struct.pack("<Q", size))
        out.append(part)
        at += count
    return out


def damaged(rng, data):
    """A few changed, lost, doubled or moved bytes, or another end."""
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) or 1)
        kind = rng.randrange(5)
        if kind == 0 and data:
            data[at] = rng.randrange(256)
        elif kind == 1:
            del data[at:at + rng.randrange(1, 4)]
        elif kind == 2:
            data[at:at] = data[at:at + rng.randrange(1, 8)]
        elif kind == 3:
            data[at:at] = rng.choice([b"(", b"0", b"1", b"2", b"\x94", b"N", b"R", b"b", b"\n", b"\0", b"\x95" + bytes(8)])
        else:
            del data[at:]
    return bytes(data)


def stream(seed):
    rng = random.Random(seed)
    program = Program(rng)
    for _ in range(rng.randrange(1, 14)):
        program.step()
    while MARK in program.stack and rng.random() < 0.97:
        program.emit(rng.choice([b"t", b"l", b"1N"]), pops=program.since_mark() + 1, push="tuple")
    if not program.stack:
        program.emit(b"N", push="none")
    pieces = program.pieces + [b"."]
    if rng.random() < 0.3:
        pieces = framed(rng, pieces)
    if rng.random() < 0.8:
        pieces.insert(0 if rng.random() > 0.05 else rng.randrange(len(pieces)), b"\x80" + bytes([rng.randrange(6)]))
    data = b"".join(pieces)
    if rng.random() < 0.15:
        data = damaged(rng, data)
    if rng.random() < 0.05:
        data += rng.choice([b"\0\0", b"N.", b"cos\nsystem\n)R."])
    return data
