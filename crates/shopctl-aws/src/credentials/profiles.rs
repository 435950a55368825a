//! What surrounds a failure of credentials: variables and the names of profiles. Read only
//! to explain; the SDK reads the same files by itself.

use std::path::{Path, PathBuf};

/// Variables and profiles of whoever runs the tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The profile that is asked for (`AWS_PROFILE`).
    pub profile: Option<String>,
    /// Whether keys are given as variables, which win over profiles.
    pub has_key_variables: bool,
    /// Whether it is a job of GitHub Actions.
    pub is_github: bool,
    /// Whether the job may ask for tokens.
    pub has_github_tokens: bool,
    /// Profiles of the configuration files, in their order.
    pub profiles: Vec<Profile>,
}

/// A profile of the configuration files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Whether it logs in by IAM Identity Center.
    pub sso: bool,
    /// Whether it logs in by `aws login`.
    pub login: bool,
}

impl Surroundings {
    /// Looks at variables and configuration files.
    pub fn new(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let home = set("HOME")
            .or_else(|| set("USERPROFILE"))
            .map(PathBuf::from);
        let file = |name: &str, default: &str| -> Option<String> {
            let path = set(name)
                .map(PathBuf::from)
                .or_else(|| Some(home.as_ref()?.join(".aws").join(default)))?;
            std::fs::read_to_string::<&Path>(path.as_ref()).ok()
        };
        let mut profiles = Vec::new();
        for text in [
            file("AWS_CONFIG_FILE", "config"),
            file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ]
        .into_iter()
        .flatten()
        {
            read_profiles(&text, &mut profiles);
        }
        Self {
            profile: set("AWS_PROFILE"),
            has_key_variables: set("AWS_ACCESS_KEY_ID").is_some(),
            is_github: set("GITHUB_ACTIONS").is_some(),
            has_github_tokens: set("ACTIONS_ID_TOKEN_REQUEST_URL").is_some(),
            profiles,
        }
    }

    /// The profile that counts: the one that is asked for, else `default`.
    pub(crate) fn current(&self) -> &str {
        self.profile.as_deref().unwrap_or("default")
    }

    pub(crate) fn current_profile(&self) -> Option<&Profile> {
        self.profiles
            .iter()
            .find(|profile| profile.name == self.current())
    }
}

/// Adds the profiles of one file. Sections of other kinds (`sso-session`, `services`) are none.
fn read_profiles(text: &str, profiles: &mut Vec<Profile>) {
    let mut current: Option<usize> = None;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            let words: Vec<&str> = section.split_whitespace().collect();
            let name = match words.as_slice() {
                [name] | ["profile", name] => (*name).trim_matches('"'),
                _ => {
                    current = None;
                    continue;
                }
            };
            let known = profiles.iter().position(|profile| profile.name == name);
            current = Some(known.unwrap_or_else(|| {
                profiles.push(Profile {
                    name: name.to_owned(),
                    sso: false,
                    login: false,
                });
                profiles.len() - 1
            }));
        } else if let Some(profile) = current.and_then(|index| profiles.get_mut(index)) {
            let key = line.split('=').next().unwrap_or_default().trim();
            profile.sso |= key == "sso_session" || key == "sso_start_url";
            profile.login |= key == "login_session";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_read_from_both_kinds_of_files() {
        let mut profiles = Vec::new();
        read_profiles(
            "[default]\nregion = eu-central-1\n[profile shop]\nsso_session = my\n\
             [sso-session my]\nsso_start_url = https://example.com\n[profile \"new\"]\n\
             login_session = arn:x\n",
            &mut profiles,
        );
        read_profiles("[shop]\naws_access_key_id = x\n[old]\n", &mut profiles);
        let told: Vec<(&str, bool, bool)> = profiles
            .iter()
            .map(|profile| (profile.name.as_str(), profile.sso, profile.login))
            .collect();
        assert_eq!(
            told,
            [
                ("default", false, false),
                ("shop", true, false),
                ("new", false, true),
                ("old", false, false)
            ]
        );
    }
}
