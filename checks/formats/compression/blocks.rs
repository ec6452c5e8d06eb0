//! gzip, zlib, bzip2, xz and LZMA through decoders that are fed a piece at a time: what they wrote before an error is kept.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress};
use lzma_rust2::{Action, LzmaStream, XzStream};

use super::Kind;
use super::feed::Feed;

/// The LZMA decoders lose what they wrote in the call that fails: so a call writes little.
const PIECE: usize = 512;

enum Decoder {
    Deflate(Box<Decompress>),
    Bzip2(Box<bzip2::Decompress>),
    Xz(Box<XzStream>),
    Lzma(Box<LzmaStream>),
}

/// Progress of one call, whatever its outcome.
struct Step {
    consumed: usize,
    produced: usize,
    /// Whether the member has ended.
    outcome: io::Result<bool>,
}

pub(super) struct Blocks<'a> {
    feed: Feed<'a>,
    kind: Kind,
    memory: u32,
    decoder: Option<Decoder>,
    /// Told after the bytes that came before it.
    failed: Option<io::Error>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(feed: Feed<'a>, kind: Kind, memory: u32) -> Self {
        let mut this = Self { feed, kind, memory, decoder: None, failed: None };
        this.decoder = Some(this.decoder());
        this
    }

    fn decoder(&self) -> Decoder {
        let kib = self.memory >> 10;
        match self.kind {
            Kind::Gzip => Decoder::Deflate(Box::new(Decompress::new_gzip(15))),
            Kind::Bzip2 => Decoder::Bzip2(Box::new(bzip2::Decompress::new(false))),
            Kind::Xz => Decoder::Xz(Box::new(XzStream::new_mem_limit(false, kib))),
            Kind::Lzma => Decoder::Lzma(Box::new(LzmaStream::new_mem_limit(kib, None))),
            _ => Decoder::Deflate(Box::new(Decompress::new(true))),
        }
    }

    /// Behind a member: the next one, or the end.
    fn next_member(&mut self) -> io::Result<()> {
        let kind = self.kind;
        // This decoder takes all it is given, and says at its end what was not for it.
        if let Some(Decoder::Lzma(decoder)) = &self.decoder
            && !decoder.unused_input().is_empty()
        {
            self.feed.note_trailing(decoder.unused_input().len());
            self.decoder = None;
            return Ok(());
        }
        let another = self.feed.another(matches!(kind, Kind::Gzip | Kind::Xz), |rest| match kind {
            Kind::Gzip => rest.starts_with(b"\x1f\x8b"),
            Kind::Bzip2 => rest.starts_with(b"BZh"),
            Kind::Xz => rest.starts_with(b"\xfd7zXZ\0"),
            // Nothing reads a second zlib stream or LZMA file behind the first.
            _ => false,
        })?;
        self.decoder = another.then(|| self.decoder());
        Ok(())
    }
}

impl Read for Blocks<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        loop {
            let Some(decoder) = &mut self.decoder else { return Ok(0) };
            self.feed.fill(1)?;
            let last = self.feed.ended();
            let input = self.feed.fill(0)?;
            let ended = input.is_empty();
            let step = decoder.step(input, into, last);
            self.feed.consume(step.consumed);
            match step.outcome {
                Ok(true) => {
                    if let Err(error) = self.next_member() {
                        self.failed = Some(error);
                        self.decoder = None;
                    }
                }
                Ok(false) if ended && step.produced == 0 && step.consumed == 0 => {
                    self.decoder = None;
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the compressed stream ends too early"));
                }
                Ok(false) => {}
                Err(error) => {
                    self.decoder = None;
                    self.failed = Some(error);
                }
            }
            if step.produced > 0 {
                return Ok(step.produced);
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
        }
    }
}

impl Decoder {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Step {
        let corrupt = |error: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        match self {
            Self::Deflate(decoder) => {
                let (before_in, before_out) = (decoder.total_in(), decoder.total_out());
                let outcome = decoder.decompress(input, output, FlushDecompress::None);
                Step {
                    consumed: count(decoder.total_in() - before_in),
                    produced: count(decoder.total_out() - before_out),
                    outcome: outcome
                        .map(|status| status == flate2::Status::StreamEnd)
                        .map_err(|_| corrupt(&"the compressed stream is corrupt")),
                }
            }
            Self::Bzip2(decoder) => {
                let (before_in, before_out) = (decoder.total_in(), decoder.total_out());
                let outcome = decoder.decompress(input, output);
                Step {
                    consumed: count(decoder.total_in() - before_in),
                    produced: count(decoder.total_out() - before_out),
                    outcome: match outcome {
                        Ok(bzip2::Status::MemNeeded) => Err(io::ErrorKind::OutOfMemory.into()),
                        Ok(status) => Ok(status == bzip2::Status::StreamEnd),
                        Err(error) => Err(corrupt(&format!("the compressed stream is corrupt ({error})"))),
                    },
                }
            }
            Self::Xz(decoder) => {
                let piece = output.len().min(PIECE);
                lzma(decoder.process(input, output.get_mut(..piece).unwrap_or_default(), action(last)))
            }
            Self::Lzma(decoder) => {
                let piece = output.len().min(PIECE);
                lzma(decoder.process(input, output.get_mut(..piece).unwrap_or_default(), action(last)))
            }
        }
    }
}

fn action(last: bool) -> Action {
    if last { Action::Finish } else { Action::Run }
}

fn lzma(result: io::Result<lzma_rust2::StreamResult>) -> Step {
    match result {
        Ok(done) => Step {
            consumed: done.bytes_consumed,
            produced: done.bytes_produced,
            outcome: Ok(done.status == lzma_rust2::Status::StreamEnd),
        },
        // The decoder would need more memory than it may have.
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
            let error = io::Error::new(io::ErrorKind::QuotaExceeded, "limit on the decoder's memory");
            Step { consumed: 0, produced: 0, outcome: Err(error) }
        }
        Err(error) => Step { consumed: 0, produced: 0, outcome: Err(error) },
    }
}

fn count(difference: u64) -> usize {
    usize::try_from(difference).unwrap_or(0)
}
