//! A thing to look at: its name, the place it has in a container, and where its bytes come from.

use std::{fmt, io};

use serde::{Deserialize, Serialize};

/// Bytes that can be read at any place, a bounded piece at a time.
///
/// Implemented over a file outside this package and over memory inside it. A short read means the end of the bytes.
pub trait Source {
    fn size(&self) -> u64;
    /// Reads up to `into.len()` bytes from `at`; 0 at and behind the end.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize>;
}

impl Source for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}

impl Source for Vec<u8> {
    fn size(&self) -> u64 {
        self.as_slice().size()
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(at, into)
    }
}

/// The source ended or refused where bytes were promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    pub at: u64,
    pub why: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read at byte {}: {}", self.at, self.why)
    }
}

/// A part of a source: a whole file, or a member that its container stores uncompressed.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    source: &'a dyn Source,
    start: u64,
    size: u64,
    /// Whether offsets of the source are offsets of the file a user sees.
    in_file: bool,
}

impl<'a> Window<'a> {
    /// A file: offsets in it are what a user sees.
    pub fn file(source: &'a dyn Source) -> Self {
        Self { source, start: 0, size: source.size(), in_file: true }
    }

    /// Unpacked bytes in memory: offsets in them are not offsets of the file.
    pub fn memory(source: &'a dyn Source) -> Self {
        Self { source, start: 0, size: source.size(), in_file: false }
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// The part from `at`, cut to what there is.
    #[must_use]
    pub fn slice(&self, at: u64, size: u64) -> Self {
        let at = at.min(self.size);
        Self { start: self.start + at, size: size.min(self.size - at), ..*self }
    }

    /// Offset `at` of this window, counted from the beginning of the file, if the file holds these very bytes.
    pub fn in_file(&self, at: u64) -> Option<u64> {
        self.in_file.then(|| self.start.saturating_add(at))
    }

    /// Reads up to `into.len()` bytes; fewer only at the end.
    pub fn read_at(&self, at: u64, into: &mut [u8]) -> Result<usize, ReadError> {
        let want = self.size.saturating_sub(at).min(into.len() as u64);
        let want = usize::try_from(want).unwrap_or(usize::MAX);
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..want).filter(|rest| !rest.is_empty()) {
            match self.source.read_at(self.start + at + done as u64, rest) {
                Ok(0) => return Err(ReadError { at: at + done as u64, why: "the file became shorter while it was read".into() }),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError { at: at + done as u64, why: error.to_string() }),
            }
        }
        Ok(done)
    }

    /// The bytes `at..at + size`, fewer at the end. `size` must be bounded by the caller.
    pub fn bytes(&self, at: u64, size: usize) -> Result<Vec<u8>, ReadError> {
        let size = self.size.saturating_sub(at).min(size as u64);
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        let count = self.read_at(at, &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }
}

/// Bytes that come once, from the beginning: what a decompressor gives.
pub struct Stream<'a> {
    reader: Box<dyn io::Read + 'a>,
    head: Vec<u8>,
    taken: usize,
    /// What ended the head, kept until the bytes before it are read: loaders work with those too.
    broken: Option<io::Error>,
}

impl<'a> Stream<'a> {
    /// How much of a stream can be looked at before it is read; enough for every signature (tar's stands at byte 257).
    const HEAD: u64 = 64 << 10;

    pub fn new(mut reader: Box<dyn io::Read + 'a>) -> Result<Self, ReadError> {
        let mut head = Vec::new();
        match io::Read::read_to_end(&mut io::Read::take(&mut reader, Self::HEAD), &mut head) {
            Err(error) if head.is_empty() => Err(ReadError { at: 0, why: error.to_string() }),
            ended => Ok(Self { reader, head, taken: 0, broken: ended.err() }),
        }
    }

    /// The first bytes, without consuming them.
    pub fn head(&self) -> &[u8] {
        &self.head
    }
}

impl io::Read for Stream<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = self.head.get(self.taken..).unwrap_or_default();
        if rest.is_empty() {
            return self.broken.take().map_or_else(|| self.reader.read(into), Err);
        }
        let count = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.taken += count;
        Ok(count)
    }
}

/// Where an artefact's bytes come from.
pub enum Content<'a> {
    Window(Window<'a>),
    Stream(Stream<'a>),
}

/// What an artefact is called: a path as the user knows it, and the members that lead further inside.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Name {
    /// Relative to the root of the scan, `/` between parts; bytes that are not UTF-8 are escaped as `\xNN`.
    pub path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

impl Name {
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), members: Vec::new() }
    }

    /// The name of a member of this artefact.
    #[must_use]
    pub fn member(&self, name: impl Into<String>) -> Self {
        let mut members = self.members.clone();
        members.push(name.into());
        Self { path: self.path.clone(), members }
    }

    /// The innermost name: the last member, or the path.
    pub fn last(&self) -> &str {
        self.members.last().unwrap_or(&self.path)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        self.members.iter().try_for_each(|member| write!(f, "!{member}"))
    }
}

/// What a loader would do with the bytes, as far as the place says it: decides when a broken pickle is a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing is known: only the content speaks.
    Unknown,
    /// Its file name says pickle (`.pkl`, `.pt`, `.joblib` …), and nothing but the name does.
    Named,
    /// A loader unpickles it: `data.pkl` of a torch zip, the body of an object array, bytes handed to a loader.
    Pickle,
    /// joblib reads it: a pickle with raw arrays between its opcodes.
    Joblib,
}
