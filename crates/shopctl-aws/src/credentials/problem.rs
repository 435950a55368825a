//! Why credentials do not work, told from the words of the SDK and of STS, and what to do.

use shopctl_core::diagnostic::did_you_mean;
use shopctl_deploy::ports::{CloudError, CloudErrorKind};

use super::profiles::Surroundings;

/// Why credentials do not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsProblem {
    /// Nothing gives any.
    #[error("there are no AWS credentials")]
    Missing,
    /// `AWS_PROFILE` names a profile that is not there.
    #[error("there is no AWS profile '{0}'")]
    UnknownProfile(String),
    /// The login of IAM Identity Center has run out, or there was none.
    #[error("the SSO login of profile '{0}' has expired")]
    SsoExpired(String),
    /// What `aws login` gave has run out.
    #[error("the login of profile '{0}' has expired")]
    LoginExpired(String),
    /// Temporary credentials have run out.
    #[error("the AWS credentials have expired")]
    Expired,
    /// AWS does not know the key.
    #[error("AWS does not know the access key")]
    UnknownKey,
    /// The secret does not belong to the key.
    #[error("the secret access key does not belong to the access key")]
    WrongSecret,
    /// This machine's clock is wrong.
    #[error("this machine's clock is wrong: {0}")]
    Clock(String),
    /// The environment's role does not trust the caller.
    #[error("the environment's role cannot be taken on")]
    RoleRefused,
    /// The runner gave no token.
    #[error("the GitHub runner gave no token")]
    NoToken,
}

/// What is wrong with the credentials, and what to do about it; `None` when the error is
/// about something else.
pub fn explain(
    error: &CloudError,
    surroundings: &Surroundings,
) -> Option<(CredentialsProblem, String)> {
    if error.kind != CloudErrorKind::Credentials {
        return None;
    }
    let problem = problem(&error.message, surroundings);
    let hint = hint(&problem, &error.message, surroundings);
    Some((problem, hint))
}

fn problem(message: &str, surroundings: &Surroundings) -> CredentialsProblem {
    let says = |text: &str| message.contains(text);
    let current = || surroundings.current().to_owned();
    if let Some(difference) = clock(message) {
        return CredentialsProblem::Clock(difference);
    }
    if says("token service") {
        return CredentialsProblem::NoToken;
    }
    if says("sts:AssumeRole") || says("sts:TagSession") {
        return CredentialsProblem::RoleRefused;
    }
    if says("SSO token") || says("sso") && (says("expired") || says("Unauthorized")) {
        return CredentialsProblem::SsoExpired(current());
    }
    if says("Login token") {
        return CredentialsProblem::LoginExpired(current());
    }
    if says("ExpiredToken")
        || says("RequestExpired")
        || says("token included in the request is expired")
    {
        return CredentialsProblem::Expired;
    }
    if says("SignatureDoesNotMatch") {
        return CredentialsProblem::WrongSecret;
    }
    if [
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "UnrecognizedClient",
        "InvalidToken",
        "AuthFailure",
    ]
    .iter()
    .any(|code| says(code))
    {
        return CredentialsProblem::UnknownKey;
    }
    match (&surroundings.profile, surroundings.current_profile()) {
        (Some(name), None) if !surroundings.has_key_variables => {
            CredentialsProblem::UnknownProfile(name.clone())
        }
        // Before the first login there is no token at all.
        (_, Some(profile)) if profile.sso => CredentialsProblem::SsoExpired(current()),
        (_, Some(profile)) if profile.login => CredentialsProblem::LoginExpired(current()),
        _ => CredentialsProblem::Missing,
    }
}

