"""Assembles pickles opcode by opcode: every door by which a name can be imported and called, and every way to hide it.

Nothing here loads a pickle or calls what it names. The arguments are harmless words, so that a sample that escapes
runs nothing of interest either.
"""
import struct

MARK, STOP, POP, DUP, TUPLE, TUPLE1, TUPLE2, TUPLE3 = b"(", b".", b"0", b"2", b"t", b"\x85", b"\x86", b"\x87"
REDUCE, OBJ, BUILD, NEWOBJ, NEWOBJ_EX, NONE = b"R", b"o", b"b", b"\x81", b"\x92", b"N"
EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT, APPEND, SETITEM, STACK_GLOBAL, MEMOIZE = b")", b"]", b"}", b"a", b"s", b"\x93", b"\x94"


def text(value):
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def short(value):
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw if len(raw) < 256 else text(value)


def data(value):
    return b"B" + struct.pack("<I", len(value)) + value if len(value) > 255 else b"C" + bytes([len(value)]) + value


def escaped(value):
    return b"V" + "".join(f"\\u{ord(c):04x}" for c in value).encode() + b"\n"


def quoted(value):
    return b"S'" + "".join(f"\\x{ord(c):02x}" for c in value).encode() + b"'\n"


def constant(value):
    if value is None:
        return NONE
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bytes):
        return data(value)
    if isinstance(value, list):
        return EMPTY_LIST + b"".join(constant(item) + APPEND for item in value)
    if isinstance(value, dict):
        return EMPTY_DICT + b"".join(constant(k) + constant(v) + SETITEM for k, v in value.items())
    return MARK + b"".join(constant(item) for item in value) + TUPLE


def glob(module, name):
    return f"c{module}\n{name}\n".encode()


# ---- import doors: module and name to opcodes that leave the object on the stack

def by_global(m, n):
    return glob(m, n)


def by_stack(m, n):
    return short(m) + short(n) + STACK_GLOBAL


def by_long_text(m, n):
    return text(m) + text(n) + STACK_GLOBAL


def by_memo(m, n):
    return text(n) + b"q\x05" + POP + text(m) + b"q\x07" + POP + b"h\x07h\x05" + STACK_GLOBAL


def by_memo_alias(m, n):
    """GET followed by PUT: a second index for the same string."""
    return text(n) + b"q\x01" + POP + b"h\x01q\x09" + POP + text(m) + b"r\x00\x01\x00\x00" + POP + b"j\x00\x01\x00\x00h\x09" + STACK_GLOBAL


def by_memo_overwrite(m, n):
    return text("collections") + b"q\x01" + POP + text(m) + b"q\x01" + POP + text("OrderedDict") + b"q\x02" + POP + text(n) + b"q\x02" + POP + b"h\x01h\x02" + STACK_GLOBAL


def by_memoize_gap(m, n):
    """MEMOIZE takes the number of entries for its index, whatever indices are taken."""
    return text("collections") + b"q\x01" + POP + text(m) + MEMOIZE + POP + text(n) + b"q\x04" + POP + b"h\x01h\x04" + STACK_GLOBAL


def by_dup(m, n):
    return text(m) + DUP + POP + text(n) + DUP + POP + MARK + POP + MARK + b"1" + STACK_GLOBAL


def by_escape(m, n):
    return escaped(m) + escaped(n) + STACK_GLOBAL


def by_quoted(m, n):
    return quoted(m) + quoted(n) + STACK_GLOBAL


def by_binstring(m, n):
    return b"".join(b"U" + bytes([len(v)]) + v.encode() for v in (m, n)) + STACK_GLOBAL


def by_wide(m, n):
    return b"".join(b"\x8d" + struct.pack("<Q", len(v)) + v.encode() for v in (m, n)) + STACK_GLOBAL


def by_dotted(m, n):
    """The name holds a part of the module's path."""
    root, _, rest = m.partition(".")
    return short(root) + short(f"{rest}.{n}" if rest else n) + STACK_GLOBAL


