//! One member of a zip archive, and its bytes: a window where they are stored, a stream where they are packed.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::settings::NO_BOMB;
use crate::{Content, Cx, Gap, Stream, Why, Window};

/// Memory that a decoder may take for its window; more is refused. Writers of zip archives stay far below.
const WINDOW: u32 = 128 << 20;
/// Bytes of a read from the archive.
const PIECE: usize = 32 << 10;

/// How a member is packed (APPNOTE 4.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Method {
    Stored,
    Deflate,
    Bzip2,
    Lzma,
    Zstd,
    Xz,
    /// No reader for this one: the number tells which.
    Other(u16),
}

impl From<u16> for Method {
    fn from(number: u16) -> Self {
        match number {
            0 => Self::Stored,
            8 => Self::Deflate,
            12 => Self::Bzip2,
            14 => Self::Lzma,
            // 20 was zstd's first number, which APPNOTE 6.3.8 withdrew.
            20 | 93 => Self::Zstd,
            95 => Self::Xz,
            other => Self::Other(other),
        }
    }
}

/// One reading of one member: two readers that disagree about it make two of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub name: String,
    /// Offset of its local header in the archive.
    pub at: u64,
    /// Offset of its bytes; `None` where there is no header to find them by.
    pub data: Option<u64>,
    /// Size that it declares to unpack to.
    pub size: u64,
    /// Bytes it takes in the archive.
    pub packed: u64,
    pub method: Method,
    pub crc: u32,
    /// A symbolic link, whose content is its target.
    pub link: bool,
    /// Flagged as encrypted, and its bytes do not read as plain ones.
    pub encrypted: bool,
}

impl Member {
    /// The member's bytes. Unpacking spends from `cx.unpacked`, and a read fails with `QuotaExceeded` where a limit ends it.
    pub(crate) fn content<'a>(&self, archive: Window<'a>, cx: &'a Cx<'_>) -> Result<Content<'a>, Gap> {
        // Stored bytes are there to be looked at, whatever they are; `open` reported that they may be encrypted.
        if self.encrypted && self.method != Method::Stored {
            return Err(self.gap(Why::Encrypted, "is encrypted"));
        }
        let Some(data) = self.data else {
            return Err(self.gap(Why::Unreadable, "has no local header to find its bytes by"));
        };
        if self.method == Method::Stored {
            // Some readers take one size, some the other; the longer reading holds both.
            return Ok(Content::Window(archive.slice(data, self.packed.max(self.size))));
        }
        let packed = archive.slice(data, self.packed);
        let reader = decoder(packed, self.method, self.size, cx).map_err(|error| match error.kind() {
            ErrorKind::Unsupported => self.gap(Why::NoReader, &error.to_string()),
            _ => self.gap(Why::Unreadable, &error.to_string()),
        })?;
        let metered = Metered { reader, packed: packed.size(), unpacked: 0, cx };
        let stream = Stream::new(Box::new(metered)).map_err(|error| {
            let why = if error.over_limit { Why::OverLimit } else { Why::Unreadable };
            self.gap(why, &error.why)
        })?;
        Ok(Content::Stream(stream))
    }

    /// The name of a folder, with nothing in it. Java packs that nothing, into two bytes.
    pub(crate) fn is_folder(&self) -> bool {
        self.name.ends_with('/') && self.size == 0 && self.packed <= 2
    }

    /// Whether the declared sizes alone make it a bomb.
    pub(super) fn is_bomb(&self, ratio: u64) -> bool {
        self.size > NO_BOMB && self.size / self.packed.max(1) > ratio
    }

    pub(super) fn gap(&self, why: Why, what: &str) -> Gap {
        Gap { why, detail: format!("member {:?} {what}", self.name) }
    }
}

