//! The CloudFormation port.

use async_trait::async_trait;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    Capability as SdkCapability, ChangeSetStatus, ChangeSetType as SdkChangeSetType,
    DeploymentConfig, DeploymentConfigMode, DeploymentMode as DriftMode, Parameter,
    RollbackConfiguration, RollbackTrigger, Stack, Tag, TemplateStage,
};
use indexmap::IndexMap;
use shopctl_core::change::{Deployed, ReportedChange};
use shopctl_core::names::{CloudStackName, LogicalId};
use shopctl_core::stack_settings::{RollbackAlarm, RollbackRule};
use shopctl_core::status::StackStatus;
use shopctl_core::template::Capability;
use shopctl_deploy::ports::{
    ChangeSetId, ChangeSetRequest, ChangeSetState, ChangeSetType, CloudError, CloudErrorKind,
    CloudFormation, DeploymentMode, StackDescription, StackEvent, StackResource, TemplateSource,
};

use crate::change_set;
use crate::error::map;

/// Texts of a change set that failed because nothing would change.
const NOTHING_TO_DO: [&str; 2] = [
    "The submitted information didn't contain changes",
    "No updates are to be performed",
];

pub(crate) struct CloudFormationClient {
    client: Client,
    region: String,
}

impl CloudFormationClient {
    pub(crate) fn new(client: Client, region: &str) -> Self {
        Self {
            client,
            region: region.to_owned(),
        }
    }

    fn description(stack: Stack) -> StackDescription {
        let status_text = stack
            .stack_status
            .as_ref()
            .map(|status| status.as_str())
            .unwrap_or_default();
        // A status of a later day is no error: the stack is left alone until it has another.
        let (status, unknown) = match status_text.parse::<StackStatus>() {
            Ok(status) => (status, None),
            Err(unknown) => (StackStatus::Unknown, Some(unknown.to_string())),
        };
        let changed = stack.last_updated_time.or(stack.creation_time);
        let exports = stack
            .outputs()
            .iter()
            .filter_map(|output| output.export_name.clone())
            .collect();
        StackDescription {
            exports,
            stack_id: stack.stack_id.unwrap_or_default(),
            status,
            status_reason: unknown.or(stack
                .stack_status_reason
                .filter(|reason| !reason.is_empty())),
            last_changed: changed
                .and_then(|time| time.fmt(aws_smithy_types::date_time::Format::DateTime).ok()),
            outputs: stack
                .outputs
                .unwrap_or_default()
                .into_iter()
                .filter_map(|output| Some((output.output_key?, output.output_value?)))
                .collect::<IndexMap<String, String>>(),
            termination_protection: stack.enable_termination_protection.unwrap_or(false),
            rollback: rollback_rule(stack.rollback_configuration),
            mode: match stack.deployment_config.and_then(|config| config.mode) {
                Some(DeploymentConfigMode::Express) => DeploymentMode::Express,
                _ => DeploymentMode::Standard,
            },
        }
    }
}

