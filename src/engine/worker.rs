//! The worker process: takes jobs from standard input, examines one file after the other, answers on standard output.
//!
//! It is alone with hostile bytes: whatever they do to it, the supervisor lives on and knows which file it was.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, OpenOptionsExt as _};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sha2::{Digest as _, Sha256};
use sluicegate_checks::{
    Budget, Check, Content, Cx, Form, Gap, Kind, Name, Role, Sink, Source, Subject, Why, Window, examine, find,
};

use super::protocol::{self, Answer, Digests, Job, Packed, Setup};
use crate::report::{CheckRun, EVERY_CHECK, Outcome, Reported, SubjectRecord};

/// Address space of a worker. A reader that wants more ends it, and the file in hand is `Failed`.
const MEMORY: u64 = 2 << 30;
/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(1);
/// No job in hand.
const IDLE: u32 = u32::MAX;
/// Bytes hashed at a time.
const PIECE: usize = 256 << 10;
/// Bytes kept from the beginning of each file.
const HEAD: usize = 4 << 10;
/// Answers gathered before they are sent, as long as more jobs wait.
const GATHER: usize = 32 << 10;

/// Runs until the supervisor has no more jobs.
pub(crate) fn run() -> io::Result<()> {
    limit_memory()?;
    let mut jobs = BufReader::with_capacity(64 << 10, io::stdin().lock());
    let setup: Setup = protocol::read(&mut jobs)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let checks: Vec<_> = setup.checks.iter().filter_map(|id| find(id)).collect();
    let answers = Arc::new(Mutex::new(BufWriter::with_capacity(GATHER, io::stdout())));
    let in_hand = Arc::new(AtomicU32::new(IDLE));
    let budget = Budget::new(setup.settings.limits.work);
    beat(Arc::clone(&answers), Arc::clone(&in_hand), budget.meter());
    quiet_panics();
    while let Some(job) = Job::read(&mut jobs)? {
        in_hand.store(job.id, Ordering::Relaxed);
        budget.refill(setup.settings.limits.work);
        let records = look_at(&job, &setup, &checks, &budget);
        let mut out = answers.lock().unwrap_or_else(PoisonError::into_inner);
        in_hand.store(IDLE, Ordering::Relaxed);
        let records = records.into_iter().map(|record| Packed::new(record, &setup.checks)).collect();
        protocol::write(&Answer::Done { id: job.id, records }, &mut *out)?;
        if jobs.buffer().is_empty() {
            out.flush()?;
        }
    }
    let mut out = answers.lock().unwrap_or_else(PoisonError::into_inner);
    out.flush()
}

/// Lowers the limit; never raises one that the user's system has set.
fn limit_memory() -> io::Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::As);
    let least = [current, maximum, Some(MEMORY)].into_iter().flatten().min();
    Ok(setrlimit(Resource::As, Rlimit { current: least, maximum })?)
}

/// Tells the supervisor once a second which job is in hand and that work goes on.
fn beat(answers: Arc<Mutex<BufWriter<io::Stdout>>>, in_hand: Arc<AtomicU32>, meter: Arc<AtomicU64>) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(BEAT);
            let id = in_hand.load(Ordering::Relaxed);
            if id == IDLE {
                continue;
            }
            let progress = meter.load(Ordering::Relaxed);
            let mut out = answers.lock().unwrap_or_else(PoisonError::into_inner);
            if protocol::write(&Answer::Beat { id, progress }, &mut *out).and_then(|()| out.flush()).is_err() {
                return;
            }
        }
    });
}

thread_local! {
    /// Where the last panic happened and what it said.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A panic is kept for the report instead of being printed into the log.
fn quiet_panics() {
    panic::set_hook(Box::new(|info| {
        PANIC.with_borrow_mut(|text| {
            text.clear();
            text.push_str(&info.to_string().replace('\n', " "));
        });
    }));
}

/// Runs `it`, and turns a panic into a gap.
fn survive<T>(it: impl FnOnce() -> T) -> Result<T, Gap> {
    panic::catch_unwind(AssertUnwindSafe(it))
        .map_err(|_| Gap { why: Why::Failed, detail: format!("a defect of this program: {}", PANIC.take()) })
}

/// Examines one file: a record for it and one for each member.
fn look_at(job: &Job, setup: &Setup, checks: &[&'static Check], budget: &Budget) -> Vec<SubjectRecord> {
    let name = Name::new(&*job.name);
    let file = match open(job) {
        Ok(file) => file,
        Err(gap) => return vec![unexamined(name, 0, gap)],
    };
    let cx = Cx::with_budget(&setup.settings, budget.clone());
    let mut records = Vec::new();
    let done = survive(|| {
        #[cfg(debug_assertions)]
        super::faults::inject(&job.name);
        let content = Content::Window(Window::file(&file));
        examine(content, &name, Role::Unknown, &cx, &mut |subject| records.push(ask(subject, checks, &cx)));
    });
    if let Err(gap) = done {
        records.push(unexamined(name, file.size, gap));
    }
    if wants_digest(&setup.digests, &records) {
        add_digest(&file, budget, &mut records);
    }
    records
}

/// A file opened for reading at any place.
struct OpenFile {
    file: File,
    size: u64,
    /// Its first bytes: recognising, and reading what is small, take no further call.
    head: Vec<u8>,
}

impl Source for OpenFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let head = usize::try_from(at).ok().and_then(|at| self.head.get(at..)).unwrap_or_default();
        // Only a read that the head answers whole: a file that shrinks meanwhile must not look longer than it is.
        let want = usize::try_from(self.size.saturating_sub(at)).map_or(into.len(), |left| left.min(into.len()));
        match (head.get(..want), into.get_mut(..want)) {
            (Some(head), Some(into)) if want > 0 => {
                into.copy_from_slice(head);
                Ok(want)
            }
            _ => self.file.read_at(into, at),
        }
    }
}

