//! Symbolic values: as much of a Python object as judging needs, bounded whatever the pickle builds.
//!
//! Nothing here can form a reference cycle: what can be mutated (list, dict, set, object) never holds
//! another container, only the [`Traits`] of what went into it.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::rc::Rc;

use super::input::Span;

/// Items of a tuple that are kept; the traits cover the rest.
pub const TUPLE_ITEMS: usize = 64;
/// String-keyed entries of a dict that are kept.
const DICT_ENTRIES: usize = 32;
/// Tuples in tuples that are kept; deeper ones become [`Value::Unknown`] with their traits lost to caution.
const DEPTH: u8 = 24;

/// One value on the stack or in the memo.
#[derive(Clone, Debug)]
pub enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer of more than 64 bits, or a number whose text is not understood.
    Number,
    Float(f64),
    /// A short string.
    Str(Rc<str>),
    /// A string too long to be a name.
    LongStr(Rc<Span>),
    Bytes(Rc<Span>),
    /// Bytes that a call gave: what `_codecs.encode` makes of a short text.
    Made(Rc<[u8]>),
    /// The same of a long text: its place, to be read again and encoded as Latin-1.
    Encoded(Rc<Span>),
    Tuple(Rc<Items>),
    List(Rc<Cell<Traits>>),
    Dict(Rc<Entries>),
    Set(Rc<Cell<Traits>>),
    FrozenSet(Traits),
    /// An imported name.
    Global(Rc<Global>),
    /// What a call or a construction returned.
    Object(Rc<Object>),
    /// A persistent id: the loader decides what it is. For PyTorch it names a storage.
    Persistent(Traits),
    /// Anything else: an extension code's object, an out-of-band buffer, a value behind a limit.
    Unknown,
}

/// What is inside of a value, all levels together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits(u8);

impl Traits {
    pub const NONE: Self = Self(0);
    pub const TEXT: Self = Self(1);
    pub const BYTES: Self = Self(2);
    /// A class, function or value that is on an allow-list.
    pub const KNOWN_NAME: Self = Self(4);
    /// An imported name that is not, or that stands for others.
    pub const OTHER_NAME: Self = Self(8);
    pub const OBJECT: Self = Self(16);
    pub const UNKNOWN: Self = Self(32);
    pub const NUMBER: Self = Self(64);

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A tuple.
#[derive(Debug)]
pub struct Items {
    /// The first [`TUPLE_ITEMS`].
    pub first: Vec<Value>,
    pub len: usize,
    pub traits: Traits,
    depth: u8,
    /// Holds a list, dict or set at some level.
    mutable: bool,
}

/// A dict: traits of everything in it, and its first entries whose keys are short strings.
#[derive(Debug, Default)]
pub struct Entries {
    pub traits: Cell<Traits>,
    named: RefCell<Vec<(Rc<str>, Value)>>,
    /// One bit for each hash of a kept key, so that a key of a large dict is seldom compared.
    keys: Cell<u64>,
    /// A key that the machine does not know went in: it may have replaced any entry.
    doubtful: Cell<bool>,
}

impl Entries {
    /// The value of a key, as far as it is certain.
    pub fn get(&self, key: &str) -> Option<Value> {
        if self.doubtful.get() {
            return None;
        }
        self.named.borrow().iter().find(|(name, _)| **name == *key).map(|(_, value)| value.clone())
    }

    /// Whether an entry of this key is certainly not there.
    pub fn lacks(&self, key: &str) -> bool {
        let named = self.named.borrow();
        !self.doubtful.get() && named.len() < DICT_ENTRIES && named.iter().all(|(name, _)| **name != *key)
    }

    pub(crate) fn put(&self, key: &Value, value: &Value) {
        self.traits.set(self.traits.get().and(key.traits()).and(value.traits()));
        match key {
            Value::Str(key) => self.put_named(key, value),
            Value::Global(_) | Value::Object(_) | Value::Persistent(_) | Value::Unknown => self.doubtful.set(true),
            _ => {}
        }
    }

    fn put_named(&self, key: &Rc<str>, value: &Value) {
        let bit = 1 << (key.bytes().fold(key.len(), |hash, byte| hash.wrapping_mul(31) + usize::from(byte)) % 64);
        let mut named = self.named.borrow_mut();
        if self.keys.get() & bit != 0
            && let Some((_, old)) = named.iter_mut().find(|(name, _)| name == key)
        {
            *old = value.leaf();
        } else if named.len() < DICT_ENTRIES {
            named.push((key.clone(), value.leaf()));
            self.keys.set(self.keys.get() | bit);
        }
    }
}

/// An imported name. How it is judged stands with it, so that values that hold it need not be judged again.
#[derive(Debug)]
pub struct Global {
    /// Module and attribute joined by a dot: `collections.OrderedDict`.
    pub path: Rc<str>,
    /// Offset of the opcode that imported it.
    pub at: u64,
    pub standing: Standing,
    /// Allowed, but only where its arguments are seen: as a value among others it stands for any function.
    pub power: bool,
}

/// Which list a name is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Allowed,
    Denied,
    Unknown,
}

/// What a call returned.
#[derive(Debug)]
pub struct Object {
    /// Name of the class, or of the function that returned it.
    pub of: Rc<str>,
    /// Offset of the call.
    pub at: u64,
    /// For an object that is a numpy dtype: its elements, which say how many raw bytes follow in a joblib file.
    pub elements: Cell<Option<Elements>>,
    /// The last kind of write to it.
    pub stage: Cell<Stage>,
    /// Its state or an entry holds a name on no list, or one that stands for others: a method of it may be that.
    pub carries: Cell<bool>,
}