#[async_trait]
impl CloudFormation for CloudFormationClient {
    async fn describe(&self, stack: &str) -> Result<Option<StackDescription>, CloudError> {
        let answer = self.client.describe_stacks().stack_name(stack).send().await;
        match answer {
            Ok(answer) => {
                let found = answer.stacks.unwrap_or_default().into_iter().next();
                Ok(found.map(Self::description))
            }
            Err(error) => {
                let error = map(format!("CloudFormation DescribeStacks of '{stack}'"), error);
                if error.kind == CloudErrorKind::NotFound {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
        }
    }

    async fn create_change_set(
        &self,
        request: &ChangeSetRequest,
    ) -> Result<ChangeSetId, CloudError> {
        let call = self
            .client
            .create_change_set()
            .stack_name(request.cloud_name.as_str())
            .change_set_name(&request.name)
            .change_set_type(match request.change_set_type {
                ChangeSetType::Create => SdkChangeSetType::Create,
                ChangeSetType::Update => SdkChangeSetType::Update,
            })
            .description(&request.description)
            .client_token(&request.token)
            .set_parameters(Some(parameters(request)))
            .set_tags(Some(tags(request)))
            .set_capabilities(Some(capabilities(request)))
            .set_role_arn(request.service_role.clone())
            .set_rollback_configuration(request.rollback.as_ref().map(rollback_configuration))
            .set_deployment_config(deployment_config(request.mode, request.paused));
        let call = call
            .set_import_existing_resources(request.options.import_existing.then_some(true))
            .set_deployment_mode(
                request
                    .options
                    .revert_drift
                    .then_some(DriftMode::RevertDrift),
            );
        let call = match &request.template {
            TemplateSource::Inline(body) => call.template_body(body),
            TemplateSource::Object { bucket, key } => {
                call.template_url(template_url(&self.region, bucket, key))
            }
        };
        let answer = call.send().await.map_err(|error| {
            map(
                format!("CloudFormation CreateChangeSet of '{}'", request.cloud_name),
                error,
            )
        })?;
        Ok(ChangeSetId {
            change_set: answer.id.unwrap_or_default(),
            stack: answer.stack_id.unwrap_or_default(),
        })
    }

    async fn change_set(&self, id: &ChangeSetId) -> Result<ChangeSetState, CloudError> {
        let answer = self
            .client
            .describe_change_set()
            .change_set_name(&id.change_set)
            .stack_name(&id.stack)
            .send()
            .await
            .map_err(|error| map("CloudFormation DescribeChangeSet", error))?;
        let reason = answer.status_reason.unwrap_or_default();
        Ok(match answer.status {
            Some(ChangeSetStatus::CreateComplete) => {
                // One page is enough to tell how many lines the progress has.
                ChangeSetState::Ready {
                    changes: answer.changes.unwrap_or_default().len(),
                }
            }
            Some(ChangeSetStatus::Failed)
                if NOTHING_TO_DO.iter().any(|text| reason.starts_with(text)) =>
            {
                ChangeSetState::Empty
            }
            Some(ChangeSetStatus::Failed) => ChangeSetState::Failed { reason },
            _ => ChangeSetState::Pending,
        })
    }

    async fn reported_changes(&self, id: &ChangeSetId) -> Result<Vec<ReportedChange>, CloudError> {
        change_set::reported_changes(&self.client, id).await
    }

    async fn deployed(&self, stack: &str) -> Result<Option<Deployed>, CloudError> {
        change_set::deployed(&self.client, stack).await
    }

    async fn importers(&self, export: &str) -> Result<Vec<String>, CloudError> {
        change_set::importers(&self.client, export).await
    }

    async fn execute_change_set(&self, id: &ChangeSetId, token: &str) -> Result<(), CloudError> {
        self.client
            .execute_change_set()
            .change_set_name(&id.change_set)
            .stack_name(&id.stack)
            .client_request_token(token)
            .send()
            .await
            .map_err(|error| map("CloudFormation ExecuteChangeSet", error))?;
        Ok(())
    }

    async fn delete_change_set(&self, id: &ChangeSetId) -> Result<(), CloudError> {
        let answer = self
            .client
            .delete_change_set()
            .change_set_name(&id.change_set)
            .stack_name(&id.stack)
            .send()
            .await;
        gone_is_fine(answer.map_err(|error| map("CloudFormation DeleteChangeSet", error)))
    }

    async fn delete_stack(
        &self,
        stack_id: &str,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        let answer = self
            .client
            .delete_stack()
            .stack_name(stack_id)
            .set_role_arn(role.map(str::to_owned))
            .client_request_token(token)
            .send()
            .await;
        gone_is_fine(
            answer
                .map_err(|error| map(format!("CloudFormation DeleteStack of '{stack_id}'"), error)),
        )
    }

    async fn cancel_update(&self, stack_id: &str, token: &str) -> Result<(), CloudError> {
        self.client
            .cancel_update_stack()
            .stack_name(stack_id)
            .client_request_token(token)
            .send()
            .await
            .map_err(|error| map("CloudFormation CancelUpdateStack", error))?;
        Ok(())
    }

    async fn events(
        &self,
        stack_id: &str,
        since: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudError> {
        let mut newest_first = Vec::new();
        let mut token: Option<String> = None;
        'pages: loop {
            let answer = self
                .client
                .describe_stack_events()
                .stack_name(stack_id)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| map("CloudFormation DescribeStackEvents", error))?;
            for event in answer.stack_events.unwrap_or_default() {
                let event_id = event.event_id.unwrap_or_default();
                if Some(event_id.as_str()) == since {
                    break 'pages;
                }
                newest_first.push(StackEvent {
                    event_id,
                    logical_id: LogicalId::new(event.logical_resource_id.unwrap_or_default()),
                    physical_id: event.physical_resource_id.filter(|id| !id.is_empty()),
                    resource_type: event.resource_type.unwrap_or_default(),
                    status: event
                        .resource_status
                        .map(|status| status.as_str().to_owned())
                        .unwrap_or_default(),
                    reason: event
                        .resource_status_reason
                        .filter(|reason| !reason.is_empty()),
                });
            }
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        newest_first.reverse();
        Ok(newest_first)
    }

    async fn latest_event(&self, stack_id: &str) -> Result<Option<String>, CloudError> {
        let answer = self
            .client
            .describe_stack_events()
            .stack_name(stack_id)
            .send()
            .await
            .map_err(|error| map("CloudFormation DescribeStackEvents", error))?;
        Ok(answer
            .stack_events
            .unwrap_or_default()
            .into_iter()
            .next()
            .and_then(|e| e.event_id))
    }

    async fn template(&self, stack: &str) -> Result<String, CloudError> {
        let answer = self
            .client
            .get_template()
            .stack_name(stack)
            .template_stage(TemplateStage::Processed)
            .send()
            .await
            .map_err(|error| map(format!("CloudFormation GetTemplate of '{stack}'"), error))?;
        Ok(answer.template_body.unwrap_or_default())
    }

    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>, CloudError> {
        let mut resources = Vec::new();
        let mut pages = self
            .client
            .list_stack_resources()
            .stack_name(stack)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                map(
                    format!("CloudFormation ListStackResources of '{stack}'"),
                    error,
                )
            })?;
            for resource in page.stack_resource_summaries.unwrap_or_default() {
                resources.push(StackResource {
                    logical_id: LogicalId::new(resource.logical_resource_id.unwrap_or_default()),
                    physical_id: resource.physical_resource_id,
                    resource_type: resource.resource_type.unwrap_or_default(),
                    status: resource
                        .resource_status
                        .map(|status| status.as_str().to_owned())
                        .unwrap_or_default(),
                });
            }
        }
        Ok(resources)
    }

    async fn stack_policy(&self, stack: &str) -> Result<Option<String>, CloudError> {
        let answer = self
            .client
            .get_stack_policy()
            .stack_name(stack)
            .send()
            .await
            .map_err(|error| map(format!("CloudFormation GetStackPolicy of '{stack}'"), error))?;
        Ok(answer.stack_policy_body.filter(|body| !body.is_empty()))
    }

    async fn set_stack_policy(&self, stack: &str, body: &str) -> Result<(), CloudError> {
        self.client
            .set_stack_policy()
            .stack_name(stack)
            .stack_policy_body(body)
            .send()
            .await
            .map_err(|error| map(format!("CloudFormation SetStackPolicy of '{stack}'"), error))?;
        Ok(())
    }

    async fn set_termination_protection(
        &self,
        cloud_name: &CloudStackName,
        enabled: bool,
    ) -> Result<(), CloudError> {
        self.client
            .update_termination_protection()
            .stack_name(cloud_name.as_str())
            .enable_termination_protection(enabled)
            .send()
            .await
            .map_err(|error| {
                map(
                    format!("CloudFormation UpdateTerminationProtection of '{cloud_name}'"),
                    error,
                )
            })?;
        Ok(())
    }
}

