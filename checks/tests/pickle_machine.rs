//! Every opcode, every trick and every bound of the pickle machine, one stream each.
//!
//! What a stream imports, calls and writes into, and whether it reaches its STOP, is what CPython 3.11's `_pickle.c`
//! (from a file with and without `peek`) and `pickle.py` together did with it under `tests/differential/reference.py`,
//! which also compares many more streams.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::octal_escapes,
    clippy::disallowed_methods,
    reason = "a test may panic, and looks at the clock"
)]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sluicegate_checks::formats::pickle::observer::{Call, Import, Observer, Oddity, RawArray, Write};
use sluicegate_checks::formats::pickle::trace;
use sluicegate_checks::formats::pickle::value::{Global, Standing, Value};
use sluicegate_checks::{Budget, Content, Cx, Role, Settings, Source, Window, model};

#[derive(Default)]
struct Seen {
    imports: BTreeSet<String>,
    calls: BTreeSet<String>,
    writes: BTreeSet<String>,
    oddities: BTreeSet<&'static str>,
}

/// The name by which a value can be called or written into; nothing for plain values.
fn name_of(value: &Value) -> Option<Rc<str>> {
    match value {
        Value::Global(global) => Some(global.path.clone()),
        Value::Object(object) => Some(object.of.clone()),
        Value::Persistent(_) | Value::Unknown => Some("?".into()),
        _ => None,
    }
}

impl Observer for Seen {
    fn import(&mut self, import: &Import) -> Value {
        let path = match (import.name, import.extension) {
            (Some((module, name)), _) => format!("{module}.{name}"),
            (None, Some(code)) => format!("extension.{code}"),
            (None, None) => "?".to_owned(),
        };
        self.imports.insert(path.clone());
        Value::Global(Rc::new(Global { path: path.into(), at: import.at, standing: Standing::Unknown, power: false }))
    }

    fn call(&mut self, call: &Call) -> Value {
        let path = name_of(call.callee).unwrap();
        self.calls.insert(path.to_string());
        Value::object(path, call.at)
    }

    fn write(&mut self, write: &Write) {
        self.writes.extend(name_of(write.target).map(|path| path.to_string()));
    }

    fn raw_array(&mut self) -> Option<RawArray> {
        None
    }

    fn persistent(&mut self, _: u64, _: &Value) -> Option<Value> {
        None
    }

    fn oddity(&mut self, _: u64, what: Oddity) {
        self.oddities.insert(what.id());
    }

    fn opcode(&mut self, _: u64, _: u8) {}
}

/// What CPython's unpicklers do at the end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// All reach STOP.
    Stop,
    /// All raise.
    Break,
    /// One reaches STOP, another raises.
    Differ,
}
use End::{Break, Differ, Stop};

