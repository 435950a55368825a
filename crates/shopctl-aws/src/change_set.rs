//! Reads change sets and deployed stacks for comparisons. Creates and executes nothing.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    ChangeAction, EvaluationType, PolicyAction, Replacement as SdkReplacement, RequiresRecreation,
    ResourceChange, ResourceChangeDetail, StackResourceDriftStatus, TemplateStage,
};
use shopctl_core::change::{
    Deployed, Fate, Recreation, Replacement, ReportedChange, ReportedDetail, ResourceAction,
    is_incomplete, merge_incomplete,
};
use shopctl_core::names::LogicalId;
use shopctl_deploy::ports::{ChangeSetId, CloudError, CloudErrorKind};

use crate::error::map;

/// The service's answer for an export that nobody imports.
const NOT_IMPORTED: &str = "is not imported by any stack";

/// All resources of a change set. When CloudFormation warns that it left resources out
/// because values were asked for, the change set is read again without values.
pub(crate) async fn reported_changes(
    client: &Client,
    id: &ChangeSetId,
) -> Result<Vec<ReportedChange>, CloudError> {
    let (changes, reason) = read(client, id, true).await?;
    if !is_incomplete(&reason) {
        return Ok(changes);
    }
    let (all, _) = read(client, id, false).await?;
    Ok(merge_incomplete(changes, all))
}

async fn read(
    client: &Client,
    id: &ChangeSetId,
    values: bool,
) -> Result<(Vec<ReportedChange>, String), CloudError> {
    let mut changes = Vec::new();
    let mut reason = String::new();
    let mut token: Option<String> = None;
    loop {
        let page = client
            .describe_change_set()
            .change_set_name(&id.change_set)
            .stack_name(&id.stack)
            .include_property_values(values)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| map("CloudFormation DescribeChangeSet", error))?;
        if let Some(text) = page.status_reason {
            reason = text;
        }
        changes.extend(
            page.changes
                .unwrap_or_default()
                .into_iter()
                .filter_map(|change| change.resource_change)
                .map(reported),
        );
        token = page.next_token;
        if token.is_none() {
            return Ok((changes, reason));
        }
    }
}

fn reported(change: ResourceChange) -> ReportedChange {
    let (fate, replaces) = match change.policy_action {
        Some(PolicyAction::Delete) => (Some(Fate::Deleted), false),
        Some(PolicyAction::Retain) => (Some(Fate::Retained), false),
        Some(PolicyAction::Snapshot) => (Some(Fate::Snapshotted), false),
        Some(PolicyAction::ReplaceAndDelete) => (Some(Fate::Deleted), true),
        Some(PolicyAction::ReplaceAndRetain) => (Some(Fate::Retained), true),
        Some(PolicyAction::ReplaceAndSnapshot) => (Some(Fate::Snapshotted), true),
        _ => (None, false),
    };
    let replacement = match change.replacement {
        Some(SdkReplacement::True) => Replacement::Yes,
        Some(SdkReplacement::Conditional) => Replacement::Maybe,
        // A replacement may be told by the policy alone.
        _ if replaces => Replacement::Yes,
        _ => Replacement::No,
    };
    ReportedChange {
        logical_id: LogicalId::new(change.logical_resource_id.unwrap_or_default()),
        physical_id: change.physical_resource_id.filter(|id| !id.is_empty()),
        resource_type: change.resource_type.unwrap_or_default(),
        action: match change.action {
            Some(ChangeAction::Add) => ResourceAction::Add,
            Some(ChangeAction::Remove) => ResourceAction::Remove,
            Some(ChangeAction::Import) => ResourceAction::Import,
            Some(ChangeAction::Dynamic) => ResourceAction::Dynamic,
            _ => ResourceAction::Modify,
        },
        replacement,
        fate,
        drifted: matches!(
            change.resource_drift_status,
            Some(StackResourceDriftStatus::Modified | StackResourceDriftStatus::Deleted)
        ),
        details: change
            .details
            .unwrap_or_default()
            .into_iter()
            .filter_map(detail)
            .collect(),
        before: change.before_context,
        after: change.after_context,
    }
}

fn detail(detail: ResourceChangeDetail) -> Option<ReportedDetail> {
    let target = detail.target?;
    Some(ReportedDetail {
        attribute: target
            .attribute
            .map(|attribute| attribute.as_str().to_owned())
            .unwrap_or_default(),
        name: target.name.filter(|name| !name.is_empty()),
        path: target.path,
        recreation: match target.requires_recreation {
            Some(RequiresRecreation::Always) => Recreation::Always,
            Some(RequiresRecreation::Conditionally) => Recreation::Conditionally,
            Some(RequiresRecreation::Never) => Recreation::Never,
            _ => Recreation::Unknown,
        },
        before: target.before_value,
        after: target.after_value,
        causing_entity: detail.causing_entity.filter(|cause| !cause.is_empty()),
        dynamic: detail.evaluation == Some(EvaluationType::Dynamic),
        drift: target.drift.and_then(|drift| drift.actual_value),
    })
}