pub(crate) fn parameters(request: &ChangeSetRequest) -> Vec<Parameter> {
    request
        .parameters
        .iter()
        .map(|(name, value)| {
            Parameter::builder()
                .parameter_key(name)
                .parameter_value(value)
                .build()
        })
        .collect()
}

pub(crate) fn tags(request: &ChangeSetRequest) -> Vec<Tag> {
    request
        .tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

pub(crate) fn capabilities(request: &ChangeSetRequest) -> Vec<SdkCapability> {
    request
        .capabilities
        .iter()
        .map(|capability| match capability {
            Capability::Iam => SdkCapability::CapabilityIam,
            Capability::NamedIam => SdkCapability::CapabilityNamedIam,
            Capability::AutoExpand => SdkCapability::CapabilityAutoExpand,
        })
        .collect()
}

/// CloudFormation's type of a plain alarm and of a composite one.
const ALARM: &str = "AWS::CloudWatch::Alarm";
const COMPOSITE_ALARM: &str = "AWS::CloudWatch::CompositeAlarm";

/// The alarms as CloudFormation takes them; an empty list removes those of before.
pub(crate) fn rollback_configuration(rule: &RollbackRule) -> RollbackConfiguration {
    let triggers = rule.alarms.iter().map(|alarm| {
        RollbackTrigger::builder()
            .arn(&alarm.arn)
            .r#type(if alarm.composite {
                COMPOSITE_ALARM
            } else {
                ALARM
            })
            .build()
    });
    RollbackConfiguration::builder()
        .set_rollback_triggers(Some(triggers.collect()))
        .monitoring_time_in_minutes(i32::try_from(rule.monitoring_minutes).unwrap_or(i32::MAX))
        .build()
}

/// The alarms as CloudFormation tells them; it leaves out a monitoring time of none.
fn rollback_rule(configuration: Option<RollbackConfiguration>) -> RollbackRule {
    let Some(configuration) = configuration else {
        return RollbackRule::default();
    };
    let minutes = configuration.monitoring_time_in_minutes;
    RollbackRule {
        alarms: configuration
            .rollback_triggers
            .unwrap_or_default()
            .into_iter()
            .map(|trigger| RollbackAlarm {
                arn: trigger.arn.unwrap_or_default(),
                composite: trigger.r#type.as_deref() == Some(COMPOSITE_ALARM),
            })
            .collect(),
        monitoring_minutes: minutes
            .and_then(|minutes| u32::try_from(minutes).ok())
            .unwrap_or(0),
    }
}

/// How CloudFormation is to work; nothing in its standard mode, which has fields of its own for
/// rollback. In EXPRESS mode rollback is off unless it is said.
pub(crate) fn deployment_config(
    mode: DeploymentMode,
    disable_rollback: bool,
) -> Option<DeploymentConfig> {
    (mode == DeploymentMode::Express).then(|| {
        DeploymentConfig::builder()
            .mode(DeploymentConfigMode::Express)
            .disable_rollback(disable_rollback)
            .build()
    })
}

pub(crate) fn template_url(region: &str, bucket: &str, key: &str) -> String {
    format!("https://s3.{region}.amazonaws.com/{bucket}/{key}")
}

pub(crate) fn gone_is_fine<T>(answer: Result<T, CloudError>) -> Result<(), CloudError> {
    match answer {
        Err(error) if error.kind != CloudErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
