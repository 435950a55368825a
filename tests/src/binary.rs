//! The `shopctl` that is tested.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::checkout;

/// The binary: `SHOPCTL_BIN`, or else this checkout's, built by the first test that asks.
pub fn shopctl() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("SHOPCTL_BIN") {
        Some(path) => PathBuf::from(path)
            .canonicalize()
            .expect("SHOPCTL_BIN names the binary"),
        None => build(),
    })
}

fn build() -> PathBuf {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--package", "shopctl", "--message-format=json"])
        .current_dir(checkout())
        .stderr(Stdio::inherit());
    // What cargo set for this test would make it think that inputs of build scripts changed.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "shopctl does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "shopctl")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo says where it put shopctl")
}
