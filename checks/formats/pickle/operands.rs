//! The pickle machine reads operands: numbers, strings, lines, frames.

use std::rc::Rc;

use super::input::{Line, Span};
use super::machine::{Machine, Out, broken};
use super::observer::Oddity;
use super::opcode::HIGHEST_PROTOCOL;
use super::text::{self, Numeral};
use super::value::Value;

/// Longest string kept as a value. Names and arguments worth showing are shorter.
const STRING: usize = 4096;
/// Bytes of strings and small byte strings that the values of one pickle may hold. Behind it only short strings are.
const RETAINED: u64 = 512 << 20;
/// Longest string kept behind that: names of modules and classes are shorter.
const NAME: usize = 128;
/// The end of that too.
const RETAINED_NAMES: u64 = 2 << 30;
/// What a string costs beside its bytes.
const HEADER: u64 = 16;

impl Machine<'_, '_, '_> {
    pub(super) fn line(&mut self) -> Result<Line, Out> {
        let line = self.input.line()?;
        // Every line opcode of both unpicklers wants at least one byte beside the line feed or raises; an
        // unended line is read by `_pickle.c` from memory, so it counts as long as it holds something.
        if line.bytes.is_empty() && line.unended { Err(Out::Truncated) } else { Ok(line) }
    }

    /// Module and attribute of GLOBAL and INST; `None` where they are too long to be kept.
    pub(super) fn name(&mut self, at: u64) -> Result<Option<(String, String)>, Out> {
        let module = self.line()?;
        let name = self.input.line()?;
        let mut lines = [module, name].map(|mut line| {
            if line.unended {
                line.bytes.pop(); // both unpicklers cut the last byte off, taking it for the line feed
            }
            line
        });
        if !lines.iter().all(|line| text::plain_name(&line.bytes)) {
            self.observer.oddity(at, Oddity::Name);
        }
        if lines.iter().any(|line| line.cut) {
            return Ok(None);
        }
        let [module, name] = lines.each_mut().map(|line| String::from_utf8_lossy(&line.bytes).into_owned());
        Ok(Some((module, name)))
    }

    pub(super) fn numeral(&mut self, at: u64, read: fn(&[u8]) -> Option<Numeral<Value>>) -> Result<(), Out> {
        let line = self.line()?;
        let Some(number) = read(&line.bytes) else { return broken("the operand is no number") };
        if !number.canonical {
            self.observer.oddity(at, Oddity::Numeral);
        }
        self.push(number.value)
    }

    pub(super) fn memo_index(&mut self, at: u64) -> Result<u64, Out> {
        let line = self.line()?;
        let Some(index) = text::memo_index(&line.bytes) else { return broken("the operand is no memo index") };
        if !index.canonical {
            self.observer.oddity(at, Oddity::MemoIndex);
        }
        Ok(index.value)
    }

    pub(super) fn long(&mut self, size: u64) -> Result<(), Out> {
        let value = if let Ok(size @ 0..=8) = usize::try_from(size) {
            text::little_endian(self.input.bytes(size)?)
        } else {
            self.input.text_span(size)?;
            Value::Number
        };
        self.push(value)
    }

    pub(super) fn string(&mut self, size: u64, python2: bool) -> Result<(), Out> {
        let Some(short) = usize::try_from(size).ok().filter(|&size| size <= STRING) else {
            let span = self.input.text_span(size)?;
            return self.push(Value::LongStr(Rc::new(span)));
        };
        let bytes = self.input.bytes(short)?;
        let text: Rc<str> = match str::from_utf8(bytes) {
            Ok(text) if !python2 || bytes.is_ascii() => text.into(),
            _ if python2 => bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into(),
            _ => String::from_utf8_lossy(bytes).into(),
        };
        let value = if self.retain(text.len())? { Value::Str(text) } else { Value::LongStr(Rc::new(Span::forgotten())) };
        self.push(value)
    }

    pub(super) fn push_text(&mut self, bytes: &[u8], line: &Line) -> Result<(), Out> {
        let size = bytes.len() as u64;
        if line.cut || bytes.len() > STRING {
            let at = self.input.position().saturating_sub(size);
            let kept = (!line.cut).then(|| Rc::from(bytes));
            self.retain(kept.as_ref().map_or(0, |kept: &Rc<[u8]>| kept.len()))?;
            return self.push(Value::LongStr(Rc::new(Span { at, size, kept, array: false, line: true })));
        }
        let value = if self.retain(bytes.len())? {
            Value::Str(String::from_utf8_lossy(bytes).into())
        } else {
            Value::LongStr(Rc::new(Span::forgotten()))
        };
        self.push(value)
    }

    pub(super) fn bytes(&mut self, size: u64, array: bool) -> Result<(), Out> {
        let mut span = self.input.span(size, STRING)?;
        // In a file the place is enough to find them again.
        if span.kept.is_some() && !self.retain(usize::try_from(size).unwrap_or(usize::MAX))? && self.input.window().is_some() {
            span.kept = None;
        }
        span.array = array;
        self.push(Value::Bytes(Rc::new(span)))
    }

    /// Counts what values hold, so that a memo full of strings ends at a limit and not in swap: whether this one is kept.
    pub(super) fn retain(&mut self, bytes: usize) -> Result<bool, Out> {
        let full = self.retained > RETAINED;
        if full && bytes > NAME {
            return Ok(false);
        }
        self.retained += bytes as u64 + HEADER;
        if self.retained > RETAINED_NAMES { Err(Out::Limit("strings held")) } else { Ok(true) }
    }

    pub(super) fn proto(&mut self, at: u64) -> Result<(), Out> {
        let protocol = self.input.byte()?;
        if protocol > HIGHEST_PROTOCOL {
            return broken(format!("protocol {protocol} does not exist"));
        }
        if self.opcodes > 1 {
            self.observer.oddity(at, Oddity::ProtocolChanged);
        }
        self.protocol = protocol;
        Ok(())
    }

    pub(super) fn frame(&mut self, at: u64) -> Result<(), Out> {
        let size = u64::from_le_bytes(self.input.array()?);
        let here = self.input.position();
        match self.frame_end.take() {
            Some(end) if end > here => self.part_ways(at, Oddity::FrameInFrame),
            Some(end) if end > at && end < here => self.part_ways(at, Oddity::FrameStraddled),
            _ => {}
        }
        if self.input.drops() {
            return if self.input.enter_dropping(size)? { Ok(()) } else { Err(Out::Truncated) };
        }
        if self.input.left().is_some_and(|left| size > left) {
            self.observer.oddity(at, Oddity::FrameOverEnd);
        } else {
            self.frame_end = here.checked_add(size);
        }
        Ok(())
    }

    /// From here on a file is read otherwise than the same bytes in memory; see [`super::input::Input::dropping`].
    pub(super) fn part_ways(&mut self, at: u64, oddity: Oddity) {
        self.parted = true;
        self.observer.oddity(at, oddity);
    }
}
