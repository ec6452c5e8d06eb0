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
    /// The loader is asked for the object with this persistent id.
    fn persistent(&mut self, at: u64, id: &Value);
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

/// Structure that no pickler writes, or that implementations read differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// An opcode or operand runs over the end of its frame: `pickle.py` stops, `_pickle.c` goes on.
    FrameStraddled,
    /// A frame begins inside another: `pickle.py` stops, `_pickle.c` goes on.
    FrameInFrame,
    /// A frame says it is longer than the rest of the bytes: `_pickle.c` stops, `pickle.py` goes on.
    FrameOverEnd,
    /// The arguments of a call are not a tuple: `_pickle.c` stops, `pickle.py` calls.
    ArgumentsNotTuple,
    /// A second PROTO opcode, which changes how names are read.
    ProtocolChanged,
}

impl Oddity {
    pub fn text(self) -> &'static str {
        match self {
            Self::FrameStraddled => "an opcode runs over the end of its frame, where Python's two unpicklers part ways",
            Self::FrameInFrame => "a frame begins inside another frame, where Python's two unpicklers part ways",
            Self::FrameOverEnd => "a frame claims more bytes than there are, where Python's two unpicklers part ways",
            Self::ArgumentsNotTuple => "a call's arguments are not a tuple, where Python's two unpicklers part ways",
            Self::ProtocolChanged => "a second PROTO opcode changes how the names behind it are read",
        }
    }

    pub fn id(self) -> &'static str {
        match self {
            Self::FrameStraddled => "frame-straddled",
            Self::FrameInFrame => "frame-in-frame",
            Self::FrameOverEnd => "frame-over-end",
            Self::ArgumentsNotTuple => "arguments-not-tuple",
            Self::ProtocolChanged => "protocol-changed",
        }
    }
}
