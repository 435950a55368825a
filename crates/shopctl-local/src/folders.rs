//! Where the local cloud keeps things: the installation in the user's cache, the instances in the user's state folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::LocalError;

/// The two folders everything lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Installations, shared by all projects: `<user cache>/shopctl/cloud`. May be deleted at any time.
    pub installs: PathBuf,
    /// One folder an instance, with its data: `<user state>/shopctl/local`.
    pub instances: PathBuf,
}

impl Folders {
    /// The user's folders, from the environment that `variable` reads.
    ///
    /// `XDG_CACHE_HOME` and `XDG_STATE_HOME` are honoured. `SHOPCTL_LOCAL_HOME` names another folder for the
    /// instances (`$SHOPCTL_LOCAL_HOME/local`), so that a test run has its own and still shares the installation.
    ///
    /// # Errors
    /// [`LocalError::NoHome`] when there is no home folder either.
    pub fn from_env(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, LocalError> {
        // The XDG specification: empty counts as unset, relative paths are to be ignored.
        let path = |name| {
            variable(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let base = |name, below: &[&str]| {
            path(name)
                .or_else(|| {
                    path("HOME").map(|home| below.iter().fold(home, |path, part| path.join(part)))
                })
                .ok_or(LocalError::NoHome { variable: name })
        };
        let instances = match path("SHOPCTL_LOCAL_HOME") {
            Some(home) => home.join("local"),
            None => base("XDG_STATE_HOME", &[".local", "state"])?
                .join("shopctl")
                .join("local"),
        };
        Ok(Self {
            installs: base("XDG_CACHE_HOME", &[".cache"])?
                .join("shopctl")
                .join("cloud"),
            instances,
        })
    }

    /// Other programs that are installed on demand: `<user cache>/shopctl/tools`. May be
    /// deleted at any time.
    pub fn tools(&self) -> PathBuf {
        self.installs.with_file_name("tools")
    }

    /// Both folders below one, for tests.
    #[must_use]
    pub fn below(folder: &Path) -> Self {
        Self {
            installs: folder.join("cloud"),
            instances: folder.join("local"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn folders(variables: &[(&str, &str)]) -> Result<Folders, LocalError> {
        Folders::from_env(&|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.into())
        })
    }

    #[test]
    fn xdg_variables_win_over_home_unless_empty_or_relative() {
        let of = |variables: &[(&str, &str)]| {
            let Folders {
                installs,
                instances,
            } = folders(variables).unwrap();
            format!("{} {}", installs.display(), instances.display())
        };
        assert_eq!(
            of(&[("HOME", "/h")]),
            "/h/.cache/shopctl/cloud /h/.local/state/shopctl/local"
        );
        assert_eq!(
            of(&[
                ("HOME", "/h"),
                ("XDG_CACHE_HOME", "/c"),
                ("XDG_STATE_HOME", "/s")
            ]),
            "/c/shopctl/cloud /s/shopctl/local"
        );
        assert_eq!(
            of(&[
                ("HOME", "/h"),
                ("XDG_CACHE_HOME", ""),
                ("XDG_STATE_HOME", "s")
            ]),
            "/h/.cache/shopctl/cloud /h/.local/state/shopctl/local"
        );
        assert_eq!(
            of(&[("HOME", "/h"), ("SHOPCTL_LOCAL_HOME", "/t")]),
            "/h/.cache/shopctl/cloud /t/local"
        );
    }

    #[test]
    fn without_any_home_the_variable_to_set_is_named() {
        let error = folders(&[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no folder for the local cloud: neither XDG_STATE_HOME nor HOME is set"
        );
        assert_eq!(
            error.hint().unwrap(),
            "set XDG_STATE_HOME to a folder of yours"
        );
    }
}
