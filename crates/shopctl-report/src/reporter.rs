//! What all reporters have in common.

use shopctl_core::event::Numbered;

/// Shows a run to somebody. Nothing it does can fail: when the reader is gone, the run goes on.
pub trait Reporter: Send {
    /// Takes the next event of the run.
    fn report(&mut self, event: &Numbered);

    /// Takes note of the time since the run began, in milliseconds. Called a few times a second:
    /// spinners turn and silence is broken by it.
    fn tick(&mut self, elapsed_ms: u64);

    /// Shows text as it is, for instance a compiler's messages. Reporters whose output is read
    /// by programs leave it out.
    fn print(&mut self, text: &str);
}