/// Picklers write into an object in this order, and set its state once (`pickle.py`, `save_reduce`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Fresh,
    Appended,
    Entered,
    Built,
}

/// Elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elements {
    /// Bytes of one element.
    pub size: u64,
    /// Elements are Python objects: the array's body is a pickle of its own.
    pub objects: bool,
}

impl Value {
    pub fn tuple(mut items: Vec<Self>) -> Self {
        let depth = items.iter().map(Self::depth).max().unwrap_or(0);
        if depth >= DEPTH {
            return Self::Unknown;
        }
        let traits = items.iter().fold(Traits::NONE, |all, item| all.and(item.traits()));
        let mutable = items.iter().any(Self::mutable);
        let len = items.len();
        items.truncate(TUPLE_ITEMS);
        Self::Tuple(Rc::new(Items { first: items, len, traits, depth: depth + 1, mutable }))
    }

    fn depth(&self) -> u8 {
        if let Self::Tuple(items) = self { items.depth } else { 0 }
    }

    pub fn object(of: Rc<str>, at: u64) -> Self {
        Self::Object(Rc::new(Object {
            of,
            at,
            elements: Cell::new(None),
            stage: Cell::new(Stage::Fresh),
            carries: Cell::new(false),
        }))
    }

    pub fn traits(&self) -> Traits {
        match self {
            Self::None => Traits::NONE,
            Self::Bool(_) | Self::Int(_) | Self::Number | Self::Float(_) => Traits::NUMBER,
            Self::Str(_) | Self::LongStr(_) => Traits::TEXT,
            Self::Bytes(_) | Self::Made(_) | Self::Encoded(_) => Traits::BYTES,
            Self::Tuple(items) => items.traits,
            Self::List(traits) | Self::Set(traits) => traits.get(),
            Self::Dict(entries) => entries.traits.get(),
            Self::FrozenSet(traits) => *traits,
            Self::Global(global) if global.standing == Standing::Allowed && !global.power => Traits::KNOWN_NAME,
            Self::Global(_) => Traits::OTHER_NAME,
            Self::Object(_) => Traits::OBJECT,
            Self::Persistent(traits) => traits.and(Traits::OBJECT),
            Self::Unknown => Traits::UNKNOWN,
        }
    }

    /// Kept with each tuple: walking a tuple of tuples that are all one object would take exponential time.
    fn mutable(&self) -> bool {
        match self {
            Self::Tuple(items) => items.mutable,
            Self::List(_) | Self::Dict(_) | Self::Set(_) => true,
            _ => false,
        }
    }

    /// The value as a dict may hold it: nothing in it can lead back to that dict.
    fn leaf(&self) -> Self {
        if self.mutable() { Self::Unknown } else { self.clone() }
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    pub fn as_global(&self) -> Option<&Rc<Global>> {
        if let Self::Global(global) = self { Some(global) } else { None }
    }

    /// Python's word for the type, for messages.
    pub fn type_name(&self) -> &str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Number => "int",
            Self::Float(_) => "float",
            Self::Str(_) | Self::LongStr(_) => "str",
            Self::Bytes(_) | Self::Made(_) | Self::Encoded(_) => "bytes",
            Self::Tuple(_) => "tuple",
            Self::List(_) => "list",
            Self::Dict(_) => "dict",
            Self::Set(_) => "set",
            Self::FrozenSet(_) => "frozenset",
            Self::Global(global) => &global.path,
            Self::Object(object) => &object.of,
            Self::Persistent(_) => "persistent id",
            Self::Unknown => "unknown value",
        }
    }

    /// As Python would write it, cut to what fits a line.
    pub fn show(&self, out: &mut String) {
        const WIDTH: usize = 160;
        if out.len() > WIDTH {
            if !out.ends_with('…') {
                out.push('…');
            }
            return;
        }
        match self {
            Self::None => out.push_str("None"),
            Self::Bool(true) => out.push_str("True"),
            Self::Bool(false) => out.push_str("False"),
            Self::Int(value) => _ = write!(out, "{value}"),
            Self::Float(value) => _ = write!(out, "{value:?}"),
            Self::Number => out.push_str("<number>"),
            Self::Str(text) => {
                out.push('\'');
                out.extend(
                    text.chars().take(80).flat_map(|c| {
                        if c == '\'' { c.escape_default().collect::<Vec<_>>() } else { c.escape_debug().collect() }
                    }),
                );
                out.push_str(if text.chars().nth(80).is_some() { "…'" } else { "'" });
            }
            Self::LongStr(span) => _ = write!(out, "<str of {} bytes>", span.size),
            Self::Bytes(span) | Self::Encoded(span) => _ = write!(out, "<{} bytes>", span.size),
            Self::Made(bytes) => _ = write!(out, "<{} bytes>", bytes.len()),
            Self::Tuple(items) => {
                out.push('(');
                for (index, item) in items.first.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.show(out);
                }
                out.push_str(match items.len {
                    1 => ",)",
                    len if len > TUPLE_ITEMS => ", …)",
                    _ => ")",
                });
            }
            Self::List(_) => out.push_str("[…]"),
            Self::Dict(_) | Self::Set(_) | Self::FrozenSet(_) => out.push_str("{…}"),
            Self::Global(global) => out.push_str(&global.path),
            Self::Object(object) => _ = write!(out, "<{}>", object.of),
            Self::Persistent(_) => out.push_str("<persistent>"),
            Self::Unknown => out.push_str("<unknown>"),
        }
    }
}
