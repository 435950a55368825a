//! `shopctl refactor`: tells CloudFormation which resources only moved, to another name or to
//! another stack, so that they stay what they are.

use std::collections::BTreeMap;

use chrono::Utc;
use futures::future::try_join_all;
use serde_json::json;
use shopctl_core::change::{Move, Moves, ResourcePlace, find_moves};
use shopctl_core::names::{ArtifactDigest, StackName};
use shopctl_core::planner::{INLINE_TEMPLATE_LIMIT, template_object_key};
use shopctl_core::project::{Environment, Project};
use shopctl_core::template::RenderedTemplate;
use shopctl_deploy::ports::{
    Body, RefactorState, RefactoredResource, RefactoredStack, TemplateSource,
};
use shopctl_deploy::{Interrupt, lock, settled};

use crate::cli::{Global, RefactorArguments};
use crate::commands::plan;
use crate::display::{Display, Question};
use crate::error::{CommandError, Kind};
use crate::prepare::{Prepared, environment};
use crate::session::{Session, connect_aws};
use crate::signals::{interrupting, unless_interrupted};
use crate::workspace::Workspace;
use crate::{guard, keep, origin, variables};

/// Shows what moved, and moves it.
pub(crate) async fn run(
    global: &Global,
    arguments: &RefactorArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let environment = environment(&workspace, &arguments.environment.environment)?;
    variables::check(&workspace, environment)?;
    if environment.is_local() {
        return Err(CommandError::message(
            Kind::Input,
            "the local cloud cannot move resources",
            Some("a deploy makes them anew there".to_owned()),
        ));
    }
    let cancel = Interrupt::new();
    // The lock is given back before the command ends.
    let work = refactor(&workspace, environment, arguments, display, &cancel);
    interrupting(&cancel, work).await
}

async fn refactor(
    workspace: &Workspace,
    environment: &Environment,
    arguments: &RefactorArguments,
    display: &Display,
    cancel: &Interrupt,
) -> Result<u8, CommandError> {
    let (session, prepared) = unless_interrupted(cancel, async {
        let session = connect_aws(workspace, environment).await?;
        let prepared = plan::build(workspace, environment, display).await?;
        Ok((session, prepared))
    })
    .await?;
    let refactor = Refactor {
        project: &workspace.project,
        environment,
        session: &session,
        prepared: &prepared,
    };
    let deployed = unless_interrupted(cancel, refactor.deployed()).await?;
    let found = refactor.find(&deployed, workspace)?;
    show(&found, display);
    if found.moves.is_empty() {
        return Ok(0);
    }
    if let Some(first) = found.changed.first() {
        return Err(CommandError::message(
            Kind::Refused,
            format!(
                "{} more differ in these stacks, {} first: CloudFormation moves resources only \
                 when nothing else changes",
                found.changed.len(),
                name(first)
            ),
            Some("move first, with the rest as it is deployed; then deploy the rest".to_owned()),
        ));
    }
    if arguments.dry_run {
        return Ok(0);
    }
    unless_interrupted(cancel, refactor.ask(&found, arguments.yes, display)).await?;
    refactor
        .under_lock(&found, &deployed, arguments, display, cancel)
        .await?;
    display.result("Moved. The next deploy finds the stacks as they are.");
    Ok(0)
}

struct Refactor<'a> {
    project: &'a Project,
    environment: &'a Environment,
    session: &'a Session,
    prepared: &'a Prepared,
}

