//! How many bytes an artefact has, where that shows only while they come.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use crate::Stream;
use crate::formats::compression::Progress;

/// How many bytes an artefact has.
pub(super) enum Extent {
    Known(u64),
    /// As many as came so far.
    Counted(Rc<Cell<u64>>),
    /// The same, from a decompressor.
    Unpacked(Rc<Progress>),
}

impl Extent {
    pub(super) fn known(&self) -> Option<u64> {
        if let Self::Known(size) = self { Some(*size) } else { None }
    }

    pub(super) fn now(&self) -> u64 {
        match self {
            Self::Known(size) => *size,
            Self::Counted(count) => count.get(),
            Self::Unpacked(progress) => progress.unpacked.get(),
        }
    }
}

pub(super) struct Counted<'a> {
    pub(super) stream: Stream<'a>,
    pub(super) count: Rc<Cell<u64>>,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(into)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}
