//! Figures of runs, and medians of them.

use crate::tool::Tool;

/// Of one run.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Processor seconds of the tool, with all that it starts on its own side.
    pub(crate) controller: f64,
    /// Processor seconds of all hosts of the lab.
    pub(crate) hosts: f64,
    /// Bytes between both.
    pub(crate) bytes: f64,
}

/// Whether hosts are as new or as they should be.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Phase {
    First,
    Again,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Again => "again",
        }
    }
}

/// What runs are compared within.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    pub(crate) hosts: usize,
    pub(crate) phase: Phase,
    /// The round trip in milliseconds that was added.
    pub(crate) delay: u64,
}

/// All runs of a tool in one setting.
pub(crate) struct Row {
    pub(crate) tool: Tool,
    pub(crate) setting: Setting,
    runs: Vec<Figures>,
}

impl Row {
    pub(crate) fn new(tool: Tool, setting: Setting) -> Self {
        Self {
            tool,
            setting,
            runs: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, figures: Figures) {
        self.runs.push(figures);
    }

    pub(crate) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Median of the time in seconds; 0 without a run.
    pub(crate) fn wall(&self) -> f64 {
        self.median(|figures| figures.wall)
    }

    /// Median of the milliseconds of processor time on the tool's side, by host.
    pub(crate) fn controller(&self) -> f64 {
        self.by_host(|figures| figures.controller) * 1e3
    }

    /// Median of the milliseconds of processor time of a host.
    pub(crate) fn host(&self) -> f64 {
        self.by_host(|figures| figures.hosts) * 1e3
    }

    /// Median of the kilobytes on the wire, by host.
    pub(crate) fn kilobytes(&self) -> f64 {
        self.by_host(|figures| figures.bytes) / 1e3
    }

    #[expect(clippy::cast_precision_loss, reason = "there are not that many hosts")]
    fn by_host(&self, figure: impl Fn(&Figures) -> f64) -> f64 {
        self.median(figure) / self.setting.hosts as f64
    }

    fn median(&self, figure: impl Fn(&Figures) -> f64) -> f64 {
        let mut values: Vec<_> = self.runs.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        let half = values.len() / 2;
        match values.len() {
            0 => 0.0,
            odd if odd % 2 == 1 => values[half],
            _ => f64::midpoint(values[half - 1], values[half]),
        }
    }
}
