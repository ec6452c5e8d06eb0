//! The symbolic pickle machine: CPython's stack, metastack and memo, executing nothing.
//!
//! Semantics follow `Modules/_pickle.c`; where `Lib/pickle.py` would go on although `_pickle.c` stops (or the
//! other way round) the machine goes on and says so, because a loader may use either. It stops only where both do.

use std::rc::Rc;

use super::doors::{put_pairs, traits};
use super::input::{Input, Short};
use super::memo::Memo;
use super::observer::{Door, Observer, Oddity, WriteDoor};
use super::opcode::Op;
use super::text;
use super::value::{Entries, Traits, Value};
use crate::{Budget, OverBudget, ReadError};

/// Values on the stack, all marks together.
const STACK: usize = 4 << 20;
/// `_pickle.c` before 3.14 holds its memo as an array: from here on it needs over 256 MiB for one entry.
const HUGE_INDEX: u64 = 1 << 24;
/// Pickles inside a pickle's stream: the object arrays of a joblib file.
pub(super) const NESTING: u32 = 8;

/// How a pickle ended.
#[derive(Debug)]
pub(crate) enum End {
    /// `STOP`.
    Stop,
    /// Both unpicklers raise here.
    Broken {
        at: u64,
        why: String,
    },
    /// The bytes end before `STOP`.
    Truncated {
        at: u64,
    },
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
    /// Frames disagree with the opcodes, so that [`Input::dropping`] reads another pickle.
    pub(crate) parted: bool,
}

/// Internal way out of the opcode loop.
pub(super) enum Out {
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

pub(super) fn broken<T>(why: impl Into<String>) -> Result<T, Out> {
    Err(Out::Broken(why.into()))
}

pub(super) struct Machine<'i, 'w, 'o> {
    pub(super) input: &'i mut Input<'w>,
    pub(super) observer: &'o mut dyn Observer,
    pub(super) budget: &'i Budget,
    pub(super) stack: Vec<Value>,
    /// Stack heights where MARK stood. Nothing below the last one can be reached.
    pub(super) marks: Vec<usize>,
    pub(super) memo: Memo,
    pub(super) protocol: u8,
    /// Offset behind the current frame.
    pub(super) frame_end: Option<u64>,
    /// A frame was disregarded: read with the frame's rest lost, the pickle is another one.
    pub(super) parted: bool,
    pub(super) opcodes: u64,
    pub(super) retained: u64,
    pub(super) nesting: u32,
}

/// Runs one pickle from the input's position.
pub(crate) fn run(input: &mut Input<'_>, observer: &mut dyn Observer, budget: &Budget) -> Ended {
    nested(input, observer, budget, 0)
}