/// A decoder over the packed bytes. The declared size ends only what has no end of its own.
pub(super) fn decoder<'a>(packed: Window<'a>, method: Method, size: u64, cx: &'a Cx<'_>) -> io::Result<Box<dyn Read + 'a>> {
    let mut bytes = BufReader::with_capacity(PIECE, Packed::new(packed, cx));
    Ok(match method {
        Method::Stored => Box::new(bytes),
        Method::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(bytes)),
        Method::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(bytes)),
        Method::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(bytes, true, WINDOW >> 10)),
        Method::Zstd => Box::new(ZstdFrames { bytes, frame: None }),
        Method::Lzma => {
            // 5.8.8: version of the LZMA SDK, size of the properties, then properties and dictionary size.
            let mut head = [0; 9];
            bytes.read_exact(&mut head)?;
            let [_, _, 5, 0, properties, dictionary @ ..] = head else {
                return Err(io::Error::new(ErrorKind::InvalidData, "has an LZMA header of the wrong size"));
            };
            let dictionary = u32::from_le_bytes(dictionary);
            if dictionary > WINDOW {
                return Err(io::Error::new(ErrorKind::Unsupported, "asks for an LZMA dictionary of more than 128 MiB"));
            }
            // The end is either marked or known by the size; the reader stops at whichever comes first.
            let reader = lzma_rust2::LzmaReader::new_with_props(bytes, u64::MAX, properties, dictionary, None);
            Box::new(reader.map_err(|error| io::Error::other(error.to_string()))?.take(size))
        }
        Method::Other(number) => {
            let name = match number {
                1 => "shrink",
                2..=5 => "reduce",
                6 => "implode",
                9 => "deflate64",
                97 => "WavPack",
                98 => "PPMd",
                99 => "AES encryption",
                _ => "unknown",
            };
            return Err(io::Error::new(ErrorKind::Unsupported, format!("is packed by method {number} ({name}), not examined")));
        }
    })
}

/// Zstandard frames one behind the other: a decoder of frames stops behind the first, and readers of files go on.
struct ZstdFrames<R> {
    bytes: R,
    frame: Option<FrameDecoder>,
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                while frame.can_collect() == 0 && !frame.is_finished() {
                    let ended = frame.decode_blocks(&mut self.bytes, BlockDecodingStrategy::UptoBlocks(1));
                    ended.map_err(|error| io::Error::new(ErrorKind::InvalidData, error.to_string()))?;
                }
                let count = frame.read(into)?;
                if count > 0 || into.is_empty() {
                    return Ok(count);
                }
            }
            self.frame = None;
            if self.bytes.fill_buf()?.is_empty() {
                return Ok(0);
            }
            let mut frame = FrameDecoder::new();
            frame.set_max_window_size(WINDOW.into());
            match frame.init(&mut self.bytes) {
                Ok(()) => self.frame = Some(frame),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.bytes.by_ref().take(length.into()), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error.to_string())),
            }
        }
    }
}

/// Bytes of the archive, in order.
pub(super) struct Packed<'a, 'c> {
    window: Window<'a>,
    at: u64,
    cx: &'a Cx<'c>,
}

impl<'a, 'c> Packed<'a, 'c> {
    pub(super) fn new(window: Window<'a>, cx: &'a Cx<'c>) -> Self {
        Self { window, at: 0, cx }
    }
}

impl Read for Packed<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.cx.budget.spend(1 + into.len() as u64 / 64).map_err(|_| over("limit on the work for one file"))?;
        let count = self.window.read_at(self.at, into).map_err(|error| io::Error::other(error.to_string()))?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Counts what comes out, and stops a bomb.
struct Metered<'a, 'c> {
    reader: Box<dyn Read + 'a>,
    packed: u64,
    unpacked: u64,
    cx: &'a Cx<'c>,
}

impl Read for Metered<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        self.unpacked += count as u64;
        self.cx.unpacked.spend(count as u64).map_err(|_| over("limit on the bytes unpacked from one file"))?;
        let ratio = self.cx.settings.limits.ratio;
        if self.unpacked > NO_BOMB && self.unpacked / self.packed.max(1) > ratio {
            return Err(over("limit on the ratio of unpacked to packed bytes"));
        }
        Ok(count)
    }
}

fn over(limit: &'static str) -> io::Error {
    io::Error::new(ErrorKind::QuotaExceeded, limit)
}
