//! Finds what of the artifact bucket nobody needs any more, and deletes it.
//!
//! What a deployed template, a kept run or a Lambda version uses stays, whatever the
//! records say: deployed templates and functions are asked themselves.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use indexmap::IndexMap;
use shopctl_core::names::CloudStackName;
use shopctl_core::record::{LATEST_KEY, Record};
use shopctl_core::run_document::{self, RunDocument, RunState};

use crate::interrupt::Interrupt;
use crate::patience::patient;
use crate::ports::{CloudError, CloudErrorKind, ListedObject, Ports};
use crate::runs;

/// Only objects under these keys are ever deleted.
const PREFIXES: [&str; 4] = ["artifacts/", "templates/", "site/", run_document::PREFIX];

/// Calls at once.
pub(crate) const PARALLEL: usize = 4;

/// What can go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrunePlan {
    /// Runs that are forgotten, oldest first.
    pub runs: Vec<String>,
    /// Objects that are deleted, the documents of those runs among them.
    pub objects: Vec<ListedObject>,
    /// Runs that stay.
    pub kept_runs: usize,
    /// Objects that stay.
    pub kept_objects: usize,
}

impl PrunePlan {
    /// Bytes that are freed, not counting older versions.
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.bytes).sum()
    }
}

/// Which of `runs`, oldest first, are forgotten: all before the oldest of the `keep` newest
/// that ended well and so can be gone back to. One that still says `running` stays.
fn forgotten(runs: &IndexMap<String, RunDocument>, keep: usize) -> BTreeSet<String> {
    let well = |run: &RunDocument| {
        run.command.deploys() && matches!(run.state, RunState::Succeeded | RunState::Unchanged)
    };
    let mut good = 0;
    let mut forgotten = BTreeSet::new();
    for (name, run) in runs.iter().rev() {
        if good >= keep && run.state != RunState::Running {
            forgotten.insert(name.clone());
        }
        if well(run) {
            good += 1;
        }
    }
    forgotten
}

/// Plans to delete what nobody needs when the `keep` newest runs that ended well are kept.
/// `stacks` are those of the project; those of the records come on top.
pub async fn plan_prune(
    ports: &Ports,
    bucket: &str,
    stacks: &[CloudStackName],
    keep: usize,
) -> Result<PrunePlan, CloudError> {
    let ports = &patient(ports, &Interrupt::new(), None);
    let objects = ports.objects.as_ref();
    let names = runs::runs(objects, bucket).await?;
    let documents = runs::documents(objects, bucket, &names).await?;
    let forgotten = forgotten(&documents, keep);
    let mut used: BTreeSet<String> = documents
        .iter()
        .filter(|(name, _)| !forgotten.contains(*name))
        .flat_map(|(name, document)| {
            let own = run_document::key(name);
            document.needs().into_iter().chain([own])
        })
        .collect();
    // A document that cannot be read, perhaps of a newer shopctl, is not ours to delete.
    let unread = names.iter().filter(|name| !documents.contains_key(*name));
    used.extend(unread.map(|name| run_document::key(name)));

    let mut cloud_names: BTreeSet<CloudStackName> = stacks.iter().cloned().collect();
    let recorded = documents.values().flat_map(|run| run.stacks.values());
    cloud_names.extend(recorded.map(|stack| stack.cloud_name.clone()));
    if let Some(bytes) = objects.get(bucket, LATEST_KEY).await?
        && let Ok(record) = serde_json::from_slice::<Record>(&bytes)
    {
        for stack in record.stacks.values() {
            cloud_names.insert(stack.cloud_name.clone());
            used.insert(run_document::template_key(&stack.template_digest));
        }
    }

    let mut candidates: BTreeMap<String, u64> = BTreeMap::new();
    for prefix in PREFIXES {
        for object in objects.list_under(bucket, prefix).await? {
            candidates.insert(object.key, object.bytes);
        }
    }
    let deployed = deployed(ports, cloud_names).await?;
    used.extend(mentioned(&deployed.templates, candidates.keys()));
    used.extend(
        candidates
            .keys()
            .filter(|key| deployed.code.iter().any(|digest| key.contains(digest)))
            .cloned(),
    );
    follow_templates(ports, bucket, &candidates, &mut used).await?;

    let (kept, gone): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .map(|(key, bytes)| ListedObject { key, bytes })
        .partition(|object| used.contains(&object.key));
    Ok(PrunePlan {
        kept_runs: names.len() - forgotten.len(),
        runs: forgotten.into_iter().collect(),
        kept_objects: kept.len(),
        objects: gone,
    })
}

/// Deletes what the plan says with all versions; tells how many object versions.
///
/// Documents of forgotten runs go first: what is left after an interruption is found again,
/// and no run is offered for a rollback whose code is gone.
pub async fn carry_out(ports: &Ports, bucket: &str, plan: &PrunePlan) -> Result<u64, CloudError> {
    let (documents, others): (BTreeSet<String>, BTreeSet<String>) = plan
        .objects
        .iter()
        .map(|object| object.key.clone())
        .partition(|key| key.starts_with(run_document::PREFIX));
    let mut versions = ports.objects.purge(bucket, &documents).await?;
    versions += ports.objects.purge(bucket, &others).await?;
    Ok(versions)
}

/// What is deployed, as far as it can refer to the bucket.
#[derive(Default)]
struct Deployed {
    /// Texts of the deployed templates, nested ones among them.
    templates: Vec<String>,
    /// SHA-256 of the code of all functions and their versions.
    code: BTreeSet<String>,
}