impl Refactor<'_> {
    /// The templates of the stacks that are there, as they were sent.
    async fn deployed(&self) -> Result<BTreeMap<StackName, String>, CommandError> {
        let reads = self.prepared.templates.keys().map(|stack| async move {
            let cloud_name = self.project.cloud_stack_name(self.environment, stack);
            let cloudformation = &self.session.ports.cloudformation;
            let deployed = cloudformation.deployed(cloud_name.as_str()).await?;
            Ok::<_, CommandError>(deployed.map(|deployed| (stack.clone(), deployed.template)))
        });
        Ok(try_join_all(reads).await?.into_iter().flatten().collect())
    }

    fn find(
        &self,
        deployed: &BTreeMap<StackName, String>,
        workspace: &Workspace,
    ) -> Result<Moves, CommandError> {
        let before = deployed.iter().map(|(stack, text)| (stack, text.as_str()));
        let templates = self.prepared.templates.iter();
        let after = templates.map(|(stack, template)| (stack, template.body.as_str()));
        find_moves(before, after).map_err(|findings| {
            CommandError::findings("a template cannot be read", findings, &workspace.root)
        })
    }

    async fn ask(&self, found: &Moves, yes: bool, display: &Display) -> Result<(), CommandError> {
        if yes {
            return Ok(());
        }
        let what = format!(
            "{} in environment '{}' (account {})",
            shopctl_report::count(found.moves.len(), "resource"),
            self.environment.name,
            self.session.account
        );
        let question = Question {
            would: format!("this would move {what}"),
            text: format!("Move {what}?"),
            word: None,
            refused: "nothing was moved",
        };
        display.consent(question).await
    }

    /// Moves the resources while no other run is at work.
    async fn under_lock(
        &self,
        found: &Moves,
        deployed: &BTreeMap<StackName, String>,
        arguments: &RefactorArguments,
        display: &Display,
        cancel: &Interrupt,
    ) -> Result<(), CommandError> {
        let bucket = self
            .project
            .artifact_bucket(self.environment, &self.session.account);
        let run = format!("refactor-{}", &origin::nonce()[..6]);
        let now = keep::time(Utc::now());
        let claim = guard::claim(&bucket, "refactor", &run, now, arguments.turn.wait)?;
        let objects = self.session.ports.objects.clone();
        let lease = lock::acquire(objects, &claim, cancel, |found| {
            display.say(&format!("waiting for {}", guard::text(found)));
        })
        .await
        .map_err(|error| guard::refused(error, self.environment))?;
        let moved = tokio::select! {
            moved = self.carry_out(found, deployed, &bucket, &run, display) => moved,
            () = cancel.cancelled() => Err(match lease.lost() {
                Some(reason) => guard::lost(reason),
                None => CommandError::interrupted(),
            }),
        };
        lease.release().await?;
        moved
    }

    async fn carry_out(
        &self,
        found: &Moves,
        deployed: &BTreeMap<StackName, String>,
        bucket: &str,
        run: &str,
        display: &Display,
    ) -> Result<(), CommandError> {
        let mut stacks = Vec::new();
        let mut makes_stacks = false;
        for stack in found.stacks() {
            makes_stacks |= !deployed.contains_key(stack);
            if let Some(template) = self.prepared.templates.get(stack) {
                stacks.push(RefactoredStack {
                    cloud_name: self.project.cloud_stack_name(self.environment, stack),
                    template: self.source(template, bucket).await?,
                });
            }
        }
        let place = |place: &ResourcePlace| {
            let stack = self
                .project
                .cloud_stack_name(self.environment, &place.stack);
            (stack, place.logical_id.clone())
        };
        let resources: Vec<RefactoredResource> = found
            .moves
            .iter()
            .map(|one| RefactoredResource {
                from: place(&one.from),
                to: place(&one.to),
            })
            .collect();
        let refactoring = self.session.refactoring.as_ref();
        let description = format!("shopctl {run}");
        let id = refactoring
            .create(&stacks, &resources, makes_stacks, &description)
            .await?;
        refused(settled(refactoring, &id).await?)?;
        for action in refactoring.actions(&id).await? {
            display.say(&action);
        }
        refactoring.execute(&id).await?;
        refused(settled(refactoring, &id).await?)
    }

    /// The template as CloudFormation takes it: in the request, or in the bucket.
    async fn source(
        &self,
        template: &RenderedTemplate,
        bucket: &str,
    ) -> Result<TemplateSource, CommandError> {
        if template.body.len() <= INLINE_TEMPLATE_LIMIT {
            return Ok(TemplateSource::Inline(template.body.clone()));
        }
        let key = template_object_key(template);
        let body = Body::Bytes(template.body.clone().into_bytes());
        let digest = ArtifactDigest::new(template.digest.clone());
        let objects = &self.session.ports.objects;
        objects.put_if_absent(bucket, &key, body, &digest).await?;
        Ok(TemplateSource::Object {
            bucket: bucket.to_owned(),
            key,
        })
    }
}

/// CloudFormation's refusal as an error.
fn refused(state: RefactorState) -> Result<(), CommandError> {
    match state {
        RefactorState::Failed { reason } => Err(CommandError::message(
            Kind::Failed,
            format!("CloudFormation does not move them: {reason}"),
            Some("nothing was changed; a deploy would delete them and make them anew".to_owned()),
        )),
        RefactorState::Pending | RefactorState::Ready | RefactorState::Done => Ok(()),
    }
}

fn name(place: &ResourcePlace) -> String {
    format!("{}.{}", place.stack, place.logical_id)
}

fn show(found: &Moves, display: &Display) {
    if display.json {
        let moves = found.moves.iter().map(|one| {
            json!({ "from": name(&one.from), "to": name(&one.to), "type": one.resource_type })
        });
        let document = json!({
            "version": 1,
            "moves": moves.collect::<Vec<_>>(),
            "ambiguous": found.ambiguous.iter().map(name).collect::<Vec<_>>(),
            "changed": found.changed.iter().map(name).collect::<Vec<_>>(),
        });
        return display.result(&document.to_string());
    }
    if found.moves.is_empty() {
        display.result("No resource is the same in another place.");
    }
    for Move {
        from,
        to,
        resource_type,
    } in &found.moves
    {
        display.result(&format!("{} -> {}  {resource_type}", name(from), name(to)));
    }
    for place in &found.ambiguous {
        let text = format!(
            "{} may have moved to more than one place: left alone",
            name(place)
        );
        display.result(&text);
    }
    for place in &found.changed {
        display.result(&format!("{} differs as well", name(place)));
    }
}
