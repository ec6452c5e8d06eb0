//! Packed bytes on their way into a decompressor: buffered, counted, with a look ahead at the next member.

use std::io::{self, Read};
use std::rc::Rc;

use super::Progress;

const BUFFER: usize = 16 << 10;

pub(super) struct Feed<'a> {
    source: Box<dyn Read + 'a>,
    progress: Rc<Progress>,
    buffer: Vec<u8>,
    at: usize,
    /// Offset of `buffer[0]`.
    start: u64,
    ended: bool,
    /// A reader asked for bytes and got none.
    starved: bool,
}

impl<'a> Feed<'a> {
    pub(super) fn new(source: Box<dyn Read + 'a>, progress: Rc<Progress>) -> Self {
        Self { source, progress, buffer: Vec::new(), at: 0, start: 0, ended: false, starved: false }
    }

    /// What is buffered, at least `want` bytes (of at most [`BUFFER`]) unless the source ends.
    pub(super) fn fill(&mut self, want: usize) -> io::Result<&[u8]> {
        if self.buffer.len() - self.at < want && !self.ended {
            self.buffer.drain(..self.at);
            self.start += self.at as u64;
            self.at = 0;
            while self.buffer.len() < want {
                let have = self.buffer.len();
                // The first read is a page: most streams that are looked at are small.
                self.buffer.resize(if self.start == 0 && have == 0 { 4096 } else { BUFFER }, 0);
                let read = self.source.read(self.buffer.get_mut(have..).unwrap_or_default());
                self.buffer.truncate(have + *read.as_ref().unwrap_or(&0));
                let count = read?;
                self.progress.packed.set(self.progress.packed.get() + count as u64);
                if count == 0 {
                    self.ended = true;
                    break;
                }
            }
        }
        Ok(self.buffer.get(self.at..).unwrap_or_default())
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.buffer.len());
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    pub(super) fn starved(&self) -> bool {
        self.starved
    }

    /// Jumps over `count` bytes, fewer at the end.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let have = self.fill(1)?.len();
            if have == 0 {
                break;
            }
            let step = usize::try_from(count).unwrap_or(usize::MAX).min(have);
            self.consume(step);
            count -= step as u64;
        }
        Ok(())
    }

    /// Whether another member with this signature follows, padding of zeros between them allowed where the format has it.
    /// What follows and is none is remembered.
    pub(super) fn another(&mut self, padded: bool, begins: impl Fn(&[u8]) -> bool) -> io::Result<bool> {
        let mut more = padded;
        while more {
            let rest = self.fill(1)?;
            let zeros = rest.iter().take_while(|&&byte| byte == 0).count();
            more = zeros > 0 && zeros == rest.len();
            self.consume(zeros);
        }
        let rest = self.fill(16)?;
        if begins(rest) {
            return Ok(true);
        }
        if !rest.is_empty() {
            self.note_trailing(0);
        }
        Ok(false)
    }

    /// What follows belongs to nobody, and so do the last `back` bytes before it.
    pub(super) fn note_trailing(&self, back: usize) {
        self.progress.trailing.set(Some((self.start + self.at as u64).saturating_sub(back as u64)));
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = self.fill(1)?;
        let count = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        self.starved |= count == 0 && !into.is_empty();
        Ok(count)
    }
}
