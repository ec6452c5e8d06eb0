//! Bytes for the pickle machine: forward, buffered, with jumps over what nobody looks into.

use std::io::{ErrorKind, Read as _};
use std::rc::Rc;

use crate::{Content, ReadError, Stream, Window};

/// Bytes read ahead; also the longest operand that is looked at as a whole.
const BUFFER: usize = 64 << 10;
/// Longest text line that is always kept. Lines carry names and numbers, and protocol-0 data.
const LINE: usize = 64 << 10;
/// Longest text line kept while [`CAPTURE_ALL`] lasts; the rest of a longer one is skipped.
const CAPTURE_LINE: usize = 16 << 20;
/// Longest byte string kept from a stream that cannot be read again.
const CAPTURE: u64 = 16 << 20;
/// All byte strings kept from one stream together.
const CAPTURE_ALL: u64 = 64 << 20;

/// Forward reader over a window or a stream.
pub(crate) struct Input<'a> {
    origin: Origin<'a>,
    buffer: Vec<u8>,
    /// Bytes in the buffer; what stands behind them is of an earlier filling.
    len: usize,
    /// Offset of `buffer[0]`.
    start: u64,
    at: usize,
    captured: u64,
    /// Bytes actually read, for the work budget.
    read: u64,
    /// Where the frame ends whose rest is lost to an operand that runs over it; see [`Input::dropping`].
    drop_at: Option<u64>,
    drops: bool,
    /// What ended the bytes too early; told again whenever more are asked for.
    failed: Option<ReadError>,
}

