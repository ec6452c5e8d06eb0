//! Compressed streams as bytes that come once: counted, limited, and readable up to the place where they break.
//!
//! Each may consist of several members one after the other, as the command-line tools and Python's modules read them.

mod blocks;
mod feed;
mod frames;

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::rc::Rc;

use super::Kind;
use super::archive::{ArchiveFacts, Oddity, What};
use crate::settings::NO_BOMB;
use crate::{Content, Cx, Gap, ReadError, Stream};

use blocks::Blocks;
use feed::Feed;
use frames::{Lz4, Zstd};

/// Decoder memory that a stream may ask for (`xz -9` needs 65 MiB).
const DECODER_MEMORY: u32 = 256 << 20;
/// joblib before 0.10 (`numpy_pickle_compat.py`): "ZF", then the length as hex text, 19 characters wide.
const ZFILE_HEADER: usize = 2 + 19;

/// What a decompressor has done so far; shared with whoever reports on the stream.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) packed: Cell<u64>,
    pub(crate) unpacked: Cell<u64>,
    bomb: Cell<bool>,
    /// Bytes behind the last member, and where they begin.
    trailing: Cell<Option<u64>>,
    failure: RefCell<Option<ReadError>>,
}

impl Progress {
    /// What is to be said about the stream itself, after it was read as far as anyone wanted.
    pub(crate) fn told(&self, kind: Kind) -> (ArchiveFacts, Option<Gap>) {
        let mut facts = ArchiveFacts::default();
        let mut note = |what, at, message| facts.oddities.push(Oddity { what, at, message });
        if self.bomb.get() {
            let (from, to) = (self.packed.get(), self.unpacked.get());
            note(What::Bomb, 0, format!("This {} stream unpacks {from} bytes to more than {to}.", kind.title()));
        }
        if let Some(at) = self.trailing.get() {
            note(What::Irregular, at, format!("Bytes follow the {} stream, from byte {at} on.", kind.title()));
        }
        (facts, self.failure.borrow().clone().map(Gap::from))
    }
}

/// Unpacks a stream of this kind. `None` if the kind is not a compressed stream.
pub(crate) fn open<'a>(
    content: Content<'a>,
    kind: Kind,
    cx: &'a Cx<'_>,
) -> Option<(Result<Stream<'a>, ReadError>, Rc<Progress>)> {
    let progress = Rc::new(Progress::default());
    let source: Box<dyn Read + 'a> = match content {
        Content::Window(window) => Box::new(window.reader()),
        Content::Stream(stream) => Box::new(stream),
    };
    let mut feed = Feed::new(source, Rc::clone(&progress));
    if kind == Kind::JoblibZlib {
        let head = feed.fill(ZFILE_HEADER + 1).unwrap_or_default();
        // joblib up to 0.8.4 under Python 2 wrote one more space.
        let space = head.get(ZFILE_HEADER) == Some(&b' ');
        feed.consume(ZFILE_HEADER + usize::from(space));
    }
    let reader: Box<dyn Read + 'a> = match kind {
        Kind::Gzip | Kind::Zlib | Kind::JoblibZlib | Kind::Bzip2 | Kind::Xz | Kind::Lzma => {
            Box::new(Blocks::new(feed, kind, DECODER_MEMORY))
        }
        Kind::Lz4 => Box::new(Lz4::new(feed)),
        Kind::Zstd => Box::new(Zstd::new(feed, DECODER_MEMORY)),
        _ => return None,
    };
    let metered = Metered { reader, progress: Rc::clone(&progress), cx, failed: None };
    Some((Stream::new(Box::new(metered)), progress))
}

/// Counts what comes out against the limits.
struct Metered<'a> {
    reader: Box<dyn Read + 'a>,
    progress: Rc<Progress>,
    cx: &'a Cx<'a>,
    failed: Option<(io::ErrorKind, String)>,
}

impl Metered<'_> {
    fn read_within_limits(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let limits = &self.cx.settings.limits;
        let count = self.reader.read(into)?;
        let units = count as u64;
        let quota = |what: &str| io::Error::new(io::ErrorKind::QuotaExceeded, what.to_owned());
        self.cx.budget.spend(1 + units / 64).map_err(|_| quota("limit on work"))?;
        self.cx.unpacked.spend(units).map_err(|_| quota("limit on unpacked bytes"))?;
        let unpacked = self.progress.unpacked.get() + units;
        self.progress.unpacked.set(unpacked);
        if unpacked > NO_BOMB && unpacked / limits.ratio.max(1) > self.progress.packed.get() {
            self.progress.bomb.set(true);
            return Err(quota("unpacks to far more than its size lets expect"));
        }
        Ok(count)
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, why)) = &self.failed {
            return Err(io::Error::new(*kind, why.clone()));
        }
        self.read_within_limits(into).inspect_err(|error| {
            self.failed = Some((error.kind(), error.to_string()));
            *self.progress.failure.borrow_mut() = Some(ReadError::new(self.progress.unpacked.get(), error));
        })
    }
}

#[cfg(test)]
mod tests;