pub(super) fn nested(input: &mut Input<'_>, observer: &mut dyn Observer, budget: &Budget, nesting: u32) -> Ended {
    let mut machine = Machine {
        input,
        observer,
        budget,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Memo::default(),
        protocol: 0,
        frame_end: None,
        parted: false,
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
    Ended { end, opcodes: machine.opcodes, begins_with_proto, parted: machine.parted }
}

impl Machine<'_, '_, '_> {
    fn step(&mut self, at: u64) -> Result<Op, Out> {
        let byte = self.input.byte()?;
        self.budget.spend(1 + self.input.take_read() / 64)?;
        let Some(op) = Op::of(byte) else { return broken(format!("byte 0x{byte:02x} is no opcode")) };
        self.opcodes += 1;
        self.observer.opcode(at, byte);
        let done = self.execute(at, op);
        // Also where this reading ends here: the one that loses the frame's rest may go on.
        if let Some(end) = self.frame_end {
            let now = self.input.position();
            if now > end && at < end {
                self.part_ways(at, Oddity::FrameStraddled);
            }
            if now >= end {
                self.frame_end = None;
            }
        }
        done?;
        Ok(op)
    }

    fn execute(&mut self, at: u64, op: Op) -> Result<(), Out> {
        match op {
            Op::Proto => self.proto(at)?,
            Op::Frame => self.frame(at)?,
            Op::Stop => {
                self.pop()?;
                if self.frame_end.is_some_and(|end| end > self.input.position()) {
                    self.observer.oddity(at, Oddity::FrameOverStop);
                }
                return Err(Out::Stop);
            }

            Op::Mark => {
                if self.marks.len() >= STACK {
                    return self.outgrown(at, "marks");
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
            Op::Int => self.numeral(at, text::integer)?,
            Op::Long => self.numeral(at, text::long)?,
            Op::Long1 => {
                let size = self.input.byte()?.into();
                self.long(size)?;
            }
            Op::Long4 => {
                let Ok(size) = u64::try_from(i32::from_le_bytes(self.input.array()?)) else {
                    return broken("LONG4 of negative length");
                };
                self.long(size)?;
            }
            Op::Float => self.numeral(at, text::float)?,
            Op::BinFloat => {
                let value = f64::from_be_bytes(self.input.array()?);
                self.push(Value::Float(value))?;
            }

            Op::String => {
                let mut line = self.line()?;
                if line.cut {
                    // Both unpicklers look at the two ends only; the middle of so long a text is not kept.
                    line.bytes.push(line.last_ink);
                }
                let Some(bytes) = text::quoted(&line.bytes) else {
                    // The bytes end within the string.
                    if line.unended && matches!(line.bytes.first(), Some(b'\'' | b'"')) {
                        return Err(Out::Truncated);
                    }
                    return broken("the operand of STRING is not quoted");
                };
                if !matches!(line.last, b'\'' | b'"') {
                    self.observer.oddity(at, Oddity::Text);
                }
                self.push_text(&bytes, &line)?;
            }
            Op::Unicode => {
                let line = self.line()?;
                let text = text::raw_unicode_escape(&line.bytes);
                self.push_text(text.as_bytes(), &line)?;
            }
            // Python 2's str: text or bytes, as the loader's `encoding` says. As text it can name things.
            Op::BinString => {
                let size = u32::from_le_bytes(self.input.array()?);
                if i32::try_from(size).is_err() {
                    self.observer.oddity(at, Oddity::LengthSign);
                }
                self.string(size.into(), true)?;
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
                self.bytes(size, false)?;
            }
            Op::BinBytes => {
                let size = u32::from_le_bytes(self.input.array()?).into();
                self.bytes(size, false)?;
            }
            Op::BinBytes8 | Op::ByteArray8 => {
                let size = u64::from_le_bytes(self.input.array()?);
                self.bytes(size, op == Op::ByteArray8)?;
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
                self.push(Value::FrozenSet(traits(&items)))?;
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
                let index = self.memo_index(at)?;
                self.get(index)?;
            }
            Op::BinGet => {
                let index = self.input.byte()?.into();
                self.get(index)?;
            }
            Op::LongBinGet => {
                let index = u32::from_le_bytes(self.input.array()?).into();
                self.get(index)?;
            }
            Op::Put => {
                let index = self.memo_index(at)?;
                self.put(at, index)?;
            }
            Op::BinPut => {
                let index = self.input.byte()?.into();
                self.put(at, index)?;
            }
            Op::LongBinPut => {
                let index = u32::from_le_bytes(self.input.array()?).into();
                self.put(at, index)?;
            }
            // The index is the number of entries at this moment, whatever their own indices are.
            Op::Memoize => self.put(at, self.memo.len as u64)?,

            Op::Global => {
                let value = self.global(at)?;
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
                let line = self.line()?;
                if !text::valid_escapes(&line.bytes) {
                    self.observer.oddity(at, Oddity::Text);
                }
                let value = self.observer.persistent(at, &Value::Unknown);
                self.push(value.unwrap_or(Value::Persistent(Traits::TEXT)))?;
            }
            Op::BinPersId => {
                let id = self.pop()?;
                let value = self.observer.persistent(at, &id);
                self.push(value.unwrap_or_else(|| Value::Persistent(id.traits())))?;
            }

            Op::Inst => {
                // `pickle.py` imports before it looks for the mark.
                let callee = self.global(at)?;
                let args = self.pop_mark()?;
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

    pub(super) fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), Out> {
        if self.stack.len() >= STACK {
            return self.outgrown(self.input.position(), "stack");
        }
        self.stack.push(value);
        Ok(())
    }

    /// Nothing that a pickler writes comes near: the limit is reached by what is to hide behind it.
    fn outgrown(&mut self, at: u64, limit: &'static str) -> Result<(), Out> {
        self.observer.oddity(at, Oddity::Outgrown);
        Err(Out::Limit(limit))
    }

    pub(super) fn pop(&mut self) -> Result<Value, Out> {
        if self.stack.len() <= self.fence() {
            return broken("the stack has nothing above the mark");
        }
        self.stack.pop().ok_or_else(|| Out::Broken("the stack is empty".into()))
    }

    pub(super) fn top(&self) -> Result<&Value, Out> {
        let above = self.stack.get(self.fence()..).unwrap_or_default();
        above.last().ok_or_else(|| Out::Broken("the stack has nothing above the mark".into()))
    }

    pub(super) fn pop_mark(&mut self) -> Result<Vec<Value>, Out> {
        let Some(mark) = self.marks.pop() else { return broken("no MARK on the stack") };
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    pub(super) fn tuple(&mut self, size: usize) -> Result<(), Out> {
        let from = self.stack.len().saturating_sub(size).max(self.fence());
        if self.stack.len() - from < size {
            return broken("the stack has nothing above the mark");
        }
        let items = self.stack.split_off(from);
        self.push(Value::tuple(items))
    }

    pub(super) fn get(&mut self, index: u64) -> Result<(), Out> {
        let value = match self.memo.get(index) {
            Some(value) => value.clone(),
            None if self.memo.lost => Value::Unknown,
            None => return broken("nothing in the memo at this index"),
        };
        self.push(value)
    }

    pub(super) fn put(&mut self, at: u64, index: u64) -> Result<(), Out> {
        let value = self.top()?.clone();
        if index >= HUGE_INDEX && index > self.opcodes {
            self.observer.oddity(at, Oddity::MemoIndex);
        }
        self.memo.put(index, value);
        Ok(())
    }
}
