//! Finds out what a deploy would change, for all stacks at once.
//!
//! Every stack that is there is read (template, parameters, tags), and CloudFormation is
//! asked by a change set that is deleted again. Stacks that are not there are never asked
//! about: a change set would leave them behind in review.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use indexmap::IndexMap;
use shopctl_core::change::{
    Compared, Deployed, Pseudo, ReportedChange, SitePreview, StackChange, StackInput, settle,
    stack_change,
};
use shopctl_core::names::StackName;
use shopctl_core::plan::{Action, Plan, PlannedValue, StackAction, StackDeployment};
use shopctl_core::planner::{INLINE_TEMPLATE_LIMIT, Observed, template_object_key};
use shopctl_core::record::SiteRecord;
use shopctl_core::stack_settings::RollbackRule;
use shopctl_core::template::RenderedTemplate;
use tokio::sync::Semaphore;

use crate::change_set::is_there;
use crate::follow::Pause;
use crate::guard;
use crate::interrupt::Interrupt;
use crate::patience::{LOOKING, patient};
use crate::ports::{
    Body, ChangeSetId, ChangeSetOptions, ChangeSetRequest, ChangeSetState, ChangeSetType,
    CloudError, CloudErrorKind, DeploymentMode, Ports, TemplateSource,
};
use crate::site::{SiteFile, digest};

/// How changes are found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// From the templates and from a change set of every stack that is there.
    ChangeSets,
    /// From the templates alone: nothing is written to the account.
    Templates,
}

/// What is to be looked at.
pub struct PreviewRequest<'a> {
    /// The plan of the deploy.
    pub plan: &'a Plan,
    /// What there is.
    pub observed: &'a Observed,
    /// The rendered templates.
    pub templates: &'a IndexMap<StackName, RenderedTemplate>,
    /// The run; part of change set names.
    pub run: &'a str,
    /// The account and region, as templates read them.
    pub place: &'a Pseudo,
    /// How to find out.
    pub method: Method,
    /// What the deploy's change sets would do beyond the templates.
    pub options: ChangeSetOptions,
    /// Stacks to look at at once.
    pub concurrency: usize,
    /// Set when the user interrupts; change sets are deleted all the same.
    pub cancel: &'a Interrupt,
}

/// What a deploy would do with each stack, in the order of the deploy.
pub async fn preview(
    ports: &Ports,
    request: &PreviewRequest<'_>,
) -> Result<Vec<StackChange>, CloudError> {
    let assumed: BTreeMap<(StackName, String), String> = request
        .observed
        .stacks
        .iter()
        .flat_map(|(stack, seen)| {
            seen.outputs
                .iter()
                .map(move |(output, value)| ((stack.clone(), output.clone()), value.clone()))
        })
        .collect();
    let look = Look {
        // Change sets of many stacks at once are more than CloudFormation answers at once.
        ports: &patient(ports, request.cancel, Some(LOOKING)),
        // What was made is deleted also after an interrupt.
        tidying: &patient(ports, &Interrupt::new(), Some(LOOKING)),
        request,
        assumed,
        limit: Semaphore::new(request.concurrency.max(1)),
    };
    let stacks = request.plan.steps.iter().filter_map(|step| {
        let Action::DeployStack(deployment) = &step.action else {
            return None;
        };
        let template = request.templates.get(&deployment.stack)?;
        Some(look.at(Stack {
            deployment,
            reason: &step.reason,
            template,
        }))
    });
    // All of them to their end, also when one fails: each deletes the change set that it made.
    let compared = join_all(stacks).await;
    let compared: Vec<Option<Compared>> = compared.into_iter().collect::<Result<_, _>>()?;
    let mut compared: Vec<Compared> = compared.into_iter().flatten().collect();
    settle(&mut compared);
    Ok(compared
        .into_iter()
        .map(|compared| compared.change)
        .collect())
}

struct Stack<'a> {
    deployment: &'a StackDeployment,
    reason: &'a str,
    template: &'a RenderedTemplate,
}

/// What all stacks are looked at with.
struct Look<'a> {
    ports: &'a Ports,
    /// For what is done also after an interrupt.
    tidying: &'a Ports,
    request: &'a PreviewRequest<'a>,
    /// The outputs that stacks have now.
    assumed: BTreeMap<(StackName, String), String>,
    /// Closed when one stack cannot be looked at: the others are not begun then.
    limit: Semaphore,
}