enum Origin<'a> {
    Window(Window<'a>),
    Stream(Stream<'a>),
}

/// Why an operand could not be read.
#[derive(Debug)]
pub(crate) enum Short {
    /// The bytes end before the operand does.
    End,
    Read(ReadError),
}

impl From<ReadError> for Short {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// A run of bytes too long to keep, or kept.
#[derive(Clone, Debug)]
pub struct Span {
    pub at: u64,
    pub size: u64,
    pub kept: Option<Rc<[u8]>>,
    /// Of a bytearray, which later opcodes can change.
    pub array: bool,
    /// A text line, written with escapes: its bytes in the file are not those of the string.
    pub line: bool,
}

impl Span {
    /// Stands for any text that was not kept, nor its place: the memory for it was used up.
    pub(crate) fn forgotten() -> Self {
        Self { at: 0, size: 0, kept: None, array: false, line: false }
    }

    pub(crate) fn is_forgotten(&self) -> bool {
        self.size == 0 && self.kept.is_none()
    }
}

/// A text line without its line feed.
pub(crate) struct Line {
    pub(crate) bytes: Vec<u8>,
    /// Longer than what is kept.
    pub(crate) cut: bool,
    /// Its last byte, and its last byte that is not blank, whether kept or not.
    pub(crate) last: u8,
    pub(crate) last_ink: u8,
    /// Ended by the end of the bytes, not by a line feed.
    pub(crate) unended: bool,
}

impl<'a> Input<'a> {
    pub(crate) fn new(content: Content<'a>) -> Self {
        let origin = match content {
            Content::Window(window) => Origin::Window(window),
            Content::Stream(stream) => Origin::Stream(stream),
        };
        Self {
            origin,
            buffer: Vec::new(),
            len: 0,
            start: 0,
            at: 0,
            captured: 0,
            read: 0,
            drop_at: None,
            drops: false,
            failed: None,
        }
    }

    /// Reads as `_pickle.c` before 3.13.15 and 3.14.7 does from a file object without `peek` (`io.BytesIO`, as
    /// `torch.load` uses): an operand that runs over the end of its frame begins behind the frame, and what was left
    /// of the frame is lost (python/cpython#154848).
    pub(crate) fn dropping(window: Window<'a>) -> Self {
        Self { drops: true, ..Self::new(Content::Window(window)) }
    }

    pub(super) fn drops(&self) -> bool {
        self.drops
    }

    /// Enters a frame of `size` bytes; `false` if there are not as many. One that lies within the current frame changes nothing.
    pub(super) fn enter_dropping(&mut self, size: u64) -> Result<bool, Short> {
        if let (Some(end), Some(frame)) = (self.drop_at, self.position().checked_add(size))
            && frame <= end
        {
            return Ok(true);
        }
        self.drop_rest()?;
        self.drop_at = self.left().filter(|&left| size <= left).map(|_| self.position() + size);
        Ok(self.drop_at.is_some())
    }

    fn drop_rest(&mut self) -> Result<(), Short> {
        match self.drop_at.take() {
            Some(end) => self.skip(end.saturating_sub(self.position())),
            None => Ok(()),
        }
    }

    /// Before an operand of `size` bytes.
    fn straddle(&mut self, size: u64) -> Result<(), Short> {
        match self.drop_at {
            Some(end) if self.position().saturating_add(size) > end => self.drop_rest(),
            _ => Ok(()),
        }
    }

    pub(crate) fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Bytes left, where that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match &self.origin {
            Origin::Window(window) => Some(window.size().saturating_sub(self.position())),
            Origin::Stream(_) => None,
        }
    }

    /// The window, if the bytes can be read again.
    pub(crate) fn window(&self) -> Option<Window<'a>> {
        match &self.origin {
            Origin::Window(window) => Some(*window),
            Origin::Stream(_) => None,
        }
    }

    /// Bytes read since the last call.
    pub(crate) fn take_read(&mut self) -> u64 {
        std::mem::take(&mut self.read)
    }

    /// Makes `want` bytes available in the buffer, if there are as many.
    fn fill(&mut self, want: usize) -> Result<usize, ReadError> {
        let have = self.len - self.at;
        if have >= want { Ok(have) } else { self.refill(want) }
    }

    #[cold]
    fn refill(&mut self, want: usize) -> Result<usize, ReadError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.buffer.copy_within(self.at..self.len, 0);
        self.len -= self.at;
        self.start += self.at as u64;
        self.at = 0;
        // The first read is small: most of what is probed ends within a page.
        let size = if self.start == 0 && self.len == 0 { 4096 } else { BUFFER };
        // No more than there is: most files and members are small.
        let size = self.left().and_then(|left| usize::try_from(left).ok()).map_or(size, |left| size.min(left));
        if self.buffer.len() < size.max(want) {
            self.buffer.resize(size.max(want), 0);
        }
        while self.len < want {
            let at = self.start + self.len as u64;
            let rest = self.buffer.get_mut(self.len..).unwrap_or_default();
            let count = match &mut self.origin {
                Origin::Window(window) => window.read_at(at, rest),
                Origin::Stream(stream) => match stream.read(rest) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    read => read.map_err(|error| ReadError::new(at, &error)),
                },
            };
            let count = count.inspect_err(|error| self.failed = Some(error.clone()))?;
            if count == 0 {
                break;
            }
            self.len += count;
            self.read += count as u64;
        }
        Ok(self.len)
    }

    pub(crate) fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        let have = self.fill(1)?;
        Ok(self.buffer.get(self.at).copied().filter(|_| have > 0))
    }

    pub(crate) fn at_end(&mut self) -> bool {
        matches!(self.peek(), Ok(None))
    }

    /// Up to `size` bytes from here, without consuming them.
    pub(crate) fn head(&mut self, size: usize) -> &[u8] {
        let have = self.fill(size).unwrap_or(0).min(size);
        self.buffer.get(self.at..self.at + have).unwrap_or_default()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Short> {
        if self.at == self.len && self.refill(1)? == 0 {
            return Err(Short::End);
        }
        let byte = *self.buffer.get(self.at).ok_or(Short::End)?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, size: usize) -> Result<&[u8], Short> {
        if self.fill(size)? < size {
            return Err(Short::End);
        }
        let at = self.at;
        self.at += size;
        self.buffer.get(at..at + size).ok_or(Short::End)
    }

    /// The next `size` bytes, which are consumed; `size` must be bounded by the caller.
    pub(crate) fn bytes(&mut self, size: usize) -> Result<&[u8], Short> {
        self.straddle(size as u64)?;
        self.take(size)
    }

    /// A fixed-size operand.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        self.straddle(N as u64)?;
        self.take(N)?.try_into().map_err(|_| Short::End)
    }

    /// Reads up to a line feed, which is consumed.
    pub(crate) fn line(&mut self) -> Result<Line, ReadError> {
        let line = self.whole_line()?;
        // The line ran over the end of its frame: it begins there.
        if let Some(end) = self.drop_at.filter(|&end| self.position() > end) {
            self.drop_at = None;
            let length = line.bytes.len() as u64 + u64::from(!line.unended);
            if !line.cut && self.position() - length < end {
                self.seek(end);
                return self.whole_line();
            }
        }
        Ok(line)
    }

    fn seek(&mut self, to: u64) {
        self.start = to;
        self.len = 0;
        self.at = 0;
    }

    fn whole_line(&mut self) -> Result<Line, ReadError> {
        let mut line = Line { bytes: Vec::new(), cut: false, unended: false, last: 0, last_ink: 0 };
        let most = if self.captured < CAPTURE_ALL { CAPTURE_LINE } else { LINE };
        loop {
            if self.fill(1)? == 0 {
                line.unended = true;
                return Ok(line);
            }
            let rest = self.buffer.get(self.at..self.len).unwrap_or_default();
            let end = rest.iter().position(|&byte| byte == b'\n');
            let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let room = most - line.bytes.len();
            line.bytes.extend_from_slice(part.get(..room).unwrap_or(part));
            line.cut |= part.len() > room;
            line.last = part.last().copied().unwrap_or(line.last);
            line.last_ink = part.iter().rfind(|&&byte| byte > b' ').copied().unwrap_or(line.last_ink);
            self.at += part.len();
            if end.is_some() {
                self.at += 1;
                if line.bytes.len() > LINE {
                    self.captured += line.bytes.len() as u64;
                }
                return Ok(line);
            }
        }
    }

    /// A string's bytes, as [`Input::span`].
    pub(crate) fn text_span(&mut self, size: u64) -> Result<Span, Short> {
        self.straddle(size)?;
        self.span(size, 0)
    }

    /// A byte string of `size` bytes: kept if it is at most `keep` long, else only remembered by its place.
    pub(crate) fn span(&mut self, size: u64, keep: usize) -> Result<Span, Short> {
        let at = self.position();
        if let Ok(small) = usize::try_from(size)
            && small <= keep
        {
            debug_assert!(keep <= BUFFER);
            let kept = Some(Rc::from(self.take(small)?));
            return Ok(Span { at, size, kept, array: false, line: false });
        }
        let capture = matches!(self.origin, Origin::Stream(_)) && size <= CAPTURE && self.captured + size <= CAPTURE_ALL;
        if capture {
            let mut bytes = Vec::new();
            while (bytes.len() as u64) < size {
                let have = self.fill(1)?;
                let want = usize::try_from(size).unwrap_or(usize::MAX) - bytes.len();
                let part = self.buffer.get(self.at..self.at + have.min(want)).unwrap_or_default();
                if part.is_empty() {
                    return Err(Short::End);
                }
                bytes.extend_from_slice(part);
                self.at += part.len();
            }
            self.captured += size;
            return Ok(Span { at, size, kept: Some(bytes.into()), array: false, line: false });
        }
        self.skip(size)?;
        Ok(Span { at, size, kept: None, array: false, line: false })
    }

    /// Jumps over `size` bytes, which must exist.
    pub(crate) fn skip(&mut self, size: u64) -> Result<(), Short> {
        if self.left().is_some_and(|left| size > left) {
            return Err(Short::End);
        }
        let buffered = (self.len - self.at) as u64;
        if size <= buffered {
            self.at += usize::try_from(size).unwrap_or(usize::MAX);
            return Ok(());
        }
        if let Origin::Window(_) = self.origin {
            self.seek(self.position() + size);
            return Ok(());
        }
        let mut rest = size;
        while rest > 0 {
            let have = self.fill(1)? as u64;
            if have == 0 {
                return Err(Short::End);
            }
            let step = have.min(rest);
            self.at += usize::try_from(step).unwrap_or(usize::MAX);
            rest -= step;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_window_and_a_stream_read_alike() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
        let stream = Stream::new(Box::new(&bytes[..])).unwrap();
        let mut inputs = [Input::new(Content::Window(Window::file(&bytes))), Input::new(Content::Stream(stream))];
        for input in &mut inputs {
            assert_eq!(input.array::<3>().unwrap(), [0, 1, 2]);
            input.skip(70_000).unwrap();
            assert_eq!(input.position(), 70_003);
            let span = input.span(100, 4096).unwrap();
            assert_eq!(span.kept.as_deref(), Some(&bytes[70_003..70_103]));
            assert!(input.line().unwrap().bytes.len() < 251);
            assert!(matches!(input.skip(1 << 40), Err(Short::End)));
        }
    }

    /// Gives one to seven bytes at a time, and sometimes an interruption first.
    struct Dribble<'a>(&'a [u8], usize);

    impl std::io::Read for Dribble<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(11) {
                return Err(ErrorKind::Interrupted.into());
            }
            let count = (1 + self.1 % 7).min(into.len()).min(self.0.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    /// Length and a hash (FNV-1a).
    fn brief(bytes: &[u8]) -> (usize, u32) {
        (bytes.len(), bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)))
    }

    /// Reads of all kinds, told as text.
    fn reads(mut input: Input<'_>, plan: &[(u8, usize)]) -> Vec<String> {
        let mut told = Vec::new();
        for &(kind, size) in plan {
            let read = match kind {
                0 => format!("{:?}", input.byte()),
                1 => format!("{:?}", input.array::<8>()),
                2 => format!("{:?}", input.bytes(size.min(BUFFER)).map(brief)),
                3 => input.line().map_or_else(
                    |error| error.to_string(),
                    |line| format!("{:?} {} {}", brief(&line.bytes), line.cut, line.unended),
                ),
                4 => format!("{:?}", input.skip(size as u64)),
                5 => format!("{:?}", brief(input.head(size.min(64)))),
                _ => format!(
                    "{:?}",
                    input.span(size as u64, 4096).map(|span| (
                        span.at,
                        span.size,
                        span.kept.filter(|_| size <= 4096).as_deref().map(brief)
                    ))
                ),
            };
            if read.contains("End") {
                told.push(read); // where it stands after a failed read is of no meaning
                break;
            }
            told.push(format!("{read} at {}", input.position()));
        }
        told
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(200))]

        /// Sizes and line ends around the edges of the buffer, from memory, from a stream, and from one that dribbles.
        #[test]
        fn every_source_gives_the_same(
            plan in proptest::collection::vec((0..7_u8, proptest::prop_oneof![0..20_usize, 4080..4110_usize, 65_500..65_600_usize]), 1..25),
            feeds in proptest::collection::vec(proptest::prop_oneof![0..10_usize, 4090..4100_usize, 65_530..65_540_usize], 0..6),
            size in proptest::prop_oneof![0..200_usize, 4000..4200_usize, 131_000..131_200_usize],
        ) {
            let mut bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).map(|byte| if byte == b'\n' { b'-' } else { byte }).collect();
            let mut at = 0;
            for feed in feeds {
                at += feed;
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = b'\n';
                }
            }
            let window = reads(Input::new(Content::Window(Window::file(&bytes))), &plan);
            let stream = Stream::new(Box::new(&bytes[..])).unwrap();
            proptest::prop_assert_eq!(&window, &reads(Input::new(Content::Stream(stream)), &plan));
            let stream = Stream::new(Box::new(Dribble(&bytes, 0))).unwrap();
            proptest::prop_assert_eq!(&window, &reads(Input::new(Content::Stream(stream)), &plan));
        }
    }

    #[test]
    fn what_could_not_be_read_is_not_taken_for_zeros() {
        struct Fails;
        impl std::io::Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("bad sector"))
            }
        }
        let good = vec![1_u8; 64 << 10];
        let stream = Stream::new(Box::new(std::io::Read::chain(&good[..], Fails))).unwrap();
        let mut input = Input::new(Content::Stream(stream));
        input.skip(good.len() as u64).unwrap();
        for _ in 0..2 {
            assert!(matches!(input.byte(), Err(Short::Read(_))));
            assert!(matches!(input.array::<4>(), Err(Short::Read(_))));
        }
    }
}