def by_getattr(m, n):
    head, _, last = n.rpartition(".")
    owner = glob(m, head) if head else glob(*m.rsplit(".", 1)) if "." in m else glob(m, "__doc__")
    return glob("builtins", "getattr") + owner + text(last) + TUPLE2 + REDUCE


def by_python2_getattr(m, n):
    return by_getattr(m, n).replace(b"cbuiltins\n", b"c__builtin__\n", 1)


IMPORTS = [by_global, by_stack, by_long_text, by_memo, by_memo_alias, by_memo_overwrite, by_memoize_gap, by_dup, by_escape, by_quoted,
           by_binstring, by_wide, by_dotted]


# ---- call doors: opcodes of a callable and a tuple of constants to opcodes of the call

def call_reduce(f, args):
    return f + constant(args) + REDUCE


def call_reduce_memo(f, args):
    return f + b"q\x20" + POP + constant(args) + b"q\x21" + POP + b"h\x20h\x21" + REDUCE


def call_obj(f, args):
    return MARK + f + b"".join(constant(a) for a in args) + OBJ


def call_newobj(f, args):
    return f + constant(args) + NEWOBJ


def call_newobj_ex(f, args):
    return f + constant(args) + EMPTY_DICT + NEWOBJ_EX


def call_partial(f, args):
    return glob("functools", "partial") + MARK + f + b"".join(constant(a) for a in args) + TUPLE + REDUCE + EMPTY_TUPLE + REDUCE


def call_partial_c(f, args):
    return glob("_functools", "partial") + MARK + f + b"".join(constant(a) for a in args) + TUPLE + REDUCE


def call_partial_state(f, args):
    return glob("functools", "partial") + glob("builtins", "int") + TUPLE1 + REDUCE + MARK + f + constant(args) + EMPTY_DICT + NONE + TUPLE + BUILD + EMPTY_TUPLE + REDUCE


def call_map(f, args):
    return glob("builtins", "list") + glob("builtins", "map") + f + constant([args[0] if args else 0]) + TUPLE2 + REDUCE + TUPLE1 + REDUCE


def call_filter(f, args):
    return glob("builtins", "set") + glob("builtins", "filter") + f + constant([args[0] if args else 0]) + TUPLE2 + REDUCE + TUPLE1 + REDUCE


def call_functools_reduce(f, args):
    return glob("functools", "reduce") + f + constant(list(args) or [0]) + TUPLE2 + REDUCE


def call_apply(f, args):
    return glob("__builtin__", "apply") + f + constant(args) + TUPLE2 + REDUCE


def call_starmap(f, args):
    return glob("collections", "deque") + glob("itertools", "starmap") + f + constant([args]) + TUPLE2 + REDUCE + TUPLE1 + REDUCE


def call_rebuild(f, args):
    return glob("torch._tensor", "_rebuild_from_type_v2") + MARK + f + glob("torch", "Tensor") + constant(args) + EMPTY_DICT + TUPLE + REDUCE


def call_reconstructor(f, args):
    return glob("copyreg", "_reconstructor") + f + DUP + constant(args[0] if args else None) + TUPLE3 + REDUCE


def call_default_factory(f, args):
    return glob("collections", "defaultdict") + f + TUPLE1 + REDUCE + b"q\x30" + POP + glob("operator", "getitem") + b"h\x30" + text("x") + TUPLE2 + REDUCE


def call_default_factory_state(f, args):
    state = NONE + EMPTY_DICT + text("default_factory") + f + SETITEM + TUPLE2
    return glob("collections", "defaultdict") + EMPTY_TUPLE + REDUCE + state + BUILD + b"q\x30" + POP + glob("operator", "getitem") + b"h\x30" + text("x") + TUPLE2 + REDUCE


def call_generator(f, args):
    return glob("numpy.random._pickle", "__randomstate_ctor") + constant(args[0] if args else "MT19937") + f + TUPLE2 + REDUCE


def call_bit_generator(f, args):
    return glob("numpy.random._pickle", "__bit_generator_ctor") + f + TUPLE1 + REDUCE