/// A stack with its template as it was sent.
pub(crate) async fn deployed(client: &Client, stack: &str) -> Result<Option<Deployed>, CloudError> {
    let described = async {
        client
            .describe_stacks()
            .stack_name(stack)
            .send()
            .await
            .map_err(|error| map(format!("CloudFormation DescribeStacks of '{stack}'"), error))
    };
    let template = async {
        client
            .get_template()
            .stack_name(stack)
            .template_stage(TemplateStage::Original)
            .send()
            .await
            .map_err(|error| map(format!("CloudFormation GetTemplate of '{stack}'"), error))
    };
    let (described, template) = match tokio::try_join!(described, template) {
        Err(error) if error.kind == CloudErrorKind::NotFound => return Ok(None),
        answers => answers?,
    };
    let Some(stack) = described.stacks.unwrap_or_default().into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(Deployed {
        template: template.template_body.unwrap_or_default(),
        parameters: stack
            .parameters
            .unwrap_or_default()
            .into_iter()
            .filter_map(|parameter| {
                Some((
                    parameter.parameter_key?,
                    parameter.parameter_value.unwrap_or_default(),
                ))
            })
            .collect(),
        tags: stack
            .tags
            .unwrap_or_default()
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value?)))
            .collect::<BTreeMap<_, _>>(),
        outputs: stack
            .outputs
            .unwrap_or_default()
            .into_iter()
            .filter_map(|output| Some((output.output_key?, output.output_value?)))
            .collect(),
        termination_protection: stack.enable_termination_protection.unwrap_or(false),
    }))
}

/// The stacks that import an export.
pub(crate) async fn importers(client: &Client, export: &str) -> Result<Vec<String>, CloudError> {
    let mut pages = client
        .list_imports()
        .export_name(export)
        .into_paginator()
        .send();
    let mut importers = Vec::new();
    while let Some(page) = pages.next().await {
        match page.map_err(|error| map(format!("CloudFormation ListImports of '{export}'"), error))
        {
            Ok(page) => importers.extend(page.imports.unwrap_or_default()),
            Err(error)
                if error.kind == CloudErrorKind::NotFound
                    || error.message.contains(NOT_IMPORTED) =>
            {
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(importers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use aws_sdk_cloudformation::types::{
        LiveResourceDrift, ResourceAttribute, ResourceTargetDefinition,
    };

    use super::*;

    #[test]
    fn a_replacement_is_taken_from_the_policy_as_well() {
        let cases = [
            (
                None,
                Some(PolicyAction::ReplaceAndDelete),
                Replacement::Yes,
                Some(Fate::Deleted),
            ),
            (
                Some(SdkReplacement::False),
                Some(PolicyAction::ReplaceAndRetain),
                Replacement::Yes,
                Some(Fate::Retained),
            ),
            (
                Some(SdkReplacement::Conditional),
                Some(PolicyAction::ReplaceAndSnapshot),
                Replacement::Maybe,
                Some(Fate::Snapshotted),
            ),
            (Some(SdkReplacement::False), None, Replacement::No, None),
            (
                None,
                Some(PolicyAction::Retain),
                Replacement::No,
                Some(Fate::Retained),
            ),
        ];
        for (stated, policy, replacement, fate) in cases {
            let change = reported(
                ResourceChange::builder()
                    .set_replacement(stated.clone())
                    .set_policy_action(policy.clone())
                    .build(),
            );
            assert_eq!(
                (change.replacement, change.fate),
                (replacement, fate),
                "{stated:?} {policy:?}"
            );
        }
    }

    #[test]
    fn details_keep_cause_and_drift() {
        let change = reported(
            ResourceChange::builder()
                .logical_resource_id("Table")
                .physical_resource_id("")
                .action(ChangeAction::SyncWithActual)
                .resource_drift_status(StackResourceDriftStatus::Modified)
                .details(
                    ResourceChangeDetail::builder()
                        .evaluation(EvaluationType::Dynamic)
                        .causing_entity("Key.Arn")
                        .target(
                            ResourceTargetDefinition::builder()
                                .attribute(ResourceAttribute::Properties)
                                .name("SSESpecification")
                                .requires_recreation(RequiresRecreation::Conditionally)
                                .drift(LiveResourceDrift::builder().actual_value("off").build())
                                .build(),
                        )
                        .build(),
                )
                .build(),
        );
        assert!(change.drifted && change.physical_id.is_none());
        assert_eq!(change.action, ResourceAction::Modify);
        let detail = &change.details[0];
        assert_eq!(detail.attribute, "Properties");
        assert_eq!(detail.name.as_deref(), Some("SSESpecification"));
        assert_eq!(detail.recreation, Recreation::Conditionally);
        assert_eq!(detail.causing_entity.as_deref(), Some("Key.Arn"));
        assert_eq!(detail.drift.as_deref(), Some("off"));
        assert!(detail.dynamic);
    }
}
