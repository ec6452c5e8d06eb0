//! The bytes of a tar archive, read forward: jumps where they can be read anywhere, reads on where they come once.

use std::io::Read;

use crate::{Content, Gap, ReadError};

/// The archive's bytes, read forward.
pub(super) struct Input<'a> {
    content: Content<'a>,
    pub(super) at: u64,
}

impl<'a> Input<'a> {
    pub(super) fn new(content: Content<'a>) -> Self {
        Self { content, at: 0 }
    }

    pub(super) fn left(&self) -> Option<u64> {
        match &self.content {
            Content::Window(window) => Some(window.size().saturating_sub(self.at)),
            Content::Stream(_) => None,
        }
    }

    /// Fewer only at the end.
    pub(super) fn fill(&mut self, into: &mut [u8]) -> Result<usize, Gap> {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.read(rest).map_err(|error| Gap::from(ReadError::new(self.at, &error)))? {
                0 => break,
                count => done += count,
            }
        }
        Ok(done)
    }

    pub(super) fn skip_to(&mut self, to: u64) -> Result<(), Gap> {
        if let Content::Window(_) = self.content {
            self.at = self.at.max(to);
            return Ok(());
        }
        let mut buffer = [0; 4096];
        while self.at < to {
            let want = usize::try_from(to - self.at).unwrap_or(usize::MAX).min(buffer.len());
            if self.fill(buffer.get_mut(..want).unwrap_or_default())? == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = match &mut self.content {
            Content::Window(window) => window.read_at(self.at, into).map_err(std::io::Error::other)?,
            Content::Stream(stream) => stream.read(into)?,
        };
        self.at += count as u64;
        Ok(count)
    }
}