/// Name, stream; names imported, called and written into; end; oddities.
type Row = (&'static str, &'static [u8], &'static str, &'static str, &'static str, End, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("GLOBAL and REDUCE", b"cposix\ngetpid\n)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("STACK_GLOBAL", b"\x80\x04\x8c\x05posix\x8c\x06getpid\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("INST", b"(iposix\ngetpid\n.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("OBJ", b"(cposix\ngetpid\nK\x01o.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("NEWOBJ", b"\x80\x02ca\nB\n)\x81.", "a.B", "a.B", "", Stop, ""),
    ("NEWOBJ_EX", b"\x80\x04ca\nB\n)}\x92.", "a.B", "a.B", "", Stop, ""),
    ("BUILD", b"ca\nB\n)R}b.", "a.B", "a.B", "a.B", Stop, ""),
    ("BUILD with slot state", b"ca\nB\n)RN}X\x01\0\0\0kK\x01s\x86b.", "a.B", "a.B", "a.B", Stop, ""),
    ("BUILD on the name itself", b"ca\nB\n}b.", "a.B", "", "a.B", Stop, ""),
    ("APPEND", b"ca\nB\n)RK\x01a.", "a.B", "a.B", "a.B", Stop, ""),
    ("APPENDS", b"ca\nB\n)R(K\x01K\x02e.", "a.B", "a.B", "a.B", Stop, ""),
    ("SETITEM", b"ca\nB\nVk\nNs.", "a.B", "", "a.B", Stop, ""),
    ("SETITEMS", b"ca\nB\n(Vk\nNVl\nNu.", "a.B", "", "a.B", Stop, ""),
    ("ADDITEMS", b"ca\nB\n)R(K\x01\x90.", "a.B", "a.B", "a.B", Stop, ""),
    ("EXT1", b"\x82\x01)R.", "extension.1", "extension.1", "", Stop, ""),
    ("EXT2", b"\x83\0\x01)R.", "extension.256", "extension.256", "", Stop, ""),
    ("EXT4", b"\x84p\x11\x01\0)R.", "extension.70000", "extension.70000", "", Stop, ""),
    ("PERSID", b"Pid\n)R.", "", "?", "", Stop, ""),
    ("BINPERSID", b"Vid\nQ)R.", "", "?", "", Stop, ""),
    ("PUT and GET", b"cposix\ngetpid\np7\n0g7\n)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("BINPUT and BINGET", b"cposix\ngetpid\nq\x070h\x07)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("LONG_BINPUT and LONG_BINGET", b"cposix\ngetpid\nr\x07\0\x01\00j\x07\0\x01\0)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("a memo alias", b"\x80\x04\x8c\x05posixq\00h\0q\x010\x8c\x06getpidq\x020h\x01h\x02\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("an overwritten index", b"\x80\x04\x8c\x04mathq\0\x8c\x05posixq\000h\0\x8c\x06getpid\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("MEMOIZE takes the number of entries", b"\x80\x04\x8c\x05posixq\x05\x940\x8c\x06getpid\x940h\x01h\x02\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("MEMOIZE onto an index in use", b"\x80\x04\x8c\x04mathq\x01\x8c\x05posix\x9400h\x01\x8c\x06getpid\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("DUP", b"cposix\ngetpid\n2)R0)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("POP between the operands", b"\x80\x04\x8c\x05posixN0\x8c\x06getpidK\x010\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("POP on a mark", b"\x80\x04\x8c\x05posix(0\x8c\x06getpid\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("POP_MARK between the operands", b"\x80\x04\x8c\x05posix(NNN1\x8c\x06getpid\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("a mark in a mark", b"((cposix\ngetpid\nK\x01otcposix\ngetppid\n0.", "posix.getpid posix.getppid", "posix.getpid", "", Stop, ""),
    ("STRING as operand", b"S'posix'\nS'get\\x70id'\n\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("BINSTRING as operand", b"T\x05\0\0\0posixU\x06getpid\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("UNICODE as operand", b"V\\u0070osix\nVgetpid\n\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("BINUNICODE as operand", b"X\x05\0\0\0posix\x8d\x06\0\0\0\0\0\0\0getpid\x93)R.", "posix.getpid", "posix.getpid", "", Stop, ""),
    ("a dotted name", b"\x80\x04\x8c\x13torch.serialization\x8c\x09os.getpid\x93)R.", "torch.serialization.os.getpid", "torch.serialization.os.getpid", "", Stop, ""),
    ("a call's result is called", b"ca\nfind\n)R)R.", "a.find", "a.find", "", Stop, ""),
    ("a call in the arguments", b"ca\nouter\nca\ninner\n)R\x85R.", "a.inner a.outer", "a.inner a.outer", "", Stop, ""),
    ("TUPLE1 to TUPLE3 and TUPLE", b"ca\nf\nN\x85R0ca\ng\nNN\x86R0ca\nh\nNNN\x87R0ca\ni\n(NtR.", "a.f a.g a.h a.i", "a.f a.g a.h a.i", "", Stop, ""),
    ("every number", b"ca\nf\n(I1\nI01\nL5L\nF1.5\nJ\xff\xff\xff\xffK\x01M\x01\x02\x8a\x01\x05\x8b\x01\0\0\0\x05G?\xf8\0\0\0\0\0\0N\x88\x89tR.", "a.f", "a.f", "", Stop, ""),
    ("every container", b"ca\nf\n(]}\x8f)(Nl(NNd(N\x91]Na](Ne}NNs}(NNu\x8f(N\x90tR.", "a.f", "a.f", "", Stop, ""),
    ("every byte string", b"ca\nf\n(B\x01\0\0\0xC\x01x\x8e\x01\0\0\0\0\0\0\0x\x96\x01\0\0\0\0\0\0\0x\x98tR.", "a.f", "a.f", "", Stop, ""),
    ("frames", b"\x80\x04\x95\x08\0\0\0\0\0\0\0ca\nf\n)R0\x95\x08\0\0\0\0\0\0\0ca\ng\n)R.", "a.f a.g", "a.f a.g", "", Stop, ""),
    ("a PROTO behind the name", b"ca\nf\n\x80\x02)R.", "a.f", "a.f", "", Stop, "protocol-changed"),
    ("a frame's end in a name, lost by _pickle.c from a file", b"\x80\x04\x95\x03\0\0\0\0\0\0\0cxxposix\ngetpid\n)R.", "posix.getpid xxposix.getpid", "posix.getpid xxposix.getpid", "", Differ, "frame-straddled"),
    ("a number that is none unless a frame's rest is lost", b"\x80\x04ca\nf\n\x95\x02\0\0\0\0\0\0\0Ix7\n\x85R.", "a.f", "a.f", "", Differ, "frame-straddled"),
    ("a frame in a frame", b"\x80\x04\x95\x19\0\0\0\0\0\0\0ca\nf\n)R0\x95\x08\0\0\0\0\0\0\0ca\ng\n)R.", "a.f a.g", "a.f a.g", "", Differ, "frame-in-frame"),
    ("a frame beyond the end", b"\x80\x04\x95\xff\0\0\0\0\0\0\0ca\nf\n)R.", "a.f", "a.f", "", Differ, "frame-over-end"),
    ("a frame beyond its STOP", b"\x80\x04\x95\x0b\0\0\0\0\0\0\0ca\nf\n)R.NN.", "a.f", "a.f", "", Stop, "frame-over-stop"),
    ("arguments that are a list", b"ca\nf\n(NlR.", "a.f", "a.f", "", Differ, "arguments-not-tuple"),
    ("arguments that are a string", b"ca\nf\nVx\nR.", "a.f", "a.f", "", Differ, "arguments-not-tuple"),
    ("an octal number for _pickle.c", b"ca\nf\nI010\n\x85R.", "a.f", "a.f", "", Differ, "numeral"),
    ("a float for pickle.py", b"ca\nf\nF1_0\n\x85R.", "a.f", "a.f", "", Differ, "numeral"),
    ("a memo index with a NUL", b"ca\nf\np5\0x\n0g5\n)R.", "a.f", "a.f", "", Differ, "memo-index"),
    ("a memo index beyond 64 bits", b"ca\nf\np99999999999999999999\n0g99999999999999999999\n)R.", "a.f", "a.f", "", Differ, "memo-index"),
    ("an escape in a name", b"ca\n\\x66\n)R.", r"a.\x66", r"a.\x66", "", Stop, "name"),
    ("an empty name", b"ca\n\n)R.", "a.", "a.", "", Differ, "name"),
    ("state on None", b"N}b0ca\nf\n)R.", "a.f", "a.f", "", Differ, "build-on-plain"),
    ("an empty run on None", b"N(e0ca\nf\n)R.", "a.f", "a.f", "", Differ, "empty-run"),
    ("an empty run on a name", b"ca\nf\n(e.", "a.f", "", "a.f", Stop, "empty-run"),
    ("an empty run on a frozen set", b"(\x91(\x900ca\nf\n)R.", "a.f", "a.f", "", Differ, "empty-run"),
    ("a bytearray is changed", b"\x96\0\0\0\0\0\0\0\0KAa0ca\nf\n)R.", "a.f", "a.f", "", Stop, "bytes-edited"),
    ("a PERSID that pickletools cannot decode", b"P\\\n0ca\nf\n)R.", "a.f", "a.f", "", Stop, "text"),
    ("the last name has no line feed", b"(ia\nffx", "a.ff", "a.ff", "", Break, ""),
    ("INST without a mark: pickle.py imports first", b"ia\nf\n.", "a.f", "", "", Break, ""),
    ("a broken stream up to the break", b"ca\nf\n)R\xff.", "a.f", "a.f", "", Break, ""),
    ("a truncated stream", b"ca\nf\n)RX\xff\0\0\0x", "a.f", "a.f", "", Break, ""),
];

fn run(bytes: &[u8]) -> (Seen, Result<(), String>) {
    let owned = bytes.to_vec();
    let mut seen = Seen::default();
    let ended = trace(Content::Window(Window::file(&owned)), &mut seen, &Budget::new(1 << 32));
    (seen, ended)
}

#[test]
fn does_what_cpython_does() {
    for &(name, bytes, imports, calls, writes, end, oddities) in ROWS {
        let (seen, ended) = run(bytes);
        let joined = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(joined(seen.imports), imports, "imports: {name}");
        assert_eq!(joined(seen.calls), calls, "calls: {name}");
        assert_eq!(joined(seen.writes), writes, "writes: {name}");
        assert_eq!(seen.oddities.iter().copied().collect::<Vec<_>>().join(" "), oddities, "oddities: {name}");
        match end {
            Stop => assert!(ended.is_ok(), "{name}: {ended:?}"),
            Break => assert!(ended.is_err(), "{name}"),
            Differ => {}
        }
        assert!(end != Differ || !oddities.is_empty(), "{name}: a difference is told");
    }
}

#[test]
fn the_table_has_every_oddity_but_those_of_enormous_files() {
    let told: BTreeSet<_> = ROWS.iter().flat_map(|row| row.6.split(' ')).collect();
    for oddity in Oddity::ALL {
        assert!(told.contains(oddity.id()) || matches!(oddity, Oddity::LengthSign | Oddity::Outgrown), "{oddity:?}");
    }
}

/// Unpicklers go on behind millions of marks; this one says that it does not.
#[test]
fn a_stack_beyond_its_limit_is_told() {
    for padding in [b'(', b'N'] {
        let (seen, ended) = run(&[vec![padding; (4 << 20) + 1], b"cos\ngetpid\n)R.".to_vec()].concat());
        assert!(ended.is_err() && seen.oddities.contains("outgrown"));
    }
}

/// The arrays of protocol 0 are lines of any length.
#[test]
fn a_string_of_any_length_is_read_over() {
    for size in [10, 70_000, 700_000] {
        let (seen, ended) = run(&[&b"S'"[..], &vec![b'A'; size], b"'\n0cos\ngetpid\n)R."].concat());
        assert!(ended.is_ok() && seen.calls.contains("os.getpid"), "{size}: {ended:?}");
    }
}

/// A memo and strings beyond what is held: the call behind them is seen, and a lost entry may be anything.
#[test]
fn a_memo_beyond_its_limit_loses_no_call() {
    let (seen, ended) = run(&[&b"N"[..], &vec![0x94; (24 << 20) + 1], b"0j\0\0\x80\x010cos\ngetpid\n)R."].concat());
    assert!(ended.is_ok(), "{ended:?}");
    assert!(seen.calls.contains("os.getpid"));
}

/// A file that is mostly zeros which nobody stores, and counts what is read of it.
struct Vast {
    head: Vec<u8>,
    tail: Vec<u8>,
    size: u64,
    read: Rc<Cell<u64>>,
}

impl Source for Vast {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let tail = self.size - self.tail.len() as u64;
        for (place, byte) in (at..self.size).zip(into.iter_mut()) {
            let here = usize::try_from(place).unwrap();
            *byte = if place >= tail { self.tail[(place - tail) as usize] } else { self.head.get(here).copied().unwrap_or(0) };
        }
        let count = into.len().min((self.size - at) as usize);
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

fn vast(head: &[u8], gap: u64, tail: &[u8]) -> (Seen, Result<(), String>, u64) {
    let read = Rc::new(Cell::new(0));
    let size = head.len() as u64 + gap + tail.len() as u64;
    let source = Vast { head: head.to_vec(), tail: tail.to_vec(), size, read: read.clone() };
    let mut seen = Seen::default();
    let ended = trace(Content::Window(Window::file(&source)), &mut seen, &Budget::new(1 << 20));
    (seen, ended, read.get())
}

#[test]
fn large_operands_are_jumped_over() {
    let gap = 5_u64 << 30;
    for opcode in [0x8d, 0x8e, 0x96] {
        let mut head = vec![opcode];
        head.extend(gap.to_le_bytes());
        let (seen, ended, read) = vast(&head, gap, b"0ca\nf\n)R.");
        assert!(ended.is_ok() && seen.calls.contains("a.f"), "{opcode:#x}: {ended:?}");
        assert!(read < 256 << 10, "{opcode:#x} read {read} bytes");
    }
}

/// `_pickle.c` reads this, `pickle.py` and `pickletools` stop at the length.
#[test]
fn a_binstring_of_two_gibibytes_is_odd_and_read() {
    let gap = 1_u64 << 31;
    let (seen, ended, _) = vast(b"T\0\0\0\x80", gap, b"0ca\nf\n)R.");
    assert!(ended.is_ok() && seen.calls.contains("a.f"), "{ended:?}");
    assert!(seen.oddities.contains(Oddity::LengthSign.id()));
}

#[test]
fn lengths_beyond_the_end_allocate_nothing_and_break() {
    let lengths: [&[u8]; 9] = [
        b"\x8b\xff\xff\xff\x7f",
        b"\x8b\xff\xff\xff\xff",
        b"B\xff\xff\xff\xff",
        b"X\xff\xff\xff\xff",
        b"T\xff\xff\xff\x7f",
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x96\xff\xff\xff\xff\xff\0\0\0",
        b"\x8a\xff",
    ];
    for operand in lengths {
        let mut bytes = b"ca\nf\n)R".to_vec();
        bytes.extend(operand);
        bytes.extend(b"xyz.");
        let (seen, ended) = run(&bytes);
        assert!(ended.is_err() && seen.calls.contains("a.f"), "{operand:?}: {ended:?}");
    }
}

/// Everything together as the product runs it, in a debug build: each of these would take ages or the whole memory if a
/// value were walked or copied as often as it is referred to.
#[test]
fn bombs_end() {
    let settings = Settings::default();
    let doubled = |times: usize, opcodes: &[u8]| opcodes.repeat(times);
    let wrap = |body: Vec<u8>| [b"\x80\x04ca\nf\n".to_vec(), body, b"\x85R.".to_vec()].concat();
    let bombs: Vec<(&str, Vec<u8>)> = vec![
        ("tuples of one tuple, 2^22", wrap([b"N\x85".to_vec(), doubled(22, b"2\x86")].concat())),
        ("tuples of one tuple, 3^23", wrap([b"N\x85".to_vec(), doubled(23, b"22\x87")].concat())),
        ("in a dict", wrap([b"}Vk\nN\x85".to_vec(), doubled(23, b"22\x87"), b"s".to_vec()].concat())),
        ("with a list inside, in a dict", wrap([b"}Vk\n]\x85".to_vec(), doubled(23, b"22\x87"), b"s".to_vec()].concat())),
        ("a million tuples deep", wrap([b"N".to_vec(), doubled(1_000_000, b"\x85")].concat())),
        ("a million lists deep", wrap([b"]".repeat(1_000_000), b"a".repeat(999_999)].concat())),
        ("a million dicts deep", wrap([b"}N".repeat(500_000), b"Ns".to_vec()].concat())),
        ("a list in itself", wrap(b"]q\0h\0ah\0a".to_vec())),
        ("a million marks", wrap([doubled(1_000_000, b"("), b"N".to_vec()].concat())),
        ("ten million marks", doubled(10_000_000, b"(")),
        ("five million DUPs", wrap([b"N".to_vec(), doubled(5_000_000, b"2")].concat())),
        (
            "a long string doubled in the memo",
            wrap([b"X\0\x10\0\0".to_vec(), vec![b'x'; 4096], doubled(300_000, b"2q\x01")].concat()),
        ),
        (
            "memo indices far apart",
            wrap(
                (0..200_000_u32)
                    .flat_map(|n| [b"Nr".to_vec(), n.wrapping_mul(0x9e37_79b9).to_le_bytes().to_vec(), b"0".to_vec()].concat())
                    .chain(*b"N")
                    .collect(),
            ),
        ),
        ("calls of calls", wrap(doubled(300_000, b"ca\nf\n)R0").into_iter().chain(*b"N").collect())),
        ("a line of a million digits", wrap([b"L".to_vec(), vec![b'9'; 1_000_000], b"L\n".to_vec()].concat())),
    ];
    for (name, bytes) in bombs {
        let started = Instant::now();
        let facts = model::read_pickle(Content::Window(Window::file(&bytes)), Role::Pickle, &Cx::new(&settings)).unwrap();
        assert!(facts.opcodes > 0, "{name}");
        assert!(started.elapsed() < Duration::from_secs(20), "{name} took {:?}", started.elapsed());
    }
}
