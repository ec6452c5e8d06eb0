//! One worker process as its supervisor sees it: what it was given, whether it lives, and how it ended.

use std::collections::VecDeque;
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Event;
use super::protocol::{self, Job, Setup};

/// The hidden command of this program that works.
pub(crate) const COMMAND: &str = "worker";
/// Jobs a worker has at once, and the bytes of them: they must fit a pipe, so that handing out never blocks.
const WINDOW: usize = 64;
const WINDOW_BYTES: usize = 32 << 10;
/// How much of a worker's dying words is kept.
const WORDS: u64 = 4 << 10;

pub(super) struct Worker {
    pub(super) id: u64,
    /// Has one job in its life.
    pub(super) alone: bool,
    child: Child,
    /// `None` once it was told that there are no more jobs.
    jobs_in: Option<BufWriter<ChildStdin>>,
    /// What it wrote to standard error, complete when it has ended.
    words: JoinHandle<String>,
    jobs: VecDeque<Job>,
    weight: usize,
    /// Work meter at its last beat, and when it last changed.
    meter: Option<(u32, u64)>,
    moved: Instant,
    killed_for: Option<String>,
}

/// How a worker ended.
pub(super) struct Ended {
    /// Completes "its examination …".
    pub(super) cause: String,
    /// The job it had in hand, if that is known.
    pub(super) in_hand: Option<u32>,
}

impl Worker {
    pub(super) fn start(id: u64, alone: bool, setup: &Setup, events: &Sender<Event>) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let events = events.clone();
        std::thread::spawn(move || {
            let mut stdout = BufReader::with_capacity(64 << 10, stdout);
            let mut answers = Vec::new();
            while let Ok(Some(answer)) = protocol::read(&mut stdout) {
                answers.push(answer);
                // What has come in one piece goes on in one piece.
                if stdout.buffer().is_empty()
                    && events.send(Event::Answers { worker: id, answers: std::mem::take(&mut answers) }).is_err()
                {
                    return;
                }
            }
            _ = events.send(Event::Answers { worker: id, answers });
            _ = events.send(Event::Gone { worker: id });
        });
        let words = std::thread::spawn(move || {
            let mut words = Vec::new();
            let mut stderr = stderr;
            _ = stderr.by_ref().take(WORDS).read_to_end(&mut words);
            _ = io::copy(&mut stderr, &mut io::sink());
            String::from_utf8_lossy(&words).into_owned()
        });
        let mut jobs_in = BufWriter::with_capacity(WINDOW_BYTES, stdin);
        // A worker that dies at once is noticed by the end of its output, not here.
        _ = protocol::write(setup, &mut jobs_in);
        Ok(Self {
            id,
            alone,
            child,
            jobs_in: Some(jobs_in),
            words,
            jobs: VecDeque::new(),
            weight: 0,
            meter: None,
            moved: Instant::now(),
            killed_for: None,
        })
    }

    pub(super) fn busy(&self) -> bool {
        !self.jobs.is_empty()
    }

    pub(super) fn load(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn room(&self) -> bool {
        self.jobs.len() < WINDOW / 2 && self.weight < WINDOW_BYTES / 2
    }

    /// Fills the worker's window.
    pub(super) fn give_from(&mut self, waiting: &mut VecDeque<Job>) {
        let mut weight = self.weight;
        let count = waiting
            .iter()
            .take(WINDOW - self.jobs.len())
            .take_while(|job| {
                weight += job.weight();
                weight <= WINDOW_BYTES
            })
            .count();
        // A single job always goes: no path is longer than a pipe.
        let count = if self.busy() { count } else { count.max(1) };
        self.give(waiting.drain(..count.min(waiting.len())));
    }

    pub(super) fn give(&mut self, jobs: impl IntoIterator<Item = Job>) {
        if !self.busy() {
            self.moved = Instant::now();
        }
        for job in jobs {
            // A broken pipe means that the worker is gone, which the end of its output tells in a moment.
            if let Some(jobs_in) = &mut self.jobs_in {
                _ = job.write(jobs_in);
            }
            self.weight += job.weight();
            self.jobs.push_back(job);
        }
        if let Some(jobs_in) = &mut self.jobs_in {
            _ = jobs_in.flush();
        }
    }

    /// Takes a job off its list; `false` if it never had it.
    pub(super) fn done(&mut self, id: u32) -> bool {
        self.moved = Instant::now();
        let Some(at) = self.jobs.iter().position(|job| job.id == id) else { return false };
        if let Some(job) = self.jobs.remove(at) {
            self.weight -= job.weight();
        }
        true
    }

    /// A beat with an unchanged meter is a sign of life, but not of progress.
    pub(super) fn alive(&mut self, id: u32, progress: u64) {
        if self.meter != Some((id, progress)) {
            self.meter = Some((id, progress));
            self.moved = Instant::now();
        }
    }

    pub(super) fn stuck_for(&self) -> Duration {
        if self.busy() && self.killed_for.is_none() { self.moved.elapsed() } else { Duration::ZERO }
    }

    pub(super) fn kill(&mut self, why: String) {
        self.killed_for = Some(why);
        _ = self.child.kill();
    }

    /// Waits for the end of a worker whose output has ended, and says how it was.
    pub(super) fn bury(mut self) -> (Ended, VecDeque<Job>) {
        drop(self.jobs_in.take());
        let status = self.child.wait();
        let words = self.words.join().unwrap_or_default();
        let in_hand = self.killed_for.is_some().then_some(self.meter).flatten().map(|(id, _)| id);
        let cause = self.killed_for.unwrap_or_else(|| match status {
            Ok(status) => cause(status, &words),
            Err(error) => format!("ended in a way that cannot be told: {error}"),
        });
        (Ended { cause, in_hand }, self.jobs)
    }

    /// Tells it that there are no more jobs.
    pub(super) fn close(&mut self) {
        self.jobs_in = None;
    }

    /// Ends a worker that has nothing more to do.
    pub(super) fn dismiss(mut self) {
        drop(self.jobs_in.take());
        _ = self.child.wait();
    }
}

fn cause(status: std::process::ExitStatus, words: &str) -> String {
    let last = words.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    match status.signal() {
        _ if words.contains("memory allocation of") => "needed more memory than a worker may have".to_owned(),
        _ if words.contains("has overflowed its stack") => "overflowed the stack".to_owned(),
        Some(signal) => format!("was ended by signal {signal}{}", quote(last)),
        None => format!("ended the worker with code {}{}", status.code().unwrap_or(-1), quote(last)),
    }
}

fn quote(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(" ({words})") }
}
