//! The symbolic pickle machine: CPython's stack, metastack and memo, executing nothing.
//!
//! Semantics follow `Modules/_pickle.c`; where `Lib/pickle.py` would go on although `_pickle.c` stops (or the
//! other way round) the machine goes on and says so, because a loader may use either. It stops only where both do.

use std::collections::HashMap;
use std::rc::Rc;

use super::input::{Input, Line, Short, Span};
use super::observer::{Call, Door, Import, Observer, Oddity, Write, WriteDoor};
use super::opcode::{HIGHEST_PROTOCOL, Op};
use super::text;
use super::value::{Entries, Traits, Value};
use crate::{Budget, OverBudget, ReadError};

/// Longest string kept as a value. Names and arguments worth showing are shorter.
const STRING: usize = 4096;
/// Values on the stack, all marks together.
const STACK: usize = 4 << 20;
/// Memo entries; a larger memo is a limit reached, not an error of the pickle.
const MEMO: usize = 24 << 20;
/// Memo indices up to this are held densely; a pickle may name any index up to 2³².
const DENSE: usize = 1 << 20;
/// Bytes of strings and small byte strings that the values of one pickle may hold.
const RETAINED: u64 = 512 << 20;
/// Pickles inside a pickle's stream: the object arrays of a joblib file.
const NESTING: u32 = 8;

/// How a pickle ended.
#[derive(Debug)]
pub(crate) enum End {
    /// `STOP`.
    Stop,
    /// Both unpicklers raise here.
    Broken { at: u64, why: String },
    /// The bytes end before `STOP`.
    Truncated { at: u64 },
    /// A limit of this reader.
    OverLimit(&'static str),
    Read(ReadError),
}

/// What one pickle was, beside what the observer saw.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) opcodes: u64,
    /// The first byte was a PROTO opcode with a protocol that exists.
    pub(crate) begins_with_proto: bool,
}

/// Internal way out of the opcode loop.
enum Out {
    Stop,
    Broken(String),
    Truncated,
    Limit(&'static str),
    Read(ReadError),
}

impl From<Short> for Out {
    fn from(short: Short) -> Self {
        match short {
            Short::End => Self::Truncated,
            Short::Read(error) => Self::Read(error),
        }
    }
}

impl From<ReadError> for Out {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<OverBudget> for Out {
    fn from(_: OverBudget) -> Self {
        Self::Limit("work")
    }
}

fn broken<T>(why: impl Into<String>) -> Result<T, Out> {
    Err(Out::Broken(why.into()))
}

struct Machine<'i, 'w, 'o> {
    input: &'i mut Input<'w>,
    observer: &'o mut dyn Observer,
    budget: &'i Budget,
    stack: Vec<Value>,
    /// Stack heights where MARK stood. Nothing below the last one can be reached.
    marks: Vec<usize>,
    memo: Memo,
    protocol: u8,
    proto_seen: bool,
    /// Offset behind the current frame.
    frame_end: Option<u64>,
    opcodes: u64,
    retained: u64,
    nesting: u32,
}

/// Runs one pickle from the input's position.
pub(crate) fn run(input: &mut Input<'_>, observer: &mut dyn Observer, budget: &Budget) -> Ended {
    nested(input, observer, budget, 0)
}

fn nested(input: &mut Input<'_>, observer: &mut dyn Observer, budget: &Budget, nesting: u32) -> Ended {
    let mut machine = Machine {
        input,
        observer,
        budget,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Memo::default(),
        protocol: 0,
        proto_seen: false,
        frame_end: None,
        opcodes: 0,
        retained: 0,
        nesting,
    };
    let mut begins_with_proto = false;
    let end = loop {
        let at = machine.input.position();
        match machine.step(at) {
            Ok(op) => begins_with_proto |= machine.opcodes == 1 && op == Op::Proto,
            Err(Out::Stop) => break End::Stop,
            Err(Out::Broken(why)) => break End::Broken { at, why },
            Err(Out::Truncated) => break End::Truncated { at },
            Err(Out::Limit(limit)) => break End::OverLimit(limit),
            Err(Out::Read(error)) => break End::Read(error),
        }
    };
    Ended { end, opcodes: machine.opcodes, begins_with_proto }
}

impl Machine<'_, '_, '_> {
    fn step(&mut self, at: u64) -> Result<Op, Out> {
        let byte = self.input.byte()?;
        self.budget.spend(1 + self.input.take_read() / 64)?;
        let Some(op) = Op::of(byte) else { return broken(format!("byte 0x{byte:02x} is no opcode")) };
        self.opcodes += 1;
        self.observer.opcode(at, byte);
        self.execute(at, op)?;
        if let Some(end) = self.frame_end {
            let now = self.input.position();
            if now > end && at < end {
                self.observer.oddity(at, Oddity::FrameStraddled);
            }
            if now >= end {
                self.frame_end = None;
            }
        }
        Ok(op)
    }

