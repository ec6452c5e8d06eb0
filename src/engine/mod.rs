//! Artefact × check → `CheckRun`: supervises worker processes and gathers what they answer.
//!
//! Hostile bytes are examined in processes of their own, each with a memory limit and watched: what dies or
//! stalls costs one artefact, which is then `Failed` with the cause, and the rest is scanned.

#[cfg(debug_assertions)]
mod faults;
mod process;
mod protocol;
mod worker;

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use sluicegate_checks::{Gap, Name, Settings, Why};

use crate::collect::Item;
use crate::report::SubjectRecord;
use process::{Ended, Worker};
pub(crate) use protocol::{Digests, Job};
pub(crate) use worker::run as work;

/// How often workers are checked for being stuck.
const WATCH: Duration = Duration::from_secs(1);
/// A worker that makes no progress for this long is ended. It counts from the last change of its work meter, not
/// from the beginning of a file, so that a slow disk or a large file has all the time it needs.
const STALL: Duration = Duration::from_mins(1);
/// The same in a test of the watchdog (debug builds only).
#[cfg(debug_assertions)]
const STALL_VARIABLE: &str = "SLUICE_TEST_STALL_SECONDS";

/// What to do with the files.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    /// Ids of the checks to ask.
    pub(crate) checks: Vec<String>,
    pub(crate) digests: Digests,
    /// Worker processes, at least 1.
    pub(crate) jobs: usize,
}

/// Told while a scan runs, for whoever shows progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) done: u64,
    pub(crate) known: u64,
    /// Whether more may become known.
    pub(crate) collecting: bool,
}

/// News for the supervisor.
enum Event {
    Collected(Vec<Item>),
    CollectedAll,
    Answers {
        worker: u64,
        answers: Vec<protocol::Answer>,
    },
    /// The worker's output has ended.
    Gone {
        worker: u64,
    },
}

/// The engine could not do its work at all: no worker process can be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start a worker process: {0}")]
pub(crate) struct EngineError(#[from] io::Error);

/// Items handed over at once: waking the supervisor for each would cost more than looking at a small file. The first
/// batch is small, so that work begins at once.
const BATCH: usize = 256;

/// Where collected items go in. Dropping it says that there are no more.
pub(crate) struct Intake {
    events: Sender<Event>,
    batch: Vec<Item>,
    size: usize,
}

impl Intake {
    fn new(events: Sender<Event>) -> Self {
        Self { events, batch: Vec::new(), size: 1 }
    }

    /// `false` once nobody wants more.
    pub(crate) fn give(&mut self, item: Item) -> bool {
        self.batch.push(item);
        self.batch.len() < self.size || self.hand_over()
    }

    fn hand_over(&mut self) -> bool {
        self.size = (self.size * 2).min(BATCH);
        self.events.send(Event::Collected(std::mem::take(&mut self.batch))).is_ok()
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        _ = self.hand_over();
        _ = self.events.send(Event::CollectedAll);
    }
}

/// Examines everything that `collect` gives, and returns a record for every file and member, sorted by name.
pub(crate) fn scan(
    plan: Plan,
    collect: impl FnOnce(&mut Intake) + Send,
    mut show: impl FnMut(Progress),
) -> Result<Vec<SubjectRecord>, EngineError> {
    let (sender, events) = mpsc::channel();
    std::thread::scope(|scope| {
        let mut intake = Intake::new(sender.clone());
        scope.spawn(move || collect(&mut intake));
        Supervisor::new(plan, sender, &events).run(&mut show)
    })
}

struct Supervisor<'e> {
    plan: Plan,
    setup: protocol::Setup,
    stall: Duration,
    events: &'e Receiver<Event>,
    sender: Sender<Event>,
    workers: Vec<Worker>,
    next_worker: u64,
    waiting: VecDeque<Job>,
    /// Jobs that were with a worker when it died: each gets a worker of its own, so that the guilty one is known.
    suspects: VecDeque<Job>,
    next_job: u32,
    progress: Progress,
    records: Vec<SubjectRecord>,
}

impl<'e> Supervisor<'e> {
    fn new(mut plan: Plan, sender: Sender<Event>, events: &'e Receiver<Event>) -> Self {
        plan.jobs = plan.jobs.max(1);
        let setup =
            protocol::Setup { settings: plan.settings.clone(), checks: plan.checks.clone(), digests: plan.digests.clone() };
        Self {
            plan,
            setup,
            stall: stall(),
            events,
            sender,
            workers: Vec::new(),
            next_worker: 0,
            waiting: VecDeque::new(),
            suspects: VecDeque::new(),
            next_job: 0,
            progress: Progress { done: 0, known: 0, collecting: true },
            records: Vec::new(),
        }
    }