impl Look<'_> {
    /// `None` when the look at another stack failed before this one was begun.
    async fn at(&self, stack: Stack<'_>) -> Result<Option<Compared>, CloudError> {
        let Ok(_permit) = self.limit.acquire().await else {
            return Ok(None);
        };
        let compared = self.compare(&stack).await;
        if compared.is_err() {
            self.limit.close();
        }
        compared.map(Some)
    }

    async fn compare(&self, stack: &Stack<'_>) -> Result<Compared, CloudError> {
        let request = self.request;
        let cloudformation = self.ports.cloudformation.as_ref();
        let deployment = stack.deployment;
        let seen = request.observed.stacks.get(&deployment.stack);
        let mut reported = None;
        let mut note = None;
        let deployed = match (deployment.action, seen) {
            (StackAction::None, Some(seen)) => Some(Deployed {
                outputs: seen.outputs.clone(),
                ..Deployed::default()
            }),
            (StackAction::Update | StackAction::Decide, Some(seen)) => {
                let asking = async {
                    if request.method == Method::ChangeSets {
                        self.ask(stack, &seen.stack_id).await
                    } else {
                        Ok(Answer::NotAsked(None))
                    }
                };
                let (deployed, answer) =
                    tokio::join!(cloudformation.deployed(&seen.stack_id), asking);
                let (deployed, answer) = (deployed?, answer?);
                match answer {
                    Answer::Told(changes) => reported = Some(changes),
                    Answer::NotAsked(why) => note = why,
                }
                deployed
            }
            _ => None,
        };
        let mut compared = stack_change(&StackInput {
            deployment,
            reason: stack.reason,
            template: stack.template,
            deployed: deployed.as_ref(),
            reported: reported.as_deref(),
            assumed: &self.assumed,
            pseudo: request.place,
        });
        compared.change.notes.extend(note);
        guard::find_importers(cloudformation, &mut compared.change).await?;
        Ok(compared)
    }

    /// Asks CloudFormation by a change set, and deletes that again.
    async fn ask(&self, stack: &Stack<'_>, stack_id: &str) -> Result<Answer, CloudError> {
        let request = self.request;
        if request.cancel.is_cancelled() {
            return Ok(Answer::interrupted());
        }
        let cloudformation = self.ports.cloudformation.as_ref();
        let tidying = self.tidying.cloudformation.as_ref();
        let deployment = stack.deployment;
        let mut parameters = IndexMap::new();
        for (name, value) in &deployment.parameters {
            let text = match value {
                PlannedValue::Known(text) => text.clone(),
                PlannedValue::OutputOf { stack, output } => {
                    match self.assumed.get(&(stack.clone(), output.clone())) {
                        Some(text) => text.clone(),
                        // The producer does not have it yet: the templates have to do.
                        None => return Ok(Answer::NotAsked(None)),
                    }
                }
            };
            parameters.insert(name.clone(), text);
        }
        let template = match template_source(self.ports, request, stack.template).await? {
            Some(source) => source,
            None => {
                let why = "its template is too large for a change set without the artifact bucket, so \
                           only the templates were compared";
                return Ok(Answer::NotAsked(Some(why.to_owned())));
            }
        };
        let name = format!(
            "shopctl-plan-{}-{}",
            request.run,
            deployment
                .template_digest
                .get(..8)
                .unwrap_or(&deployment.template_digest)
        );
        let wanted = ChangeSetRequest {
            cloud_name: deployment.cloud_name.clone(),
            token: name.clone(),
            name,
            change_set_type: ChangeSetType::Update,
            template,
            parameters,
            tags: deployment.tags.clone(),
            capabilities: deployment.capabilities.clone(),
            description: format!("shopctl plan {}; can be deleted", request.run),
            options: request.options,
            mode: DeploymentMode::Standard,
            paused: false,
            service_role: deployment.settings.service_role.clone(),
            // What is not known yet is not there yet: it does not change what happens to resources.
            rollback: deployment
                .settings
                .rollback
                .as_ref()
                .and_then(RollbackRule::known),
        };
        let id = match cloudformation.create_change_set(&wanted).await {
            Ok(id) => id,
            Err(error) => {
                let id = ChangeSetId {
                    change_set: wanted.name,
                    stack: stack_id.to_owned(),
                };
                if !is_there(&error) {
                    let answer = not_asked(error);
                    if answer.is_err() {
                        // It may have been made although no answer came; the first error is what matters.
                        let _ = tidying.delete_change_set(&id).await;
                    }
                    return answer;
                }
                id
            }
        };
        let answer = async {
            let mut pause = Pause::new();
            loop {
                match cloudformation.change_set(&id).await? {
                    ChangeSetState::Pending if request.cancel.is_cancelled() => {
                        return Ok(Answer::interrupted());
                    }
                    ChangeSetState::Pending => tokio::select! {
                        () = tokio::time::sleep(pause.next()) => {}
                        () = request.cancel.cancelled() => {}
                    },
                    ChangeSetState::Empty => return Ok(Answer::Told(Vec::new())),
                    ChangeSetState::Ready { .. } => {
                        return Ok(Answer::Told(cloudformation.reported_changes(&id).await?));
                    }
                    ChangeSetState::Failed { reason } => {
                        return Ok(Answer::NotAsked(Some(format!(
                            "CloudFormation refuses this change: {reason}"
                        ))));
                    }
                }
            }
        }
        .await;
        let deleted = tidying.delete_change_set(&id).await;
        let answer: Answer = answer?;
        deleted?;
        Ok(answer)
    }
}