    fn execute(&mut self, at: u64, op: Op) -> Result<(), Out> {
        match op {
            Op::Proto => self.proto(at)?,
            Op::Frame => self.frame(at)?,
            Op::Stop => {
                self.pop()?;
                return Err(Out::Stop);
            }

            Op::Mark => {
                if self.marks.len() >= STACK {
                    return Err(Out::Limit("marks"));
                }
                self.marks.push(self.stack.len());
            }
            Op::Pop => {
                // POP on a mark takes the mark away.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop()?;
                }
            }
            Op::PopMark => drop(self.pop_mark()?),
            Op::Dup => {
                let top = self.top()?.clone();
                self.push(top)?;
            }

            Op::None => self.push(Value::None)?,
            Op::NewTrue => self.push(Value::Bool(true))?,
            Op::NewFalse => self.push(Value::Bool(false))?,
            Op::BinInt => {
                let value = i32::from_le_bytes(self.input.array()?);
                self.push(Value::Int(value.into()))?;
            }
            Op::BinInt1 => {
                let value = self.input.byte()?;
                self.push(Value::Int(value.into()))?;
            }
            Op::BinInt2 => {
                let value = u16::from_le_bytes(self.input.array()?);
                self.push(Value::Int(value.into()))?;
            }
            Op::Int | Op::Long => {
                let line = self.line()?;
                self.push(text::integer(&line.bytes))?;
            }
            Op::Long1 => {
                let size = self.input.byte()?.into();
                self.long(size)?;
            }
            Op::Long4 => {
                let Ok(size) = u64::try_from(i32::from_le_bytes(self.input.array()?)) else { return broken("LONG4 of negative length") };
                self.long(size)?;
            }
            Op::Float => {
                let line = self.line()?;
                self.push(text::float(&line.bytes))?;
            }
            Op::BinFloat => {
                let value = f64::from_be_bytes(self.input.array()?);
                self.push(Value::Float(value))?;
            }

            Op::String => {
                let line = self.line()?;
                let Some(bytes) = text::quoted(&line.bytes) else { return broken("the operand of STRING is not quoted") };
                self.push_text(&bytes, &line)?;
            }
            Op::Unicode => {
                let line = self.line()?;
                let text = text::raw_unicode_escape(&line.bytes);
                self.push_text(text.as_bytes(), &line)?;
            }
            // Python 2's str: text or bytes, as the loader's `encoding` says. As text it can name things.
            Op::BinString => {
                let Ok(size) = u64::try_from(i32::from_le_bytes(self.input.array()?)) else {
                    return broken("BINSTRING of negative length");
                };
                self.string(size, true)?;
            }
            Op::ShortBinString => {
                let size = self.input.byte()?.into();
                self.string(size, true)?;
            }
            Op::ShortBinUnicode => {
                let size = self.input.byte()?.into();
                self.string(size, false)?;
            }
            Op::BinUnicode => {
                let size = u32::from_le_bytes(self.input.array()?).into();
                self.string(size, false)?;
            }
            Op::BinUnicode8 => {
                let size = u64::from_le_bytes(self.input.array()?);
                self.string(size, false)?;
            }
            Op::ShortBinBytes => {
                let size = self.input.byte()?.into();
                self.bytes(size)?;
            }
            Op::BinBytes => {
                let size = u32::from_le_bytes(self.input.array()?).into();
                self.bytes(size)?;
            }
            Op::BinBytes8 | Op::ByteArray8 => {
                let size = u64::from_le_bytes(self.input.array()?);
                self.bytes(size)?;
            }
            // Out-of-band buffers (PEP 574) come from the loader; without them both unpicklers raise.
            Op::NextBuffer => self.push(Value::Unknown)?,
            Op::ReadonlyBuffer => drop(self.top()?),

            Op::EmptyTuple => self.push(Value::tuple(Vec::new()))?,
            Op::Tuple1 => self.tuple(1)?,
            Op::Tuple2 => self.tuple(2)?,
            Op::Tuple3 => self.tuple(3)?,
            Op::Tuple => {
                let items = self.pop_mark()?;
                self.push(Value::tuple(items))?;
            }
            Op::EmptyList => self.push(Value::List(Rc::default()))?,
            Op::List => {
                let items = self.pop_mark()?;
                self.push(Value::List(Rc::new(traits(&items).into())))?;
            }
            Op::EmptyDict => self.push(Value::Dict(Rc::default()))?,
            Op::Dict => {
                let items = self.pop_mark()?;
                let dict = Entries::default();
                if put_pairs(&dict, &items).is_none() {
                    return broken("odd number of items for DICT");
                }
                self.push(Value::Dict(dict.into()))?;
            }
            Op::EmptySet => self.push(Value::Set(Rc::default()))?,
            Op::FrozenSet => {
                let items = self.pop_mark()?;
                self.push(Value::Set(Rc::new(traits(&items).into())))?;
            }
            Op::Append => {
                let item = self.pop()?;
                self.write(at, WriteDoor::Append, &[item])?;
            }
            Op::Appends => {
                let items = self.pop_mark()?;
                self.write(at, WriteDoor::Append, &items)?;
            }
            Op::AddItems => {
                let items = self.pop_mark()?;
                self.write(at, WriteDoor::Add, &items)?;
            }
            Op::SetItem => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.write(at, WriteDoor::SetItem, &[key, value])?;
            }
            Op::SetItems => {
                let items = self.pop_mark()?;
                self.write(at, WriteDoor::SetItem, &items)?;
            }

