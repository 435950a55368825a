//! Holds the project `gate` where its stack waits for a signal.

use serde_json::{Value, json};
use shopctl_tests::{Emulator, Process, eventually};

/// Reads the events of a deploy until its gate is what it waits for.
#[track_caller]
pub(crate) fn wait_until_reached(deploy: &mut Process) {
    wait_until_reached_at("Opened", deploy);
}

/// The same with another gate.
#[track_caller]
pub(crate) fn wait_until_reached_at(gate: &str, deploy: &mut Process) {
    let waits = |line: &str| {
        serde_json::from_str::<Value>(line).is_ok_and(|event| {
            // The local cloud calls a new resource of an update updated.
            event["logical_id"] == gate
                && ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"]
                    .contains(&event["status"].as_str().unwrap_or_default())
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
    signal_at("Opened", emulator, status);
}

/// The same with another gate.
#[track_caller]
pub(crate) fn signal_at(gate: &str, emulator: &Emulator, status: &str) {
    let signal = json!({
        "StackName": "gate-local-gate", "LogicalResourceId": gate,
        "UniqueId": "test", "Status": status,
    });
    // The condition begins to wait a moment after its event.
    eventually("the gate takes the signal", || {
        emulator
            .try_call("cloudformation", "signal_resource", &signal)
            .ok()
    });
}