fn hint(problem: &CredentialsProblem, message: &str, surroundings: &Surroundings) -> String {
    // An environment without keys, but with a role of its own, is the usual case in CI.
    let in_workflow = "give the job `permissions: id-token: write` and the environment a `role` \
                       in shopctl.yaml that trusts GitHub; see docs/credentials.md";
    match problem {
        CredentialsProblem::Missing if surroundings.is_github => in_workflow.to_owned(),
        CredentialsProblem::Missing => match surroundings.profiles.as_slice() {
            [] => "run `aws login` or `aws configure sso`, or set AWS_ACCESS_KEY_ID and \
                   AWS_SECRET_ACCESS_KEY"
                .to_owned(),
            [only] => format!("choose your profile: AWS_PROFILE={}", only.name),
            several => format!(
                "choose a profile with AWS_PROFILE: there is {}",
                names(several)
            ),
        },
        CredentialsProblem::UnknownProfile(name) => {
            let known = surroundings
                .profiles
                .iter()
                .map(|profile| profile.name.as_str());
            did_you_mean(name, known).unwrap_or_else(|| {
                "no profiles are configured: run `aws configure sso`, or unset AWS_PROFILE"
                    .to_owned()
            })
        }
        CredentialsProblem::SsoExpired(profile) => format!("aws sso login --profile {profile}"),
        CredentialsProblem::LoginExpired(profile) => format!("aws login --profile {profile}"),
        CredentialsProblem::Expired if surroundings.is_github => format!(
            "credentials that another step of the job got are not renewed: {in_workflow}, and \
             shopctl renews them itself"
        ),
        CredentialsProblem::Expired if surroundings.has_key_variables => {
            "get new ones and set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and \
             AWS_SESSION_TOKEN again; or unset them and use AWS_PROFILE"
                .to_owned()
        }
        CredentialsProblem::Expired => format!(
            "log in again: `aws sso login --profile {0}`, or whatever gives profile '{0}' its \
             keys",
            surroundings.current()
        ),
        CredentialsProblem::UnknownKey if surroundings.has_key_variables => {
            "the key in AWS_ACCESS_KEY_ID was deleted or switched off, is of another partition, \
             or lacks its AWS_SESSION_TOKEN"
                .to_owned()
        }
        CredentialsProblem::UnknownKey => format!(
            "the key of profile '{}' was deleted or switched off, or is of another partition",
            surroundings.current()
        ),
        CredentialsProblem::WrongSecret => {
            "copy the secret access key again; nothing may be missing at its end".to_owned()
        }
        CredentialsProblem::Clock(_) => {
            "set it right, for instance with `timedatectl set-ntp true`".to_owned()
        }
        CredentialsProblem::RoleRefused if message.contains("AssumeRoleWithWebIdentity") => {
            "let the role's trust policy accept token.actions.githubusercontent.com with this \
             repository as `sub` and sts.amazonaws.com as `aud`; see docs/credentials.md"
                .to_owned()
        }
        CredentialsProblem::RoleRefused => {
            "let the role's trust policy name the caller, with the `externalId` of \
             shopctl.yaml if it asks for one, and allow the caller sts:AssumeRole; see \
             docs/credentials.md"
                .to_owned()
        }
        CredentialsProblem::NoToken => {
            "give the job `permissions: id-token: write`, and run the job again".to_owned()
        }
    }
}

fn names(profiles: &[super::profiles::Profile]) -> String {
    let names: Vec<&str> = profiles
        .iter()
        .map(|profile| profile.name.as_str())
        .collect();
    names.join(", ")
}

/// The difference between the clocks, out of `Signature expired: 20260101T000000Z is now
/// earlier than 20260101T001500Z (20260101T002000Z - 5 min.)`: ours is the first time, the
/// service's the last.
fn clock(message: &str) -> Option<String> {
    let skewed = [
        "Signature expired",
        "Signature not yet current",
        "RequestTimeTooSkewed",
    ];
    if !skewed.iter().any(|text| message.contains(text)) {
        return None;
    }
    let times: Vec<i64> = message
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter_map(seconds)
        .collect();
    let (Some(ours), Some(theirs)) = (times.first(), times.last()) else {
        return Some("AWS has another time".to_owned());
    };
    let minutes = (ours - theirs).abs() / 60;
    let direction = if ours < theirs { "behind" } else { "ahead of" };
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    Some(format!("{minutes} {unit} {direction} AWS"))
}

/// Seconds since 1970 of `20260101T000000Z`.
fn seconds(text: &str) -> Option<i64> {
    if text.len() != 16 || !text.is_ascii() || !text.ends_with('Z') {
        return None;
    }
    let written = format!(
        "{}-{}-{}T{}:{}:{}Z",
        text.get(0..4)?,
        text.get(4..6)?,
        text.get(6..8)?,
        text.get(9..11)?,
        text.get(11..13)?,
        text.get(13..15)?
    );
    aws_smithy_types::DateTime::from_str(&written, aws_smithy_types::date_time::Format::DateTime)
        .ok()
        .map(|time| time.secs())
}