            Op::Get => {
                let line = self.line()?;
                let index = text::memo_index(&line.bytes);
                self.get(index)?;
            }
            Op::BinGet => {
                let index = self.input.byte()?.into();
                self.get(Some(index))?;
            }
            Op::LongBinGet => {
                let index = u32::from_le_bytes(self.input.array()?).into();
                self.get(Some(index))?;
            }
            Op::Put => {
                let line = self.line()?;
                let index = text::memo_index(&line.bytes);
                self.put(index)?;
            }
            Op::BinPut => {
                let index = self.input.byte()?.into();
                self.put(Some(index))?;
            }
            Op::LongBinPut => {
                let index = u32::from_le_bytes(self.input.array()?).into();
                self.put(Some(index))?;
            }
            // The index is the number of entries at this moment, whatever their own indices are.
            Op::Memoize => self.put(Some(self.memo.len as u64))?,

            Op::Global => {
                let (module, name) = self.two_lines()?;
                let value = self.import(at, Some((&module, &name)));
                self.push(value)?;
            }
            Op::StackGlobal => self.stack_global(at)?,
            Op::Ext1 => {
                let code = self.input.byte()?.into();
                self.extension(at, code)?;
            }
            Op::Ext2 => {
                let code = u16::from_le_bytes(self.input.array()?).into();
                self.extension(at, code)?;
            }
            Op::Ext4 => {
                let code = u32::from_le_bytes(self.input.array()?);
                self.extension(at, code)?;
            }
            Op::PersId => {
                self.line()?;
                self.observer.persistent(at, &Value::Unknown);
                self.push(Value::Persistent(Traits::TEXT))?;
            }
            Op::BinPersId => {
                let id = self.pop()?;
                self.observer.persistent(at, &id);
                self.push(Value::Persistent(id.traits()))?;
            }

