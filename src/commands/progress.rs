//! Progress on standard error, where that is a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::Progress;

/// A scan that is over sooner shows no bar.
const PATIENCE: Duration = Duration::from_millis(300);

/// A bar that appears when a scan takes a while.
pub(crate) struct Bar {
    shown: Option<ProgressBar>,
    started: Instant,
    hidden: bool,
}

impl Bar {
    pub(crate) fn new(hidden: bool) -> Self {
        Self { shown: None, started: Instant::now(), hidden }
    }

    pub(crate) fn show(&mut self, progress: Progress) {
        if self.hidden || self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = self.shown.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {pos} of {len} files {wide_bar} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        bar.set_length(progress.known + u64::from(progress.collecting));
        bar.set_position(progress.done);
    }

    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.shown.take() {
            bar.finish_and_clear();
        }
    }
}
