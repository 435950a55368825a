//! From the keys of the file to the model: defaults are filled in, and what the keys mean
//! together is checked.
//!
//! The model is made from whatever could be read, so that one run reports as much as
//! there is to report; with any finding it is thrown away again. Templates are not
//! looked at here.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::names::{EnvironmentName, StackName};
use crate::yaml;

use super::consistency;
use super::containers::{Entries, KeyShape, NonEmpty};
use super::file::{
    ConfigValues, EnvironmentKeys, HookKeys, Parameters, ProjectFile, SiteKeys, StackKeys, Tags,
    Version,
};
use super::model::{
    Architecture, Environment, EnvironmentKind, Given, Hooks, Located, Project, Role, Site,
    SiteConfig, Stack, Url,
};
use super::rollback::RollbackKeys;
use super::shape::{Findings, Shape};
use super::text::{Argument, CargoProfile, FilePath, FolderPath, ProjectName, Region, RoleArn};
use super::value::{ConfigValue, ParameterValue, Placed};

/// The region of the local cloud when the file names none.
const LOCAL_REGION: &str = "us-east-1";

/// The one account of the local cloud.
const LOCAL_ACCOUNT: &str = "000000000000";

impl Project {
    /// Reads a project file. `file` is the path that messages name. All findings come at once,
    /// in the order of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let root = yaml::parse(file, text)?;
        let mut findings = Findings::default();
        // Of a file in another version's format nothing else can be said.
        if let Some(version) = root.get("version")
            && Version::read(version, &mut findings).is_none()
        {
            return Err(Diagnostics(findings.0));
        }
        let Some(keys) = ProjectFile::read(&root, &mut findings) else {
            return Err(Diagnostics(findings.0));
        };
        let names_are_known = keys.stacks.is_some() && keys.environments.is_some();
        let project = model(file, keys, &mut findings);
        if names_are_known {
            consistency::check(&project, &mut findings);
        }
        if findings.0.is_empty() {
            return Ok(project);
        }
        findings.0.sort_by(|a, b| a.location.cmp(&b.location));
        findings.0.dedup();
        Err(Diagnostics(findings.0))
    }
}

fn model(file: &str, keys: ProjectFile, findings: &mut Findings) -> Project {
    let region = keys.region.map(|region| region.value);
    let stacks = keys.stacks.map(|stacks| stacks.0.0).unwrap_or_default();
    let environments = keys.environments.map(|e| e.0.0).unwrap_or_default();
    Project {
        file: file.to_owned(),
        name: match keys.project {
            Some(name) => name.value,
            None => ProjectName::unchecked(""),
        },
        tags: tags(keys.tags),
        stacks: stacks
            .into_iter()
            .map(|(name, keys)| (name.value.clone(), stack(name, keys, findings)))
            .collect(),
        handlers: keys
            .handlers
            .unwrap_or_default()
            .0
            .into_iter()
            .filter_map(|(name, path)| Some((name.value, path.map(folder)?)))
            .collect(),
        site: keys.site.and_then(site),
        urls: keys
            .urls
            .unwrap_or_default()
            .0
            .into_iter()
            .filter_map(|(name, keys)| {
                let keys = keys?;
                let url = Url {
                    output: keys.output?,
                    check: keys.check,
                };
                Some((name.value, url))
            })
            .collect(),
        hooks: hooks(keys.hooks.unwrap_or_default()),
        environments: environments
            .into_iter()
            .map(|(name, keys)| {
                let keys = keys.unwrap_or_default();
                let environment = environment(name, keys, region.as_ref(), findings);
                (environment.name.clone(), environment)
            })
            .collect(),
    }
}

fn hooks(keys: HookKeys) -> Hooks {
    let words = |command: Option<NonEmpty<Vec<Argument>>>| {
        command.map(|words| words.0.iter().map(ToString::to_string).collect())
    };
    Hooks {
        before_deploy: words(keys.before_deploy),
        after_deploy: words(keys.after_deploy),
        before_teardown: words(keys.before_teardown),
        after_teardown: words(keys.after_teardown),
    }
}