            Op::Inst => {
                let (module, name) = self.two_lines()?;
                let args = self.pop_mark()?;
                let callee = self.import(at, Some((&module, &name)));
                self.call(at, Door::Inst, &callee, &Value::tuple(args), None)?;
            }
            Op::Obj => {
                let mut args = self.pop_mark()?;
                if args.is_empty() {
                    return broken("OBJ without a class");
                }
                let callee = args.remove(0);
                self.call(at, Door::Obj, &callee, &Value::tuple(args), None)?;
            }
            Op::Reduce => {
                let args = self.pop()?;
                let callee = self.pop()?;
                self.call(at, Door::Reduce, &callee, &args, None)?;
            }
            Op::NewObj => {
                let args = self.pop()?;
                let callee = self.pop()?;
                self.call(at, Door::NewObj, &callee, &args, None)?;
            }
            Op::NewObjEx => {
                let keywords = self.pop()?;
                let args = self.pop()?;
                let callee = self.pop()?;
                self.call(at, Door::NewObj, &callee, &args, Some(&keywords))?;
            }
            Op::Build => self.build(at)?,
        }
        Ok(())
    }

    // --- operands -------------------------------------------------------------------------------------------

    fn line(&mut self) -> Result<Line, Out> {
        let line = self.input.line()?;
        // Every line opcode of both unpicklers wants at least one byte beside the line feed or raises; an
        // unended line is read by `_pickle.c` from memory, so it counts as long as it holds something.
        if line.bytes.is_empty() && line.unended { Err(Out::Truncated) } else { Ok(line) }
    }

    fn two_lines(&mut self) -> Result<(String, String), Out> {
        let module = self.line()?;
        let name = self.line()?;
        let mut bytes = name.bytes;
        if name.unended {
            bytes.pop(); // `_pickle.c` cuts the last byte off, taking it for the line feed
        }
        Ok((String::from_utf8_lossy(&module.bytes).into_owned(), String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn long(&mut self, size: u64) -> Result<(), Out> {
        let span = self.input.span(size, 64)?;
        let value = span.kept.as_deref().map_or(Value::Number, text::little_endian);
        self.push(value)
    }

    fn string(&mut self, size: u64, python2: bool) -> Result<(), Out> {
        let span = self.input.span(size, STRING)?;
        let kept = span.kept.clone().filter(|_| size <= STRING as u64);
        let Some(bytes) = kept else { return self.push(Value::LongStr(Rc::new(span))) };
        let text: Rc<str> = if python2 { bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into() } else { String::from_utf8_lossy(&bytes).into() };
        self.retain(text.len())?;
        self.push(Value::Str(text))
    }

    fn push_text(&mut self, bytes: &[u8], line: &Line) -> Result<(), Out> {
        let size = bytes.len() as u64;
        if line.cut || bytes.len() > STRING {
            let at = self.input.position().saturating_sub(size);
            let kept = (!line.cut).then(|| Rc::from(bytes));
            return self.push(Value::LongStr(Rc::new(Span { at, size, kept })));
        }
        self.retain(bytes.len())?;
        self.push(Value::Str(String::from_utf8_lossy(bytes).into()))
    }

    fn bytes(&mut self, size: u64) -> Result<(), Out> {
        let span = self.input.span(size, STRING)?;
        if span.kept.is_some() {
            self.retain(usize::try_from(size).unwrap_or(usize::MAX))?;
        }
        self.push(Value::Bytes(Rc::new(span)))
    }

    /// Counts what values hold, so that a memo full of strings ends at a limit and not in swap.
    fn retain(&mut self, bytes: usize) -> Result<(), Out> {
        self.retained += bytes as u64 + 64;
        if self.retained > RETAINED { Err(Out::Limit("strings held")) } else { Ok(()) }
    }

    fn proto(&mut self, at: u64) -> Result<(), Out> {
        let protocol = self.input.byte()?;
        if protocol > HIGHEST_PROTOCOL {
            return broken(format!("protocol {protocol} does not exist"));
        }
        if self.proto_seen {
            self.observer.oddity(at, Oddity::ProtocolChanged);
        }
        self.proto_seen = true;
        self.protocol = protocol;
        Ok(())
    }

    fn frame(&mut self, at: u64) -> Result<(), Out> {
        let size = u64::from_le_bytes(self.input.array()?);
        if self.frame_end.is_some_and(|end| end > self.input.position()) {
            self.observer.oddity(at, Oddity::FrameInFrame);
        }
        if self.input.left().is_some_and(|left| size > left) {
            self.observer.oddity(at, Oddity::FrameOverEnd);
            self.frame_end = None;
        } else {
            self.frame_end = self.input.position().checked_add(size);
        }
        Ok(())
    }

    // --- stack and memo -------------------------------------------------------------------------------------

    fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn push(&mut self, value: Value) -> Result<(), Out> {
        if self.stack.len() >= STACK {
            return Err(Out::Limit("stack"));
        }
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, Out> {
        if self.stack.len() <= self.fence() {
            return broken("the stack has nothing above the mark");
        }
        self.stack.pop().ok_or_else(|| Out::Broken("the stack is empty".into()))
    }

    fn top(&self) -> Result<&Value, Out> {
        let above = self.stack.get(self.fence()..).unwrap_or_default();
        above.last().ok_or_else(|| Out::Broken("the stack has nothing above the mark".into()))
    }

    fn pop_mark(&mut self) -> Result<Vec<Value>, Out> {
        let Some(mark) = self.marks.pop() else { return broken("no MARK on the stack") };
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn tuple(&mut self, size: usize) -> Result<(), Out> {
        let from = self.stack.len().saturating_sub(size).max(self.fence());
        if self.stack.len() - from < size {
            return broken("the stack has nothing above the mark");
        }
        let items = self.stack.split_off(from);
        self.push(Value::tuple(items))
    }

    fn get(&mut self, index: Option<u64>) -> Result<(), Out> {
        let Some(value) = index.and_then(|index| self.memo.get(index)) else { return broken("nothing in the memo at this index") };
        let value = value.clone();
        self.push(value)
    }

    fn put(&mut self, index: Option<u64>) -> Result<(), Out> {
        let value = self.top()?.clone();
        let Some(index) = index else { return broken("no memo index") };
        if self.memo.put(index, value) { Ok(()) } else { Err(Out::Limit("memo")) }
    }

    // --- doors ----------------------------------------------------------------------------------------------

    fn import(&mut self, at: u64, name: Option<(&str, &str)>) -> Value {
        self.observer.import(&Import { at, name, protocol: self.protocol, extension: None })
    }

    fn stack_global(&mut self, at: u64) -> Result<(), Out> {
        let name = self.pop()?;
        let module = self.pop()?;
        let value = match (&module, &name) {
            (Value::Str(module), Value::Str(name)) => self.import(at, Some((module, name))),
            (a, b) if [a, b].iter().all(|value| may_be_text(value)) => self.import(at, None),
            _ => return broken("STACK_GLOBAL wants two strings"),
        };
        self.push(value)
    }

    fn extension(&mut self, at: u64, code: u32) -> Result<(), Out> {
        if code == 0 || i32::try_from(code).is_err() {
            return broken("EXT code out of range");
        }
        let value = self.observer.import(&Import { at, name: None, protocol: self.protocol, extension: Some(code) });
        self.push(value)
    }

    fn call(&mut self, at: u64, door: Door, callee: &Value, args: &Value, keywords: Option<&Value>) -> Result<(), Out> {
        let args = match args {
            Value::Tuple(items) => Some(items),
            Value::Unknown | Value::Object(_) | Value::Persistent(_) => None,
            // `_pickle.c` wants a tuple; `pickle.py` spreads whatever can be iterated.
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Number | Value::Float(_) | Value::Global(_) => {
                return broken(format!("the arguments of a call are {}", args.type_name()));
            }
            _ => {
                self.observer.oddity(at, Oddity::ArgumentsNotTuple);
                None
            }
        };
        let callable = matches!(callee, Value::Global(_) | Value::Object(_) | Value::Persistent(_) | Value::Unknown);
        if !callable {
            return broken(format!("calls a {}", callee.type_name()));
        }
        let value = self.observer.call(&Call { at, door, callee, args, keywords });
        self.push(value)
    }

    fn build(&mut self, at: u64) -> Result<(), Out> {
        let state = self.pop()?;
        let target = self.top()?.clone();
        self.observer.write(&Write { at, door: WriteDoor::Build, target: &target, value: &state });
        if let Some(raw) = self.observer.raw_array() {
            if raw.padded {
                let padding = self.input.byte()?.into();
                self.input.skip(padding)?;
            }
            if raw.objects {
                self.object_array()?;
            } else if let Some(size) = raw.size {
                self.input.skip(size)?;
            } else {
                return Err(Out::Limit("an array of a size that the pickle does not tell"));
            }
            self.frame_end = None;
            self.stack.pop();
            self.push(Value::object("numpy.ndarray".into(), at))?;
        }
        Ok(())
    }

    /// joblib reads an array of objects with `pickle.load` from the same file.
    fn object_array(&mut self) -> Result<(), Out> {
        if self.nesting >= NESTING {
            return Err(Out::Limit("pickles inside a pickle"));
        }
        let inner = nested(self.input, self.observer, self.budget, self.nesting + 1);
        self.opcodes += inner.opcodes;
        match inner.end {
            End::Stop => Ok(()),
            End::Broken { at, why } => broken(format!("the object array's pickle breaks at byte {at}: {why}")),
            End::Truncated { .. } => Err(Out::Truncated),
            End::OverLimit(limit) => Err(Out::Limit(limit)),
            End::Read(error) => Err(Out::Read(error)),
        }
    }

    fn write(&mut self, at: u64, door: WriteDoor, items: &[Value]) -> Result<(), Out> {
        let target = self.top()?.clone();
        match (&target, door) {
            (Value::List(inside), WriteDoor::Append) | (Value::Set(inside), WriteDoor::Add) => {
                inside.set(inside.get().and(traits(items)));
            }
            (Value::Dict(dict), WriteDoor::SetItem) => {
                if put_pairs(dict, items).is_none() {
                    return broken("odd number of items for SETITEMS");
                }
            }
            // An empty run of items touches nothing.
            _ if items.is_empty() => {}
            (Value::Global(_) | Value::Object(_) | Value::Persistent(_) | Value::Unknown, _) => {
                let value = items.last().unwrap_or(&Value::None);
                self.observer.write(&Write { at, door, target: &target, value });
            }
            // A list takes items by integer index too; everything else has no such method.
            (Value::List(inside), WriteDoor::SetItem) => inside.set(inside.get().and(traits(items))),
            _ => return broken(format!("{} on a {}", door.as_str(), target.type_name())),
        }
        Ok(())
    }
}

fn traits(items: &[Value]) -> Traits {
    items.iter().fold(Traits::NONE, |all, item| all.and(item.traits()))
}

fn put_pairs(dict: &Entries, items: &[Value]) -> Option<()> {
    let (pairs, rest) = items.as_chunks::<2>();
    for [key, value] in pairs {
        dict.put(key, value);
    }
    rest.is_empty().then_some(())
}

/// Whether a value could turn out to be a string that the machine does not know.
fn may_be_text(value: &Value) -> bool {
    matches!(value, Value::Str(_) | Value::LongStr(_) | Value::Object(_) | Value::Persistent(_) | Value::Unknown)
}

/// The memo: dense for the small indices that picklers write, sparse for whatever else a pickle may name.
#[derive(Default)]
struct Memo {
    dense: Vec<Option<Value>>,
    sparse: HashMap<u64, Value>,
    /// Entries, which is the index that MEMOIZE takes next.
    len: usize,
}

impl Memo {
    fn get(&self, index: u64) -> Option<&Value> {
        match usize::try_from(index).ok().and_then(|index| self.dense.get(index)) {
            Some(slot) => slot.as_ref(),
            None => self.sparse.get(&index),
        }
    }

    /// `false` if the memo is full.
    fn put(&mut self, index: u64, value: Value) -> bool {
        // Indices that follow on are dense at any size; a jump is dense only within the first million.
        let next = self.dense.len() as u64;
        let dense = index < next || (index == next && self.sparse.is_empty()) || index < DENSE as u64;
        let old = if dense {
            let Ok(slot) = usize::try_from(index) else { return false };
            if slot >= MEMO {
                return false;
            }
            if slot >= self.dense.len() {
                let grown = (slot + 1).max(self.dense.len().saturating_mul(2).min(DENSE).min(slot + 64));
                self.dense.resize_with(grown, || None);
                // What stood sparse below the new end moves, so that each index lives in one place.
                if !self.sparse.is_empty() {
                    for (at, slot) in self.dense.iter_mut().enumerate().skip(usize::try_from(next).unwrap_or(0)) {
                        *slot = self.sparse.remove(&(at as u64));
                    }
                }
            }
            self.dense.get_mut(slot).and_then(|slot| slot.replace(value))
        } else {
            if self.sparse.len() >= MEMO {
                return false;
            }
            self.sparse.insert(index, value)
        };
        self.len += usize::from(old.is_none());
        true
    }
}