    fn run(mut self, show: &mut dyn FnMut(Progress)) -> Result<Vec<SubjectRecord>, EngineError> {
        let mut watched = Instant::now();
        // The first worker gets ready while the first files are collected.
        let first = self.start(false)?;
        self.workers.push(first);
        while self.progress.collecting || self.progress.done < self.progress.known {
            match self.events.recv_timeout(WATCH) {
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // What has come in meanwhile is taken in one go, so that a worker gets its jobs in one write.
            while let Ok(event) = self.events.try_recv() {
                self.take(event);
            }
            self.hand_out()?;
            if watched.elapsed() >= WATCH {
                self.end_the_stuck();
                watched = Instant::now();
            }
            show(self.progress);
        }
        self.workers.iter_mut().for_each(Worker::close);
        self.workers.into_iter().for_each(Worker::dismiss);
        let mut records = self.records;
        records.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(records)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Collected(items) => items.into_iter().for_each(|item| self.collected(item)),
            Event::CollectedAll => self.progress.collecting = false,
            Event::Answers { worker, answers } => answers.into_iter().for_each(|answer| self.answered(worker, answer)),
            Event::Gone { worker } => {
                if let Some(at) = self.workers.iter().position(|it| it.id == worker) {
                    let worker = self.workers.swap_remove(at);
                    let (ended, jobs) = worker.bury();
                    self.settle(&ended, jobs);
                }
            }
        }
    }

    fn collected(&mut self, item: Item) {
        self.progress.known += 1;
        match item {
            Item::File { path, name } => {
                self.waiting.push_back(Job { id: self.next_job, path, name });
                self.next_job = self.next_job.wrapping_add(1);
            }
            Item::Gap { name, gap } => self.finish([worker::unexamined(Name::new(name), 0, gap)]),
        }
    }

    fn answered(&mut self, worker: u64, answer: protocol::Answer) {
        let Some(worker) = self.workers.iter_mut().find(|it| it.id == worker) else { return };
        match answer {
            protocol::Answer::Done { id, records } => {
                if worker.done(id) {
                    let checks = &self.setup.checks;
                    let records: Vec<_> = records.into_iter().map(|record| record.unpack(checks)).collect();
                    self.finish(records);
                }
            }
            protocol::Answer::Beat { id, progress } => worker.alive(id, progress),
        }
    }

    fn finish(&mut self, records: impl IntoIterator<Item = SubjectRecord>) {
        self.progress.done += 1;
        self.records.extend(records);
    }

    /// Ends workers that make no progress. A kill is no different from a crash: the end of its output tells.
    fn end_the_stuck(&mut self) {
        for worker in &mut self.workers {
            if worker.stuck_for() >= self.stall {
                worker.kill(format!("made no progress for {} s", self.stall.as_secs()));
            }
        }
    }

    /// A worker has ended with jobs in hand: the one that is known to be guilty is `Failed`, the others are tried again.
    fn settle(&mut self, ended: &Ended, mut jobs: VecDeque<Job>) {
        let guilty = match (&ended.in_hand, jobs.len()) {
            (Some(id), _) => jobs.iter().position(|job| job.id == *id),
            (None, 1) => Some(0),
            _ => None,
        };
        if let Some(job) = guilty.and_then(|at| jobs.remove(at)) {
            let detail = format!("its examination {}", ended.cause);
            self.finish([worker::unexamined(Name::new(job.name), 0, Gap { why: Why::Failed, detail })]);
            self.waiting.extend(jobs);
        } else {
            self.suspects.extend(jobs);
        }
    }

    fn hand_out(&mut self) -> Result<(), EngineError> {
        while let Some(job) = self.suspects.pop_front() {
            if self.workers.iter().filter(|worker| worker.alone).count() >= self.plan.jobs {
                self.suspects.push_front(job);
                break;
            }
            let mut worker = self.start(true)?;
            worker.give([job]);
            self.workers.push(worker);
        }
        for idle in self.workers.extract_if(.., |worker| worker.alone && !worker.busy()) {
            idle.dismiss();
        }
        while !self.waiting.is_empty() {
            let full = self.workers.iter().filter(|worker| !worker.alone).count() >= self.plan.jobs;
            let open = self.workers.iter_mut().filter(|worker| !worker.alone && worker.room());
            match open.min_by_key(|worker| worker.load()) {
                // Another worker starts when all have enough to do, so that a small scan pays for one only.
                Some(worker) if worker.load() == 0 || full => worker.give_from(&mut self.waiting),
                _ if full => break,
                _ => {
                    let mut worker = self.start(false)?;
                    worker.give_from(&mut self.waiting);
                    self.workers.push(worker);
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, alone: bool) -> io::Result<Worker> {
        self.next_worker += 1;
        Worker::start(self.next_worker, alone, &self.setup, &self.sender)
    }
}

fn stall() -> Duration {
    #[cfg(debug_assertions)]
    if let Some(seconds) = std::env::var(STALL_VARIABLE).ok().and_then(|text| text.parse().ok()) {
        return Duration::from_secs(seconds);
    }
    STALL
}
