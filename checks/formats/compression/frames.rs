//! LZ4 and Zstandard: formats of frames, between which frames to be skipped may stand.

use std::io::{self, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::feed::Feed;

const LZ4: &[u8] = b"\x04\x22\x4d\x18";
const LZ4_LEGACY: &[u8] = b"\x02\x21\x4c\x18";
/// Magic, flags, block size and a check byte; a legacy frame has at least the length of a block behind its magic.
const LZ4_HEADER: usize = 7;
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Both formats share the magic numbers of frames to be skipped, 0x184d2a50 to 0x184d2a5f.
fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Stands on the next frame with data, if there is one; the first must be there.
fn next_frame(feed: &mut Feed<'_>, magic: &[&[u8]], started: &mut bool) -> io::Result<bool> {
    while feed.another(false, |rest| is_skippable(rest) || magic.iter().any(|magic| rest.starts_with(magic)))? {
        *started = true;
        // Too short for a frame to be skipped: the decoder says what is missing.
        let Some((head, length)) = feed.fill(8)?.get(..8).and_then(<[u8]>::split_last_chunk::<4>) else { return Ok(true) };
        let length = u32::from_le_bytes(*length);
        if !is_skippable(head) {
            return Ok(true);
        }
        feed.skip(8 + u64::from(length))?;
    }
    if *started { Ok(false) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "no frame begins here")) }
}

fn too_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the compressed stream ends too early")
}

pub(super) struct Lz4<'a> {
    decoder: lz4_flex::frame::FrameDecoder<Feed<'a>>,
    legacy: bool,
    started: bool,
    inside: bool,
}

impl<'a> Lz4<'a> {
    pub(super) fn new(feed: Feed<'a>) -> Self {
        Self { decoder: lz4_flex::frame::FrameDecoder::new(feed), legacy: false, started: false, inside: false }
    }
}

impl Read for Lz4<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside && !next_frame(self.decoder.get_mut(), &[LZ4, LZ4_LEGACY], &mut self.started)? {
                return Ok(0);
            }
            // The decoder takes a frame that ends within its header for the end.
            if !self.inside {
                let head = self.decoder.get_mut().fill(LZ4_HEADER)?;
                self.legacy = head.starts_with(LZ4_LEGACY);
                if head.len() < LZ4_HEADER {
                    return Err(too_early());
                }
            }
            self.inside = true;
            match self.decoder.read(into)? {
                // Only legacy frames end with the file; the decoder takes any for ended there.
                0 if self.decoder.get_ref().starved() && !self.legacy => return Err(too_early()),
                0 => self.inside = false,
                count => return Ok(count),
            }
        }
    }
}

pub(super) struct Zstd<'a> {
    feed: Feed<'a>,
    decoder: FrameDecoder,
    started: bool,
    inside: bool,
}

impl<'a> Zstd<'a> {
    pub(super) fn new(feed: Feed<'a>, memory: u32) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(memory.into());
        Self { feed, decoder, started: false, inside: false }
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        use ruzstd::decoding::errors::FrameDecoderError;
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside {
                if !next_frame(&mut self.feed, &[ZSTD], &mut self.started)? {
                    return Ok(0);
                }
                self.decoder.init(&mut self.feed).map_err(|error| match error {
                    FrameDecoderError::WindowSizeTooBig { .. } => {
                        io::Error::new(io::ErrorKind::QuotaExceeded, "limit on the decoder's memory")
                    }
                    error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
                })?;
                self.inside = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.feed, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            }
            let count = self.decoder.read(into)?;
            if count > 0 {
                return Ok(count);
            }
            self.inside = false;
            let wanted = self.decoder.get_checksum_from_data();
            if wanted.is_some() && wanted != self.decoder.get_calculated_checksum() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of the frame is wrong"));
            }
        }
    }
}