CALLS = [call_reduce, call_reduce_memo, call_obj, call_partial, call_partial_c, call_partial_state, call_map, call_filter, call_functools_reduce,
         call_apply, call_starmap, call_rebuild, call_reconstructor, call_default_factory, call_default_factory_state, call_generator, call_bit_generator]
#: `cls.__new__` of an unknown class is a construction, not a call: only for names that are denied.
CONSTRUCTIONS = [call_newobj, call_newobj_ex]


# ---- nested: bytes handed to a loader

def nest(loader):
    def call(inner, latin1=False):
        argument = data(inner)
        if latin1:
            argument = glob("_codecs", "encode") + text(inner.decode("latin1")) + text("latin1") + TUPLE2 + REDUCE
        return glob(*loader) + argument + TUPLE1 + REDUCE
    return call


LOADERS = [("pickle", "loads"), ("_pickle", "loads"), ("cPickle", "loads"), ("pickle", "_loads"), ("dill", "loads"), ("cloudpickle", "loads"),
           ("cloudpickle.cloudpickle", "loads"), ("torch.storage", "_load_from_bytes"), ("joblib.numpy_pickle_utils", "loads"), ("marshal", "loads")]


# ---- streams: a body to a whole file

def protocol(n):
    return lambda body: (bytes([0x80, n]) if n else b"") + body + STOP


def framed(body):
    body = body + STOP
    return b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body


def frame_short(body):
    body = body + STOP
    return b"\x80\x04\x95" + struct.pack("<Q", max(len(body) - 3, 1)) + body


def frame_long(body):
    body = body + STOP
    return b"\x80\x04\x95" + struct.pack("<Q", len(body) + 1000) + body


def frame_huge(body):
    return b"\x80\x04\x95" + b"\xff" * 8 + body + STOP


def in_list(body):
    return b"\x80\x04" + EMPTY_LIST + constant(1) + APPEND + body + APPEND + STOP


def in_dict(body):
    return b"\x80\x02" + EMPTY_DICT + text("weight") + body + SETITEM + STOP


def in_state(body):
    return b"\x80\x02" + glob("torch.nn.modules.linear", "Linear") + EMPTY_TUPLE + NEWOBJ + EMPTY_DICT + text("training") + body + SETITEM + BUILD + STOP


def as_argument(body):
    return b"\x80\x02" + glob("collections", "OrderedDict") + EMPTY_LIST + text("a") + body + TUPLE2 + APPEND + TUPLE1 + REDUCE + STOP


def popped(body):
    return b"\x80\x04" + body + POP + constant({"weight": [1, 2]}) + STOP


def in_mark(body):
    return b"\x80\x04" + MARK + body + b"1" + NONE + STOP


def second(body):
    return b"\x80\x02" + NONE + STOP + b"\x80\x02" + body + STOP


def second_bare(body):
    return b"\x80\x02" + NONE + STOP + body + STOP


def unfinished(body):
    return b"\x80\x04" + body


def broken_byte(body):
    return b"\x80\x04" + body + b"\xff\xfe" + STOP


def broken_pop(body):
    return b"\x80\x04" + body + POP * 3 + STOP


def broken_memo(body):
    return b"\x80\x04" + body + b"h\xee" + STOP


def broken_text(body):
    return b"\x80\x04" + body + b"X\xff\xff\xff\x7fabc"


def second_proto(body):
    return b"\x80\x04" + NONE + POP + b"\x80\x02" + body + STOP


def zeros_behind(body):
    return b"\x80\x04" + body + STOP + bytes(64)


def persistent_before(body):
    return b"\x80\x02" + constant(("storage", "x", "0", "cpu", 1)) + b"Q" + POP + body + STOP


STREAMS = [protocol(0), protocol(1), protocol(2), protocol(3), protocol(4), protocol(5), framed, frame_short, frame_long, frame_huge, in_list,
           in_dict, in_state, as_argument, popped, in_mark, second, second_bare, unfinished, broken_byte, broken_pop, broken_memo, broken_text,
           second_proto, zeros_behind, persistent_before]