/// Opens a regular file, and nothing that has taken its place since it was collected.
fn open(job: &Job) -> Result<OpenFile, Gap> {
    let unreadable = |error: io::Error| Gap { why: Why::Unreadable, detail: format!("cannot be read: {error}") };
    // Not blocking: a pipe put in the file's place must not hold us.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(&job.path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let kind = metadata.file_type();
    if !kind.is_file() {
        let detail = if kind.is_fifo() { "became a pipe" } else { "is no longer a regular file" };
        return Err(Gap { why: Why::OutOfScope, detail: detail.into() });
    }
    let mut head = vec![0; HEAD];
    let count = file.read_at(&mut head, 0).map_err(unreadable)?;
    head.truncate(count);
    Ok(OpenFile { file, size: metadata.len(), head })
}

/// Asks every check that has a question about one of the subject's forms.
fn ask(subject: Subject, checks: &[&'static Check], cx: &Cx) -> SubjectRecord {
    let Subject { name, kind, size, forms, gaps } = subject;
    let mut runs: Vec<_> = gaps.into_iter().map(|gap| CheckRun { check: EVERY_CHECK.into(), outcome: outcome_of(gap) }).collect();
    if !forms.is_empty() {
        runs.extend(checks.iter().filter_map(|check| {
            let outcome = ask_one(check, &forms, &name, cx)?;
            Some(CheckRun { check: check.id.into(), outcome })
        }));
    }
    let weights_only =
        forms.iter().find_map(|form| if let Form::Pickle(facts) = form { Some(facts.weights_only.clone()) } else { None });
    SubjectRecord { name, kind, size, sha256: None, weights_only, runs }
}

/// What one check says of a subject; `None` if it has no question about any of its forms.
fn ask_one(check: &'static Check, forms: &[Form], name: &Name, cx: &Cx) -> Option<Outcome> {
    let asked = survive(|| {
        let mut sink = Sink::new(check, name);
        let mut asked = false;
        for form in forms {
            asked |= check.run.on(form, cx, &mut sink);
        }
        asked.then(|| sink.into_findings())
    });
    match asked {
        Ok(found) => found.map(|found| {
            if found.is_empty() {
                Outcome::Clean
            } else {
                Outcome::Found(found.into_iter().map(|finding| Reported { finding, waived_by: None }).collect())
            }
        }),
        Err(gap) => Some(Outcome::Failed(gap)),
    }
}

/// A gap that is our own defect is a failure; any other is something skipped.
pub(super) fn outcome_of(gap: Gap) -> Outcome {
    if gap.why == Why::Failed { Outcome::Failed(gap) } else { Outcome::Skipped(gap) }
}

/// The record of something that could not be examined at all.
pub(super) fn unexamined(name: Name, size: u64, gap: Gap) -> SubjectRecord {
    let runs = vec![CheckRun { check: EVERY_CHECK.into(), outcome: outcome_of(gap) }];
    SubjectRecord { name, kind: Kind::Unknown, size, sha256: None, weights_only: None, runs }
}

fn wants_digest(digests: &Digests, records: &[SubjectRecord]) -> bool {
    match digests {
        Digests::All => true,
        Digests::WhenFound(checks) => records
            .iter()
            .flat_map(|record| &record.runs)
            .any(|run| matches!(run.outcome, Outcome::Found(_)) && checks.contains(&run.check)),
    }
}

/// Hashes the very descriptor that was examined, in bounded pieces.
fn add_digest(file: &OpenFile, budget: &Budget, records: &mut [SubjectRecord]) {
    let Some(record) = records.iter_mut().find(|record| record.name.members.is_empty()) else { return };
    let window = Window::file(file);
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    // Hashing is not bounded by the budget, but its meter shows that work goes on.
    budget.refill(u64::MAX);
    while at < file.size {
        match window.read_at(at, &mut piece) {
            Ok(count) => {
                hash.update(piece.get(..count).unwrap_or_default());
                at += count as u64;
                _ = budget.spend(1);
            }
            Err(error) => {
                let gap = Gap { why: Why::Unreadable, detail: format!("no digest: {error}") };
                record.runs.push(CheckRun { check: EVERY_CHECK.into(), outcome: outcome_of(gap) });
                return;
            }
        }
    }
    let hex = hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        _ = std::fmt::Write::write_fmt(&mut hex, format_args!("{byte:02x}"));
        hex
    });
    record.sha256 = Some(hex);
}
