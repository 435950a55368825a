//! Progress of commands that are no run.

use shopctl_build::{BuildEvent, SiteEvent};

use crate::display::Display;

/// A spinner for commands that are no run: one line on a terminal, nothing elsewhere but
/// warnings.
pub(crate) struct Progress {
    bar: indicatif::ProgressBar,
    quiet: bool,
}

impl Progress {
    pub(crate) fn new(display: &Display) -> Self {
        let bar = if display.interactive {
            indicatif::ProgressBar::new_spinner()
        } else {
            indicatif::ProgressBar::hidden()
        };
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        Self {
            bar,
            quiet: display.json,
        }
    }

    pub(crate) fn build(&self, event: BuildEvent) {
        match event {
            BuildEvent::PackageFinished {
                package,
                done,
                total,
                ..
            } => {
                let total = total.map(|total| format!("/{total}")).unwrap_or_default();
                self.bar
                    .set_message(format!("building {done}{total} {package}"));
            }
            BuildEvent::CompilerWarned { rendered, .. } if !self.quiet => {
                self.bar.suspend(|| eprint!("{rendered}"));
            }
            BuildEvent::BinaryWarned { handler, problem } if !self.quiet => {
                self.bar
                    .suspend(|| eprintln!("warning: handler '{handler}': {problem}"));
            }
            _ => {}
        }
    }

    pub(crate) fn site(&self, event: SiteEvent) {
        if let SiteEvent::InstallStarted { command } | SiteEvent::BuildStarted { command } = event {
            self.bar.set_message(format!("site: {command}"));
        }
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
