//! Follows the lead of a cause: hooks, functions' logs, encoded messages, owners, readers.

use shopctl_core::cause::{self, CauseKind, Denial, Lead, denial_of, denial_of_decoded};
use shopctl_core::event::{Detail, Diagnosis};

use super::function_log::{self, FunctionLog};
use super::scene::{Culprit, Scene};
use crate::ports::{CloudError, CloudErrorKind, HookTarget};

impl Scene<'_> {
    /// Explains a reason, follows its lead, and says what to do.
    pub(super) async fn diagnose(
        &self,
        reason: &str,
        culprit: Option<&Culprit>,
        holder: &str,
        change_set: Option<&str>,
        found: &mut Diagnosis,
    ) -> String {
        let Some(cause) = cause::recognise(reason, self.place()) else {
            return cause::unrecognised(self.place());
        };
        found.kind = Some(cause.kind);
        found.explanation = Some(cause.explanation.clone());
        let mut next = cause.next.clone();
        let mut denial = (cause.kind == CauseKind::AccessDenied)
            .then(|| denial_of(reason))
            .flatten();
        match &cause.lead {
            Some(Lead::EncodedMessage { message }) => {
                match self.ports.investigation.decode(message).await {
                    Ok(decoded) => denial = denial_of_decoded(&decoded).or(denial),
                    Err(error) => found
                        .unknown
                        .push(lacking(&error, "sts:DecodeAuthorizationMessage")),
                }
            }
            Some(Lead::Hooks) => {
                let target = match change_set {
                    Some(id) => HookTarget::ChangeSet(id),
                    None => HookTarget::Stack(holder),
                };
                self.hooks(target, found).await;
            }
            Some(Lead::FunctionLog { request_id }) => {
                if let Some(culprit) = culprit {
                    self.function_log(culprit, holder, request_id.as_deref(), found)
                        .await;
                }
            }
            Some(Lead::Owner { identifier }) => {
                if let Some(owner) = self.owner(identifier, found).await {
                    next = format!(
                        "give it another name, or remove it from stack '{owner}' first; then run \
                         `shopctl deploy --env {}` again",
                        self.environment
                    );
                }
            }
            Some(Lead::Importers { export }) => {
                match self.ports.cloudformation.importers(export).await {
                    Ok(stacks) if !stacks.is_empty() => found.details.push(Detail {
                        topic: "reader".to_owned(),
                        text: stacks.join(", "),
                    }),
                    Ok(_) => {}
                    Err(error) => found
                        .unknown
                        .push(lacking(&error, "cloudformation:ListImports")),
                }
            }
            Some(Lead::Validation | Lead::NestedStack { .. } | Lead::NestedChangeSet { .. })
            | None => {}
        }
        if let Some(denial) = denial {
            next = self.denied(&denial, found);
        }
        next
    }

    pub(super) fn denied(&self, denial: &Denial, found: &mut Diagnosis) -> String {
        found.explanation = Some(denial.explanation());
        found.policy = denial.statement();
        denial.next(self.environment)
    }

    pub(super) async fn owner(&self, identifier: &str, found: &mut Diagnosis) -> Option<String> {
        match self.ports.investigation.owner(identifier).await {
            Ok(Some(owner)) => {
                found.details.push(Detail {
                    topic: "owner".to_owned(),
                    text: format!("'{identifier}' belongs to stack '{owner}'"),
                });
                Some(owner)
            }
            Ok(None) => None,
            Err(error) => {
                if error.kind == CloudErrorKind::AccessDenied {
                    found
                        .unknown
                        .push(lacking(&error, "cloudformation:DescribeStackResources"));
                }
                // A stranger's resource is answered with a validation error.
                None
            }
        }
    }

    pub(super) async fn hooks(&self, target: HookTarget<'_>, found: &mut Diagnosis) {
        let results = match self.ports.investigation.hook_results(target).await {
            Ok(results) => results,
            Err(error) => {
                found.unknown.push(lacking(
                    &error,
                    "cloudformation:ListHookResults and cloudformation:GetHookResult",
                ));
                return;
            }
        };
        for result in results {
            let mut text = match &result.reason {
                Some(reason) => format!("{}: {reason}", result.hook),
                None => result.hook.clone(),
            };
            for finding in &result.findings {
                text.push_str(&format!("\n{}", finding.rule));
                let parts = [&finding.message, &finding.remedy, &finding.link];
                for part in parts.into_iter().flatten() {
                    text.push_str(&format!(": {part}"));
                }
            }
            found.details.push(Detail {
                topic: "hook".to_owned(),
                text,
            });
        }
    }

    pub(super) async fn function_log(
        &self,
        culprit: &Culprit,
        holder: &str,
        request: Option<&str>,
        found: &mut Diagnosis,
    ) {
        let log = function_log::read(self.ports, holder, &culprit.logical_id, request).await;
        match log {
            Ok(FunctionLog::Lines { group, lines }) => found.details.push(Detail {
                topic: "log".to_owned(),
                text: format!("{group}\n{}", lines.join("\n")),
            }),
            Ok(FunctionLog::Unknown(why)) => found.unknown.push(why),
            Err(error) => found.unknown.push(lacking(&error, "logs:FilterLogEvents")),
        }
    }
}

/// A look-up that did not work, with the permission when that is what is missing.
pub(super) fn lacking(error: &CloudError, permission: &str) -> String {
    match error.kind {
        CloudErrorKind::AccessDenied => {
            format!("the caller lacks the permission {permission}, which would tell more")
        }
        _ => error.to_string(),
    }
}