fn folder(path: Located<FolderPath>) -> Located<FolderPath> {
    Located {
        value: path.value.normalized(),
        location: path.location,
    }
}

fn tags(keys: Option<Tags>) -> BTreeMap<String, String> {
    let entries = keys.unwrap_or_default().0.into_iter();
    entries
        .filter_map(|(key, value)| Some((key.to_string(), value?.to_string())))
        .collect()
}

/// A value with a finding stays as an empty one: its name is given.
fn given<K: std::fmt::Display, V>(
    entries: Entries<K, Placed<V>>,
    placeholder: impl Fn() -> V,
) -> IndexMap<String, Given<V>> {
    let entries = entries.0.into_iter().map(|(name, placed)| {
        let placed = placed.unwrap_or_else(|| Placed {
            value: placeholder(),
            location: name.location.clone(),
        });
        let given = Given {
            value: placed.value,
            location: placed.location,
            name_location: name.location,
        };
        (name.value.to_string(), given)
    });
    entries.collect()
}

fn parameters(keys: Parameters) -> IndexMap<String, Given<ParameterValue>> {
    given(keys, || ParameterValue::Literal(String::new()))
}

fn config(keys: ConfigValues) -> IndexMap<String, Given<ConfigValue>> {
    given(keys, || ConfigValue::Literal(serde_json::Value::Null))
}

fn stack(name: Located<StackName>, keys: Option<StackKeys>, findings: &mut Findings) -> Stack {
    let keys = keys.unwrap_or_default();
    let template = keys.template.map(|template| Located {
        value: template.value.normalized(),
        location: template.location,
    });
    Stack {
        template: template.unwrap_or_else(|| Located {
            value: FilePath::of_template(&name.value),
            location: name.location.clone(),
        }),
        name: name.value,
        location: name.location,
        parameters: parameters(keys.parameters.unwrap_or_default()),
        depends_on: keys.depends_on.map(|names| names.0).unwrap_or_default(),
        environments: keys.environments.map(|names| names.0.0),
        service_role: keys.service_role,
        rollback: keys
            .rollback
            .map(|rollback| RollbackKeys::checked(rollback, findings)),
        stack_policy: keys.stack_policy.map(|file| Located {
            value: file.value.normalized(),
            location: file.location,
        }),
    }
}

fn site(keys: Located<SiteKeys>) -> Option<Site> {
    let location = keys.location;
    let keys = keys.value;
    let config = keys.config.and_then(|keys| {
        Some(SiteConfig {
            file: keys.file?.normalized(),
            values: config(keys.values?),
        })
    });
    Some(Site {
        path: folder(keys.path?),
        build: keys
            .build
            .map(|words| words.0.iter().map(ToString::to_string).collect()),
        output: folder(keys.output?),
        bucket: keys.bucket?.output?,
        distribution: keys.distribution.and_then(|key| key.output),
        config,
        location,
    })
}

