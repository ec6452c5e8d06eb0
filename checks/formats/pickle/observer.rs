//! What the machine tells while it runs: every import door and every call door, with symbolic values and offsets.

use super::value::{Items, Value};

/// Receives what a pickle does. Whoever judges implements it; the machine itself knows no names.
pub trait Observer {
    /// A name is imported. The returned value goes onto the stack.
    fn import(&mut self, import: &Import) -> Value;
    /// Something is called. The returned value stands for the result.
    fn call(&mut self, call: &Call) -> Value;
    /// A value that is not a plain container is written into.
    fn write(&mut self, write: &Write);
    /// The loader is asked for the object with this persistent id; `None` if only it knows what that is.
    fn persistent(&mut self, at: u64, id: &Value) -> Option<Value>;
    /// A place where implementations of the unpickler differ, or that only a hand-made pickle has.
    fn oddity(&mut self, at: u64, what: Oddity);
    /// After a BUILD: whether the loader (joblib) now reads an array's raw bytes from the same stream.
    fn raw_array(&mut self) -> Option<RawArray>;
    /// An opcode was executed: for what depends on the opcode itself (PyTorch's restricted loader).
    fn opcode(&mut self, at: u64, op: u8);
}

/// Raw bytes between two opcodes, as joblib's `NumpyArrayWrapper.read_array` reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawArray {
    /// A length byte and as many bytes of padding come first.
    pub padded: bool,
    /// Bytes of the elements; `None` where the pickle does not tell them.
    pub size: Option<u64>,
    /// The body is a pickle instead.
    pub objects: bool,
}

/// One import.
#[derive(Debug)]
pub struct Import<'v> {
    pub at: u64,
    /// `None` where the pickle computes the name at run time.
    pub name: Option<(&'v str, &'v str)>,
    /// The protocol in force: below 3 the loader also maps Python 2 names.
    pub protocol: u8,
    /// Registry code of an EXT opcode.
    pub extension: Option<u32>,
}

/// One call.
#[derive(Debug)]
pub struct Call<'v> {
    pub at: u64,
    pub door: Door,
    pub callee: &'v Value,
    /// Positional arguments; `None` where they are not a tuple that the machine knows.
    pub args: Option<&'v std::rc::Rc<Items>>,
    /// Keyword arguments of `NEWOBJ_EX`.
    pub keywords: Option<&'v Value>,
}

/// Opcode families that call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Reduce,
    Inst,
    Obj,
    /// `NEWOBJ`, `NEWOBJ_EX`: calls `cls.__new__`.
    NewObj,
}

/// A write into something that is not a list, dict or set.
#[derive(Debug)]
pub struct Write<'v> {
    pub at: u64,
    pub door: WriteDoor,
    pub target: &'v Value,
    /// The state, or the last item.
    pub value: &'v Value,
}

/// Opcode families that write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteDoor {
    /// `__setstate__`, the instance dict, or attributes.
    Build,
    /// `append`, `extend`.
    Append,
    /// `__setitem__`.
    SetItem,
    /// `add`.
    Add,
}

impl WriteDoor {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Build => "BUILD",
            Self::Append => "APPEND",
            Self::SetItem => "SETITEM",
            Self::Add => "ADDITEMS",
        }
    }
}

macro_rules! oddities {
    ($($(#[$doc:meta])* $name:ident $id:literal $text:literal)*) => {
        /// Structure that no pickler writes, and that implementations read differently or were made to differ by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Oddity { $($(#[$doc])* $name,)* }

        impl Oddity {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

oddities! {
    /// `pickle.py` stops, `_pickle.c` before 3.13.15 and 3.14.7 goes on (python/cpython#154848).
    FrameStraddled "frame-straddled"
        "an opcode runs over the end of its frame, where Python's two unpicklers part ways"
    /// The same.
    FrameInFrame "frame-in-frame"
        "a frame begins inside another frame, where Python's two unpicklers part ways"
    /// `_pickle.c` stops, `pickle.py` goes on.
    FrameOverEnd "frame-over-end"
        "a frame claims more bytes than there are, where Python's two unpicklers part ways"
    /// `pickle.py` has read the frame from the file: the next `load` begins behind the frame, not behind the STOP.
    FrameOverStop "frame-over-stop"
        "a frame goes on behind the STOP in it, so that unpicklers disagree on where the next pickle begins"
    /// `_pickle.c` stops, `pickle.py` spreads whatever can be iterated.
    ArgumentsNotTuple "arguments-not-tuple"
        "a call's arguments are not a tuple, where Python's two unpicklers part ways"
    /// Read alike by all, but what comes before and behind it is not looked up alike.
    ProtocolChanged "protocol-changed"
        "a PROTO opcode that is not the first opcode changes how the names behind it are read"
    /// `I010`, `I0x8`, `F1_0`, `F1e999`, `I1\0x`: refused by one implementation and read by another.
    Numeral "numeral"
        "a number is written as no pickler writes it, where Python's unpicklers and pickletools part ways"
    /// Of PUT and GET: as for numbers, or so large that `_pickle.c` has no memory for it while `pickle.py` goes on.
    MemoIndex "memo-index"
        "a memo index is written as no pickler writes it, where Python's unpicklers and pickletools part ways"
    /// `pickletools` decodes escapes in names and wants ASCII, and joins module and attribute by a space;
    /// empty ones stop `_pickle.c` but not `pickle.py`.
    Name "name"
        "an imported name is empty or holds an escape, a space or a letter beyond ASCII, which pickletools does not read as the unpicklers do"
    /// A STRING with blanks behind its closing quote (Python 2 cuts them, Python 3 stops); a PERSID that is no valid escape for `pickletools`.
    Text "text"
        "a text operand is quoted or escaped as no pickler writes it, where Python's unpicklers and pickletools part ways"
    /// BINSTRING of 2 GiB and more: `_pickle.c` takes the length as unsigned, `pickle.py` and `pickletools` stop.
    LengthSign "length-sign"
        "a string claims a length that is negative for pickle.py and pickletools and positive for _pickle.c"
    /// A false state (`{}`) is skipped by `pickle.py`; `_pickle.c` wants a `__dict__` for it.
    BuildOnPlain "build-on-plain"
        "state is set on a plain value, where Python's two unpicklers part ways"
    /// APPENDS and ADDITEMS without items: `_pickle.c` does nothing, `pickle.py` looks for the method and may call it.
    EmptyRun "empty-run"
        "an empty run of items is added to a value that is no list or set, where Python's two unpicklers part ways"
    /// Unpicklers go on as long as there is memory.
    Outgrown "outgrown"
        "millions of values or marks lie on the stack at once, as no pickler leaves them: this reader stops here, and unpicklers go on"
    /// What a loader inside is then given does not stand in the file.
    BytesEdited "bytes-edited"
        "a bytearray is changed after it was read, which no pickler writes"
}