enum Answer {
    /// What CloudFormation said.
    Told(Vec<ReportedChange>),
    /// It was not asked, or did not answer; with the reason, when the user has to know it.
    NotAsked(Option<String>),
}

impl Answer {
    fn interrupted() -> Self {
        Self::NotAsked(Some("interrupted".to_owned()))
    }
}

/// A plan may be made with fewer rights than a deploy, and of a stack that is busy.
fn not_asked(error: CloudError) -> Result<Answer, CloudError> {
    match error.kind {
        CloudErrorKind::AccessDenied | CloudErrorKind::Conflict | CloudErrorKind::Refused => {
            Ok(Answer::NotAsked(Some(format!(
                "CloudFormation made no change set, so only the templates were compared: {error}"
            ))))
        }
        _ => Err(error),
    }
}

async fn template_source(
    ports: &Ports,
    request: &PreviewRequest<'_>,
    template: &RenderedTemplate,
) -> Result<Option<TemplateSource>, CloudError> {
    if template.body.len() <= INLINE_TEMPLATE_LIMIT {
        return Ok(Some(TemplateSource::Inline(template.body.clone())));
    }
    if !request.observed.bucket_exists {
        return Ok(None);
    }
    // The key is the content's digest: the deploy would put the same object there.
    let key = template_object_key(template);
    let bucket = &request.plan.bucket;
    let body = Body::Bytes(template.body.clone().into_bytes());
    let digest = shopctl_core::names::ArtifactDigest::new(template.digest.clone());
    ports
        .objects
        .put_if_absent(bucket, &key, body, &digest)
        .await?;
    Ok(Some(TemplateSource::Object {
        bucket: bucket.clone(),
        key,
    }))
}

/// What becomes of the site's files, by the record of the last deploy. `config` is the file
/// that the deploy writes itself, whose content depends on outputs.
pub fn preview_site(
    files: &[SiteFile],
    record: Option<&SiteRecord>,
    config: Option<&str>,
) -> SitePreview {
    let mut preview = SitePreview::default();
    let recorded = record.map(|record| &record.files);
    let mut keys = BTreeSet::new();
    for file in files {
        keys.insert(file.key.as_str());
        match recorded.and_then(|files| files.get(&file.key)) {
            None => preview.added.push(file.key.clone()),
            Some(old) if old.digest != digest(file) => preview.changed.push(file.key.clone()),
            Some(_) => preview.unchanged += 1,
        }
    }
    preview.removed = recorded
        .into_iter()
        .flat_map(|files| files.keys())
        .filter(|key| !keys.contains(key.as_str()) && Some(key.as_str()) != config)
        .cloned()
        .collect();
    preview.added.sort();
    preview.changed.sort();
    preview
}
