//! Who runs this, where, and on which commit. It reads the environment and asks git; both
//! may know nothing.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use shopctl_core::run_document::{Git, Origin};
use tokio::process::Command;

/// A repository so large that git takes longer is not waited for.
const GIT_LIMIT: Duration = Duration::from_secs(5);

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// This process, as the environment tells it.
pub(crate) fn origin(arn: Option<String>) -> Origin {
    let get = &variable;
    Origin {
        arn,
        user: ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME"]
            .into_iter()
            .find_map(get)
            .unwrap_or_else(|| "somebody".to_owned()),
        host: host().unwrap_or_else(|| "a machine".to_owned()),
        pid: std::process::id(),
        run_url: run_url(get),
    }
}

/// A value that no other process has: randomly keyed hashing is the standard library's only
/// source of randomness, and enough to tell processes apart.
pub(crate) fn nonce() -> String {
    let hash = |salt: u8| {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u8(salt);
        hasher.write_u32(std::process::id());
        hasher.finish()
    };
    format!("{:016x}{:016x}", hash(0), hash(1))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn host() -> Option<String> {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    kernel
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .or_else(|| variable("HOSTNAME"))
        .or_else(|| {
            let output = std::process::Command::new("hostname").output().ok()?;
            let name = String::from_utf8(output.stdout).ok()?;
            Some(name.trim().to_owned()).filter(|name| !name.is_empty())
        })
}

/// Where this run can be watched, when a CI service runs it.
fn run_url(get: Lookup<'_>) -> Option<String> {
    if let (Some(server), Some(repository), Some(run)) = (
        get("GITHUB_SERVER_URL"),
        get("GITHUB_REPOSITORY"),
        get("GITHUB_RUN_ID"),
    ) {
        return Some(match get("GITHUB_RUN_ATTEMPT") {
            Some(attempt) if attempt != "1" => {
                format!("{server}/{repository}/actions/runs/{run}/attempts/{attempt}")
            }
            _ => format!("{server}/{repository}/actions/runs/{run}"),
        });
    }
    if let Some(url) = code_build(get) {
        return Some(url);
    }
    // GitLab, Buildkite, CircleCI, Jenkins, and whatever sets ours.
    [
        "SHOPCTL_RUN_URL",
        "CI_JOB_URL",
        "CI_PIPELINE_URL",
        "BUILDKITE_BUILD_URL",
        "CIRCLE_BUILD_URL",
        "BUILD_URL",
    ]
    .into_iter()
    .find_map(get)
}

/// CodeBuild says which build it is, but not where to look at it.
fn code_build(get: Lookup<'_>) -> Option<String> {
    let id = get("CODEBUILD_BUILD_ID")?;
    let arn = get("CODEBUILD_BUILD_ARN")?;
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    let (project, build) = id.split_once(':')?;
    Some(format!(
        "https://{region}.console.aws.amazon.com/codesuite/codebuild/{account}/projects/{project}/build/{project}%3A{build}/log?region={region}"
    ))
}

/// The commit that is checked out; `None` without git or outside a repository.
pub(crate) async fn git(root: &Path) -> Option<Git> {
    let output = Command::new("git")
        .args(["status", "--porcelain=v2", "--branch"])
        .current_dir(root)
        // A status must not take the index lock from somebody who commits.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(GIT_LIMIT, output).await.ok()?.ok()?;
    if !output.status.success() {
        return None;
    }
    read_git(&String::from_utf8_lossy(&output.stdout), &variable)
}

fn read_git(status: &str, get: Lookup<'_>) -> Option<Git> {
    let header = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    let commit = header("# branch.oid ").filter(|oid| *oid != "(initial)")?;
    let branch = header("# branch.head ").filter(|head| *head != "(detached)");
    Some(Git {
        commit: commit.to_owned(),
        // CI checks out a commit; the branch is in its variables.
        branch: branch.map(str::to_owned).or_else(|| {
            ["GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME"]
                .into_iter()
                .find_map(get)
        }),
        dirty: status.lines().any(|line| !line.starts_with('#')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_ci<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn a_ci_run_is_told_by_its_url() {
        let github = [
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_RUN_ATTEMPT", "2"),
        ];
        let url = run_url(&in_ci(&github));
        assert_eq!(
            url.as_deref(),
            Some("https://github.com/acme/shop/actions/runs/42/attempts/2")
        );
        let url = run_url(&in_ci(&github[..3]));
        assert_eq!(
            url.as_deref(),
            Some("https://github.com/acme/shop/actions/runs/42")
        );
        let codebuild = [
            ("CODEBUILD_BUILD_ID", "shop:1234"),
            (
                "CODEBUILD_BUILD_ARN",
                "arn:aws:codebuild:eu-central-1:123456789012:build/shop:1234",
            ),
        ];
        let url = run_url(&in_ci(&codebuild));
        assert_eq!(
            url.as_deref(),
            Some(
                "https://eu-central-1.console.aws.amazon.com/codesuite/codebuild/123456789012/projects/shop/build/shop%3A1234/log?region=eu-central-1"
            )
        );
        let url = run_url(&in_ci(&[("CI_JOB_URL", "https://gitlab/x/-/jobs/7")]));
        assert_eq!(url.as_deref(), Some("https://gitlab/x/-/jobs/7"));
        assert_eq!(run_url(&in_ci(&[])), None);
    }

    #[test]
    fn a_commit_is_told_with_its_branch_and_whether_files_differ() {
        let none = in_ci(&[]);
        let clean = "# branch.oid 0123abcd\n# branch.head main\n# branch.upstream origin/main\n";
        let git = read_git(clean, &none);
        let expected = Git {
            commit: "0123abcd".to_owned(),
            branch: Some("main".to_owned()),
            dirty: false,
        };
        assert_eq!(git, Some(expected));
        let detached = "# branch.oid 0123abcd\n# branch.head (detached)\n? new.txt\n";
        let git = read_git(detached, &in_ci(&[("GITHUB_REF_NAME", "release")]));
        assert!(git.is_some_and(|git| git.dirty && git.branch.as_deref() == Some("release")));
        assert_eq!(read_git("# branch.oid (initial)\n", &none), None);
    }

    #[test]
    fn two_nonces_differ() {
        assert_ne!(nonce(), nonce());
    }
}
