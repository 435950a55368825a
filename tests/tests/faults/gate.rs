//! Holds the project `gate` where its stack waits for a signal.

use serde_json::{Value, json};
use shopctl_tests::{Emulator, Process, eventually};

/// Reads the events of a deploy until its gate is what it waits for.
#[track_caller]
pub(crate) fn wait_until_reached(deploy: &mut Process) {
    let waits = |line: &str| {
        serde_json::from_str::<Value>(line).is_ok_and(|event| {
            event["logical_id"] == "Opened" && event["status"] == "CREATE_IN_PROGRESS"
        })
    };
    while let Some(line) = deploy.next_line() {
        if waits(&line) {
            return;
        }
    }
    panic!("the deploy ended before the gate");
}

/// Opens the gate (`SUCCESS`) or makes it fail (`FAILURE`).
#[track_caller]
pub(crate) fn signal(emulator: &Emulator, status: &str) {
    let signal = json!({
        "StackName": "gate-local-gate", "LogicalResourceId": "Opened",
        "UniqueId": "test", "Status": status,
    });
    // The condition begins to wait a moment after its event.
    eventually("the gate takes the signal", || {
        emulator
            .try_call("cloudformation", "signal_resource", &signal)
            .ok()
    });
}
