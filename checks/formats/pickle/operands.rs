//! The pickle machine reads operands: numbers, strings, lines, frames.

use std::rc::Rc;

use super::input::{Line, Span};
use super::machine::{Machine, Out, broken};
use super::observer::Oddity;
use super::opcode::HIGHEST_PROTOCOL;
use super::text;
use super::value::Value;

/// Longest string kept as a value. Names and arguments worth showing are shorter.
const STRING: usize = 4096;
/// Bytes of strings and small byte strings that the values of one pickle may hold.
const RETAINED: u64 = 512 << 20;

impl Machine<'_, '_, '_> {
    pub(super) fn line(&mut self) -> Result<Line, Out> {
        let line = self.input.line()?;
        // Every line opcode of both unpicklers wants at least one byte beside the line feed or raises; an
        // unended line is read by `_pickle.c` from memory, so it counts as long as it holds something.
        if line.bytes.is_empty() && line.unended { Err(Out::Truncated) } else { Ok(line) }
    }

    pub(super) fn two_lines(&mut self) -> Result<(String, String), Out> {
        let module = self.line()?;
        let name = self.line()?;
        let mut bytes = name.bytes;
        if name.unended {
            bytes.pop(); // `_pickle.c` cuts the last byte off, taking it for the line feed
        }
        Ok((String::from_utf8_lossy(&module.bytes).into_owned(), String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(super) fn long(&mut self, size: u64) -> Result<(), Out> {
        let span = self.input.span(size, 64)?;
        let value = span.kept.as_deref().map_or(Value::Number, text::little_endian);
        self.push(value)
    }

    pub(super) fn string(&mut self, size: u64, python2: bool) -> Result<(), Out> {
        let span = self.input.span(size, STRING)?;
        let kept = span.kept.clone().filter(|_| size <= STRING as u64);
        let Some(bytes) = kept else { return self.push(Value::LongStr(Rc::new(span))) };
        let text: Rc<str> = if python2 {
            bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into()
        } else {
            String::from_utf8_lossy(&bytes).into()
        };
        self.retain(text.len())?;
        self.push(Value::Str(text))
    }

    pub(super) fn push_text(&mut self, bytes: &[u8], line: &Line) -> Result<(), Out> {
        let size = bytes.len() as u64;
        if line.cut || bytes.len() > STRING {
            let at = self.input.position().saturating_sub(size);
            let kept = (!line.cut).then(|| Rc::from(bytes));
            return self.push(Value::LongStr(Rc::new(Span { at, size, kept })));
        }
        self.retain(bytes.len())?;
        self.push(Value::Str(String::from_utf8_lossy(bytes).into()))
    }

    pub(super) fn bytes(&mut self, size: u64) -> Result<(), Out> {
        let span = self.input.span(size, STRING)?;
        if span.kept.is_some() {
            self.retain(usize::try_from(size).unwrap_or(usize::MAX))?;
        }
        self.push(Value::Bytes(Rc::new(span)))
    }

    /// Counts what values hold, so that a memo full of strings ends at a limit and not in swap.
    pub(super) fn retain(&mut self, bytes: usize) -> Result<(), Out> {
        self.retained += bytes as u64 + 64;
        if self.retained > RETAINED { Err(Out::Limit("strings held")) } else { Ok(()) }
    }

    pub(super) fn proto(&mut self, at: u64) -> Result<(), Out> {
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

    pub(super) fn frame(&mut self, at: u64) -> Result<(), Out> {
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
}
