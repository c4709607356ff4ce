//! How far a command is: a bar where standard error is a terminal, else a line every half minute, for log files; nothing with
//! `--quiet`.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use deconflict::output::readable;
use indicatif::{ProgressBar, ProgressStyle};

use super::{is_quiet, tell};

/// A line is written so often where nobody sees a bar.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// The words beside the bar are made anew so often.
const WORDS_EVERY: Duration = Duration::from_millis(500);

/// How far a command is.
pub struct Bar {
    bar: ProgressBar,
    lines: Option<Mutex<Lines>>,
    told: Mutex<Option<Instant>>,
}

impl Bar {
    /// So many of what `unit` says; `timed` where it is not known how many there will be.
    pub fn new(most: u64, unit: &'static str, timed: bool) -> Bar {
        let terminal = std::io::stderr().is_terminal() && !is_quiet();
        let bar = match terminal {
            false => ProgressBar::hidden(),
            true => {
                let template = match timed {
                    true => format!("{{elapsed}} {{pos}} {unit}, {{per_sec}}  {{wide_msg}}"),
                    false => format!(
                        "{{bar:20}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left  {{wide_msg}}"
                    ),
                };
                let style = ProgressStyle::with_template(&template).expect("the template is ours");
                ProgressBar::new(most).with_style(style)
            }
        };
        let lines = (!terminal && !is_quiet()).then(|| {
            Mutex::new(Lines {
                unit,
                most: (!timed).then_some(most),
                done: 0,
                here: 0,
                last: Duration::ZERO,
                begun: Instant::now(),
            })
        });
        Bar {
            bar,
            lines,
            told: Mutex::new(None),
        }
    }

    /// One of replications.
    pub fn of_replications(most: u64) -> Bar {
        Bar::new(most, "replications", false)
    }

    /// So many were done before: they say nothing about how fast this goes.
    pub fn pass(&self, count: u64) {
        self.bar.inc(count);
        self.bar.reset_eta();
        self.with_lines(|lines| lines.done += count);
    }

    /// So many more are done.
    pub fn inc(&self, count: u64) {
        self.bar.inc(count);
        self.with_lines(|lines| {
            lines.done += count;
            lines.here += count;
            if let Some(words) = lines.due(lines.begun.elapsed()) {
                tell(&words);
            }
        });
    }

    /// Words beside the bar, made anew now and then.
    pub fn say(&self, words: impl FnOnce() -> Option<String>) {
        if self.bar.is_hidden() {
            return;
        }
        let Ok(mut told) = self.told.lock() else {
            return;
        };
        if told.is_some_and(|told| told.elapsed() < WORDS_EVERY) {
            return;
        }
        *told = Some(Instant::now());
        if let Some(words) = words() {
            self.bar.set_message(words);
        }
    }

    /// It is over.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn with_lines(&self, change: impl FnOnce(&mut Lines)) {
        if let Some(lines) = &self.lines
            && let Ok(mut lines) = lines.lock()
        {
            change(&mut lines);
        }
    }
}

/// What goes to a log file.
struct Lines {
    unit: &'static str,
    /// None where it is not known.
    most: Option<u64>,
    done: u64,
    /// Of these, done by this command.
    here: u64,
    /// When a line was last written, since the beginning.
    last: Duration,
    begun: Instant,
}

impl Lines {
    /// The line that is due so long after the beginning, if one is.
    fn due(&mut self, elapsed: Duration) -> Option<String> {
        if elapsed < self.last + LINE_EVERY {
            return None;
        }
        self.last = elapsed;
        let rate = self.here as f64 / elapsed.as_secs_f64();
        let (of, left) = match self.most {
            Some(most) => (
                format!(" of {most}"),
                format!(
                    ", {} s left",
                    readable((most.saturating_sub(self.done)) as f64 / rate)
                ),
            ),
            None => (String::new(), String::new()),
        };
        Some(format!(
            "{}{of} {}, {} a second{left}",
            self.done,
            self.unit,
            readable(rate)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_every_half_minute_says_rate_and_time_left() {
        let mut lines = Lines {
            unit: "replications",
            most: Some(1000),
            done: 100,
            here: 0,
            last: Duration::ZERO,
            begun: Instant::now(),
        };
        lines.done += 300;
        lines.here += 300;
        assert_eq!(lines.due(Duration::from_secs(29)), None);
        assert_eq!(
            lines.due(Duration::from_secs(30)).as_deref(),
            Some("400 of 1000 replications, 10 a second, 60 s left")
        );
        assert_eq!(lines.due(Duration::from_secs(59)), None);
        lines.most = None;
        assert_eq!(
            lines.due(Duration::from_secs(60)).as_deref(),
            Some("400 replications, 5 a second")
        );
    }
}