fn environment(
    name: Located<EnvironmentName>,
    keys: EnvironmentKeys,
    project_region: Option<&Region>,
    findings: &mut Findings,
) -> Environment {
    // With a wrong value for `local` either guess would bring findings that are none.
    let is_local = keys.local.is_some_and(|local| local != Some(false));
    if keys.local == Some(Some(true))
        && let Some(account) = &keys.account
        && account.as_str() != LOCAL_ACCOUNT
    {
        findings.push(
            Diagnostic::error(
                &account.location,
                format!("the local cloud has the account {LOCAL_ACCOUNT}, not '{account}'"),
            )
            .with_hint("remove 'account', or 'local: true' if this is AWS"),
        );
    }
    let role = role(&keys, is_local, findings);
    if let Some(arn) = &keys.service_role {
        on_aws(arn, "serviceRole", is_local, findings);
    }
    if let Some(boundary) = &keys.permissions_boundary
        && is_local
    {
        findings.push(
            Diagnostic::error(&boundary.location, "the local cloud bounds nobody")
                .with_hint("remove 'permissionsBoundary', or 'local: true' if this is AWS"),
        );
    }
    if let Some(rollback) = &keys.rollback
        && is_local
    {
        findings.push(
            Diagnostic::error(&rollback.location, "the local cloud watches no alarms")
                .with_hint("remove 'rollback', or 'local: true' if this is AWS"),
        );
    }
    if let Some(express) = &keys.express
        && keys.local == Some(Some(true))
        && express.value
    {
        findings.push(
            Diagnostic::error(&express.location, "the local cloud has no EXPRESS mode")
                .with_hint("remove 'express', or 'local: true' if this is AWS"),
        );
    }
    let own_region = keys.region.map(|region| region.value);
    let region = own_region.or_else(|| project_region.cloned());
    let is_protected = keys.protected.unwrap_or_default();
    let (default_region, default_profile) = if is_local {
        (LOCAL_REGION, "dev")
    } else {
        ("", "release")
    };
    let default_architecture = if is_local {
        None
    } else {
        Some(Architecture::X86_64)
    };
    Environment {
        name: name.value,
        location: name.location,
        kind: if is_local {
            EnvironmentKind::Local
        } else {
            EnvironmentKind::Aws {
                account: keys.account,
            }
        },
        role,
        service_role: keys.service_role,
        rollback: keys
            .rollback
            .map(|rollback| RollbackKeys::checked(rollback, findings)),
        permissions_boundary: keys.permissions_boundary,
        region: region.unwrap_or_else(|| Region::unchecked(default_region)),
        architecture: keys.architecture.or(default_architecture),
        profile: keys
            .profile
            .unwrap_or_else(|| CargoProfile::unchecked(default_profile)),
        parameters: keys
            .parameters
            .unwrap_or_default()
            .0
            .into_iter()
            .map(|(stack, values)| {
                let values = Located {
                    value: parameters(values.unwrap_or_default()),
                    location: stack.location,
                };
                (stack.value, values)
            })
            .collect(),
        config: config(keys.config.map(|keys| keys.value).unwrap_or_default()),
        tags: tags(keys.tags),
        protected: is_protected,
        termination_protection: keys.termination_protection.or(is_protected.then_some(true)),
        keep_runs: keys
            .keep_runs
            .and_then(|count| usize::try_from(count.0).ok()),
        express: keys.express.is_some_and(|express| express.value),
        omit: keys.omit.map(|types| types.0).unwrap_or_default(),
    }
}

/// Roles are taken on on AWS alone. That they are of the right account is checked with all that
/// belongs to one.
fn on_aws(arn: &Located<RoleArn>, key: &str, is_local: bool, findings: &mut Findings) {
    if is_local {
        findings.push(
            Diagnostic::error(&arn.location, "the local cloud has no roles to take on")
                .with_hint(format!("remove '{key}', or 'local: true' if this is AWS")),
        );
    }
}

/// The role, which only an environment on AWS has.
fn role(keys: &EnvironmentKeys, is_local: bool, findings: &mut Findings) -> Option<Role> {
    let Some(arn) = &keys.role else {
        if let Some(external_id) = &keys.external_id {
            findings.push(
                Diagnostic::error(
                    &external_id.location,
                    "'externalId' is given to a role, and there is none",
                )
                .with_hint("add 'role: arn:aws:iam::ACCOUNT:role/NAME', or remove 'externalId'"),
            );
        }
        return None;
    };
    on_aws(arn, "role", is_local, findings);
    Some(Role {
        arn: arn.clone(),
        external_id: keys.external_id.as_ref().map(|id| id.value.clone()),
    })
}