/// What stacks have that artifacts and versions are for.
#[derive(Default)]
pub(crate) struct StackContents {
    /// Texts of the deployed templates, nested ones among them.
    templates: Vec<String>,
    /// Names of functions.
    pub(crate) functions: BTreeSet<String>,
    /// ARNs of published versions that are resources themselves.
    pub(crate) versions: BTreeSet<String>,
}

/// Looks into stacks and those nested in them.
pub(crate) async fn stack_contents(
    ports: &Ports,
    stacks: BTreeSet<CloudStackName>,
) -> Result<StackContents, CloudError> {
    let mut found = StackContents::default();
    let mut open: Vec<String> = stacks.iter().map(ToString::to_string).collect();
    while !open.is_empty() {
        let reads = std::mem::take(&mut open)
            .into_iter()
            .map(|stack| async move {
                let cloudformation = &ports.cloudformation;
                let template = match cloudformation.template(&stack).await {
                    Err(error) if error.kind == CloudErrorKind::NotFound => return Ok(None),
                    template => template?,
                };
                let resources = cloudformation.resources(&stack).await?;
                Ok::<_, CloudError>(Some((template, resources)))
            });
        let reads: Vec<_> = stream::iter(reads)
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        for (template, resources) in reads.into_iter().flatten() {
            found.templates.push(template);
            for resource in resources {
                let Some(id) = resource.physical_id else {
                    continue;
                };
                match resource.resource_type.as_str() {
                    "AWS::CloudFormation::Stack" if resource.status != "DELETE_COMPLETE" => {
                        open.push(id);
                    }
                    "AWS::Lambda::Function" => {
                        found.functions.insert(id);
                    }
                    "AWS::Lambda::Version" => {
                        found.versions.insert(id);
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(found)
}

async fn deployed(ports: &Ports, stacks: BTreeSet<CloudStackName>) -> Result<Deployed, CloudError> {
    let contents = stack_contents(ports, stacks).await?;
    let reads = contents
        .functions
        .iter()
        .map(|name| ports.functions.code_digests(name));
    let digests: Vec<_> = stream::iter(reads)
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    let digests = digests.into_iter().flatten();
    Ok(Deployed {
        templates: contents.templates,
        code: digests.map(|digest| digest.as_str().to_owned()).collect(),
    })
}

/// The keys that some text names: however a property refers to an object, it spells its key.
fn mentioned<'a>(texts: &[String], keys: impl Iterator<Item = &'a String>) -> Vec<String> {
    keys.filter(|key| texts.iter().any(|text| text.contains(key.as_str())))
        .cloned()
        .collect()
}

/// A template that stays may name others, and code.
async fn follow_templates(
    ports: &Ports,
    bucket: &str,
    candidates: &BTreeMap<String, u64>,
    used: &mut BTreeSet<String>,
) -> Result<(), CloudError> {
    let is_text = |key: &&String| {
        [".yaml", ".yml", ".json", ".template"]
            .iter()
            .any(|end| key.ends_with(end))
            && !key.starts_with(run_document::PREFIX)
    };
    let mut seen = BTreeSet::new();
    loop {
        let new: Vec<String> = used
            .iter()
            .filter(|key| candidates.contains_key(*key))
            .filter(is_text)
            .filter(|key| !seen.contains(*key))
            .cloned()
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let reads = new.iter().map(|key| ports.objects.get(bucket, key));
        let texts: Vec<_> = stream::iter(reads)
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        let texts: Vec<String> = texts
            .into_iter()
            .flatten()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect();
        let more = mentioned(&texts, candidates.keys());
        used.extend(more);
        seen.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(state: RunState) -> RunDocument {
        let text = format!(
            r#"{{"version":1,"run":"r","command":"deploy","state":"{}","project":"p",
                "environment":"e","account":"1","region":"r","tool":"0","started":"s",
                "by":{{"user":"u","host":"h","pid":1}}}}"#,
            state.as_str()
        );
        serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"))
    }

    #[test]
    fn runs_are_kept_until_enough_of_them_can_be_gone_back_to() {
        let states = [
            ("1", RunState::Succeeded),
            ("2", RunState::Failed),
            ("3", RunState::Running),
            ("4", RunState::Succeeded),
            ("5", RunState::Failed),
            ("6", RunState::Succeeded),
            ("7", RunState::Abandoned),
        ];
        let runs: IndexMap<String, RunDocument> = states
            .into_iter()
            .map(|(name, state)| (name.to_owned(), run(state)))
            .collect();
        let gone = |keep| Vec::from_iter(forgotten(&runs, keep));
        assert_eq!(gone(2), ["1", "2"]);
        assert_eq!(gone(1), ["1", "2", "4", "5"]);
        assert_eq!(gone(3), Vec::<String>::new());
    }

    #[test]
    fn a_key_is_used_wherever_a_text_spells_it() {
        let texts = [
            "S3Key: artifacts/aa.zip".to_owned(),
            "https://b/templates/bb.yaml".to_owned(),
        ];
        let keys = ["artifacts/aa.zip", "artifacts/cc.zip", "templates/bb.yaml"].map(str::to_owned);
        assert_eq!(
            mentioned(&texts, keys.iter()),
            ["artifacts/aa.zip", "templates/bb.yaml"]
        );
    }
}
