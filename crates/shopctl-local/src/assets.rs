//! What the tool carries of the local cloud: the pinned package list and the launcher's Python files.

use sha2::{Digest, Sha256};

/// The version of MiniStack that the launcher's patches are for.
pub const MINISTACK_VERSION: &str = "1.5.33";

/// Exact versions with the hashes of every file that may be installed.
pub const REQUIREMENTS: &str = include_str!("../cloud/requirements.txt");

/// Name and text of the launcher's files; the first one is run.
pub const LAUNCHER: [(&str, &str); 6] = [
    ("launch.py", include_str!("../cloud/launch.py")),
    ("database.py", include_str!("../cloud/database.py")),
    ("invocations.py", include_str!("../cloud/invocations.py")),
    ("patches.py", include_str!("../cloud/patches.py")),
    ("policies.py", include_str!("../cloud/policies.py")),
    ("snapshot.py", include_str!("../cloud/snapshot.py")),
];

/// The folder name of this very content: another version of the tool with other patches installs beside it.
pub fn install_name() -> String {
    let mut hash = Sha256::new();
    for text in std::iter::once(REQUIREMENTS).chain(LAUNCHER.iter().map(|(_, text)| *text)) {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    format!(
        "ministack-{MINISTACK_VERSION}-{}",
        &hex::encode(hash.finalize())[..12]
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_launcher_and_the_pin_name_the_same_version() {
        assert!(
            LAUNCHER[0]
                .1
                .contains(&format!("VERSION = \"{MINISTACK_VERSION}\"\n"))
        );
        assert!(REQUIREMENTS.contains(&format!("\nministack=={MINISTACK_VERSION} \\\n")));
        assert!(install_name().starts_with("ministack-1.5.33-"));
    }

    #[test]
    fn every_requirement_is_pinned_and_has_hashes() {
        let mut hashes = 1;
        for line in REQUIREMENTS.lines() {
            if line.starts_with(' ') {
                assert!(line.trim_start().starts_with("--hash=sha256:"), "{line}");
                hashes += 1;
            } else {
                assert!(line.contains("==") && hashes > 0, "{line}");
                hashes = 0;
            }
        }
        assert!(hashes > 0);
    }
}
