//! `shopctl completions` and `shopctl man`: the command line told to shells and to `man`.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::display::Display;
use crate::error::{CommandError, Kind};

/// Prints the script for a shell.
pub(crate) fn completions(shell: Shell, display: &Display) -> Result<u8, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "shopctl", &mut script);
    display.result(&String::from_utf8_lossy(&script));
    Ok(0)
}

/// Writes `shopctl.1`, `shopctl-deploy.1`, and so on.
pub(crate) fn pages(folder: &Path, display: &Display) -> Result<u8, CommandError> {
    let cannot = |error: std::io::Error| {
        CommandError::message(
            Kind::Failed,
            format!(
                "cannot write manual pages to '{}': {error}",
                folder.display()
            ),
            None,
        )
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(cannot)?;
    if display.json {
        display.result(&serde_json::json!({ "version": 1, "folder": folder }).to_string());
    } else {
        display.say(&format!("wrote manual pages to '{}'", folder.display()));
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use clap_complete::Shell;

    use super::*;

    #[test]
    fn every_shell_knows_every_command() {
        for shell in [
            Shell::Bash,
            Shell::Zsh,
            Shell::Fish,
            Shell::PowerShell,
            Shell::Elvish,
        ] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "shopctl", &mut script);
            let script = String::from_utf8(script).unwrap();
            for command in Cli::command().get_subcommands() {
                assert!(
                    script.contains(command.get_name()),
                    "{shell}: {}",
                    command.get_name()
                );
            }
        }
    }

    #[test]
    fn every_command_has_a_page_with_its_example() {
        let folder = std::env::temp_dir().join(format!("shopctl-man-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        clap_mangen::generate_to(Cli::command(), &folder).unwrap();
        for command in Cli::command().get_subcommands() {
            let file = folder.join(format!("shopctl-{}.1", command.get_name()));
            let page = std::fs::read_to_string(&file).unwrap();
            assert!(page.contains("Example"), "{}", file.display());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
