//! What supervisor and worker say to each other over the worker's standard input and output.
//!
//! Every message is a frame: its length as four little-endian bytes, then that many bytes. Down go one [`Setup`]
//! and then jobs; up come [`Answer`]s. Both ends are this same program, so a frame that does not parse is a defect.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sluicegate_checks::Settings;

use crate::report::{CheckRun, Outcome, SubjectRecord};

/// Longest frame either end accepts: a million findings of one archive stay far below.
const FRAME: usize = 1 << 30;

/// The first frame to a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) settings: Settings,
    /// Ids of the checks to ask.
    pub(super) checks: Vec<String>,
    pub(super) digests: Digests,
}

/// Of which files the SHA-256 is taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Digests {
    All,
    /// Only of files in which one of these checks finds something.
    WhenFound(Vec<String>),
}

/// One file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: u32,
    /// What to open. It is no link: links were resolved when it was collected.
    pub(crate) path: PathBuf,
    /// What the user calls it.
    pub(crate) name: String,
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// All that was found out about one file.
    Done { id: u32, records: Vec<Packed> },
    /// A sign of life: the job in hand, and how much work was done so far.
    Beat { id: u32, progress: u64 },
}

/// A record on its way: most checks say "clean" of most subjects, so that these are numbers only.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Packed {
    #[serde(rename = "r")]
    record: SubjectRecord,
    /// Indices of the checks, in the setup's list, that found nothing.
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    clean: Vec<u16>,
}

impl Packed {
    /// `checks` is the setup's list.
    pub(super) fn new(mut record: SubjectRecord, checks: &[String]) -> Self {
        let mut clean = Vec::new();
        record.runs.retain(|run| {
            let index = if matches!(run.outcome, Outcome::Clean) { checks.iter().position(|id| *id == run.check) } else { None };
            match index.and_then(|index| u16::try_from(index).ok()) {
                Some(index) => {
                    clean.push(index);
                    false
                }
                None => true,
            }
        });
        Self { record, clean }
    }

    pub(super) fn unpack(self, checks: &[String]) -> SubjectRecord {
        let Self { mut record, clean } = self;
        let clean = clean.into_iter().filter_map(|index| checks.get(usize::from(index)));
        record.runs.extend(clean.map(|check| CheckRun { check: check.clone(), outcome: Outcome::Clean }));
        record.runs.sort_by(|one, two| one.check.cmp(&two.check));
        record
    }
}

impl Job {
    /// Bytes of its frame, about.
    pub(super) fn weight(&self) -> usize {
        self.path.as_os_str().len() + self.name.len() + 12
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let path = self.path.as_os_str().as_bytes();
        let length = 8 + path.len() + self.name.len();
        out.write_all(&number(length)?.to_le_bytes())?;
        out.write_all(&self.id.to_le_bytes())?;
        out.write_all(&number(path.len())?.to_le_bytes())?;
        out.write_all(path)?;
        out.write_all(self.name.as_bytes())
    }

    /// The next job; `None` when the supervisor has no more.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let Some(frame) = read_frame(from)? else { return Ok(None) };
        let parsed = || {
            let (id, rest) = frame.split_first_chunk::<4>()?;
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let (path, name) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            let path = Path::new(OsStr::from_bytes(path)).to_owned();
            Some(Self { id: u32::from_le_bytes(*id), path, name: str::from_utf8(name).ok()?.to_owned() })
        };
        parsed().map(Some).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }
}

/// Writes a value as a frame of JSON.
pub(super) fn write<T: Serialize>(value: &T, out: &mut impl Write) -> io::Result<()> {
    let json = serde_json::to_vec(value)?;
    out.write_all(&number(json.len())?.to_le_bytes())?;
    out.write_all(&json)
}

/// Reads a frame of JSON; `None` at the end.
pub(super) fn read<T: for<'d> Deserialize<'d>>(from: &mut impl Read) -> io::Result<Option<T>> {
    let frame = read_frame(from)?;
    Ok(frame.map(|frame| serde_json::from_slice(&frame)).transpose()?)
}

fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > FRAME {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = Vec::new();
    from.take(length as u64).read_to_end(&mut frame)?;
    if frame.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Some(frame)) }
}

fn number(length: usize) -> io::Result<u32> {
    u32::try_from(length).ok().filter(|_| length <= FRAME).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_survives_the_way_whatever_its_name() {
        let job = Job { id: 7, path: Path::new(OsStr::from_bytes(b"/a/\xff\n")).to_owned(), name: r"\xff\n".into() };
        let mut bytes = Vec::new();
        job.write(&mut bytes).unwrap();
        job.write(&mut bytes).unwrap();
        let mut from = &bytes[..];
        assert_eq!(Job::read(&mut from).unwrap().as_ref(), Some(&job));
        assert_eq!(Job::read(&mut from).unwrap(), Some(job));
        assert_eq!(Job::read(&mut from).unwrap(), None);
    }

    #[test]
    fn a_cut_frame_is_an_error_and_a_long_one_allocates_nothing() {
        assert!(Job::read(&mut &[9, 0, 0, 0, 1][..]).is_err());
        assert!(Job::read(&mut &[255, 255, 255, 255][..]).is_err());
    }
}
