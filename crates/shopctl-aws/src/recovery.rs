//! The ports for causes and repairs.

use async_trait::async_trait;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    DeletionMode, EventFilter, EventType, HookFailureMode, HookStatus, ListHookResultsTargetType,
    OperationEvent as SdkEvent,
};
use shopctl_core::names::LogicalId;
use shopctl_deploy::ports::{
    ChangeSetId, ChangeSetRequest, CloudError, CloudErrorKind, Continuation, DeleteMode,
    DeploymentMode, EventScope, HookFinding, HookResult, HookTarget, Investigation, OperationEvent,
    OperationEventKind, StackRepair, TemplateSource,
};

use crate::cloudformation::{
    capabilities, deployment_config, gone_is_fine, parameters, rollback_configuration, tags,
    template_url,
};
use crate::error::map;

/// Pages of events that are read at most: failures are few, and their first page says most.
const EVENT_PAGES: usize = 20;

/// Looks for causes in CloudFormation, STS and CloudWatch Logs.
pub(crate) struct InvestigationClient {
    pub(crate) cloudformation: Client,
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
}

#[async_trait]
impl Investigation for InvestigationClient {
    async fn failed_events(
        &self,
        scope: EventScope<'_>,
    ) -> Result<Vec<OperationEvent>, CloudError> {
        let call = self
            .cloudformation
            .describe_events()
            .filters(EventFilter::builder().failed_events(true).build());
        let call = match scope {
            EventScope::Stack(stack) => call.stack_name(stack),
            EventScope::ChangeSet(change_set) => call.change_set_name(change_set),
        };
        let mut events = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..EVENT_PAGES {
            let page = call
                .clone()
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| map("CloudFormation DescribeEvents", error))?;
            events.extend(page.operation_events.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        // Newest first as they come; a page may hold events of the same instant.
        events.reverse();
        events.sort_by_key(|event| {
            event
                .timestamp
                .map(|time| (time.secs(), time.subsec_nanos()))
        });
        Ok(events.into_iter().map(operation_event).collect())
    }

    async fn hook_results(&self, target: HookTarget<'_>) -> Result<Vec<HookResult>, CloudError> {
        let (kind, id) = match target {
            HookTarget::ChangeSet(id) => (ListHookResultsTargetType::ChangeSet, id),
            HookTarget::Stack(id) => (ListHookResultsTargetType::Stack, id),
        };
        let answer = self
            .cloudformation
            .list_hook_results()
            .target_type(kind)
            .target_id(id)
            .send()
            .await
            .map_err(|error| map("CloudFormation ListHookResults", error))?;
        let mut results = Vec::new();
        for summary in answer.hook_results.unwrap_or_default() {
            if summary.status != Some(HookStatus::HookCompleteFailed)
                && summary.status != Some(HookStatus::HookFailed)
            {
                continue;
            }
            let mut result = HookResult {
                hook: summary.type_name.unwrap_or_default(),
                reason: summary.hook_status_reason,
                findings: Vec::new(),
            };
            // Without the details the reason is still worth a line.
            if let Some(id) = summary.hook_result_id {
                let details = self
                    .cloudformation
                    .get_hook_result()
                    .hook_result_id(id)
                    .send()
                    .await
                    .map_err(|error| map("CloudFormation GetHookResult", error))?;
                result.findings = details
                    .annotations
                    .unwrap_or_default()
                    .into_iter()
                    .filter(|annotation| {
                        annotation
                            .status
                            .as_ref()
                            .is_none_or(|status| status.as_str() == "FAILED")
                    })
                    .map(|annotation| HookFinding {
                        rule: annotation.annotation_name.unwrap_or_default(),
                        message: annotation.status_message,
                        remedy: annotation.remediation_message,
                        link: annotation.remediation_link,
                    })
                    .collect();
            }
            results.push(result);
        }
        Ok(results)
    }

    async fn owner(&self, physical_id: &str) -> Result<Option<String>, CloudError> {
        let answer = self
            .cloudformation
            .describe_stack_resources()
            .physical_resource_id(physical_id)
            .send()
            .await
            .map_err(|error| map("CloudFormation DescribeStackResources", error));
        match answer {
            Ok(answer) => Ok(answer
                .stack_resources
                .unwrap_or_default()
                .into_iter()
                .find_map(|resource| resource.stack_name)),
            Err(error) if error.kind == CloudErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn decode(&self, message: &str) -> Result<String, CloudError> {
        let answer = self
            .sts
            .decode_authorization_message()
            .encoded_message(message)
            .send()
            .await
            .map_err(|error| map("STS DecodeAuthorizationMessage", error))?;
        Ok(answer.decoded_message.unwrap_or_default())
    }

    async fn log_lines(
        &self,
        group: &str,
        words: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, CloudError> {
        let mut lines: Vec<(i64, String)> = Vec::new();
        let mut pages = self
            .logs
            .filter_log_events()
            .log_group_name(group)
            .set_filter_pattern(words.map(|words| format!("\"{}\"", words.replace('"', ""))))
            .into_paginator()
            .send();
        let mut read = 0;
        while let Some(page) = pages.next().await {
            let page = match page.map_err(|error| {
                map(
                    format!("CloudWatch Logs FilterLogEvents of '{group}'"),
                    error,
                )
            }) {
                Ok(page) => page,
                Err(error) if error.kind == CloudErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            for event in page.events.unwrap_or_default() {
                lines.push((
                    event.timestamp.unwrap_or_default(),
                    event.message.unwrap_or_default().trim_end().to_owned(),
                ));
            }
            read += 1;
            if read == EVENT_PAGES {
                break;
            }
        }
        // Streams come one after the other.
        lines.sort_by_key(|(time, _)| *time);
        let skip = lines.len().saturating_sub(limit);
        Ok(lines.into_iter().skip(skip).map(|(_, line)| line).collect())
    }
}

fn operation_event(event: SdkEvent) -> OperationEvent {
    let kind = match event.event_type {
        Some(EventType::ValidationError) => OperationEventKind::Validation,
        Some(EventType::ProvisioningError) => OperationEventKind::Provisioning,
        Some(EventType::HookInvocationError) => OperationEventKind::Hook,
        _ => OperationEventKind::Status,
    };
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let mode = match kind {
        OperationEventKind::Hook => event.hook_failure_mode,
        _ => event.validation_failure_mode,
    };
    OperationEvent {
        operation: event.operation_id,
        operation_type: event.operation_type.map(|kind| kind.as_str().to_owned()),
        kind,
        logical_id: text(event.logical_resource_id).map(LogicalId::new),
        physical_id: text(event.physical_resource_id),
        resource_type: text(event.resource_type),
        status: event
            .resource_status
            .map(|status| status.as_str().to_owned()),
        reason: text(match kind {
            OperationEventKind::Validation => event
                .validation_status_reason
                .or(event.resource_status_reason),
            OperationEventKind::Hook => event.hook_status_reason.or(event.resource_status_reason),
            _ => event.resource_status_reason,
        }),
        check: text(match kind {
            OperationEventKind::Hook => event.hook_type,
            _ => event.validation_name,
        }),
        path: text(event.validation_path),
        warning: mode == Some(HookFailureMode::Warn),
    }
}

/// Repairs stacks.
pub(crate) struct RepairClient {
    pub(crate) cloudformation: Client,
    pub(crate) region: String,
}

#[async_trait]
impl StackRepair for RepairClient {
    async fn continue_rollback(
        &self,
        stack_id: &str,
        how: &Continuation,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        let call = self
            .cloudformation
            .continue_update_rollback()
            .stack_name(stack_id)
            .set_role_arn(role.map(str::to_owned))
            .client_request_token(token);
        let call = match how {
            Continuation::Whole => call,
            Continuation::Skipping(resources) => call.set_resources_to_skip(Some(names(resources))),
            Continuation::Force => call.force_rollback(true),
        };
        call.send().await.map_err(|error| {
            map(
                format!("CloudFormation ContinueUpdateRollback of '{stack_id}'"),
                error,
            )
        })?;
        Ok(())
    }

    async fn roll_back(
        &self,
        stack_id: &str,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        self.cloudformation
            .rollback_stack()
            .stack_name(stack_id)
            .set_role_arn(role.map(str::to_owned))
            .client_request_token(token)
            .send()
            .await
            .map_err(|error| {
                map(
                    format!("CloudFormation RollbackStack of '{stack_id}'"),
                    error,
                )
            })?;
        Ok(())
    }

    async fn delete(
        &self,
        stack_id: &str,
        mode: &DeleteMode,
        waits: DeploymentMode,
        role: Option<&str>,
        token: &str,
    ) -> Result<(), CloudError> {
        let call = self
            .cloudformation
            .delete_stack()
            .stack_name(stack_id)
            .set_role_arn(role.map(str::to_owned))
            .client_request_token(token)
            .set_deployment_config(deployment_config(waits, false));
        let call = match mode {
            DeleteMode::Plain => call,
            DeleteMode::Retaining(resources) => call.set_retain_resources(Some(names(resources))),
            DeleteMode::Force => call.deletion_mode(DeletionMode::ForceDeleteStack),
        };
        gone_is_fine(
            call.send()
                .await
                .map_err(|error| map(format!("CloudFormation DeleteStack of '{stack_id}'"), error)),
        )
    }

    async fn update_directly(
        &self,
        request: &ChangeSetRequest,
        token: &str,
    ) -> Result<(), CloudError> {
        let call = self
            .cloudformation
            .update_stack()
            .stack_name(request.cloud_name.as_str())
            .client_request_token(token)
            .set_parameters(Some(parameters(request)))
            .set_tags(Some(tags(request)))
            .set_capabilities(Some(capabilities(request)))
            .set_role_arn(request.service_role.clone())
            .set_rollback_configuration(request.rollback.as_ref().map(rollback_configuration))
            .set_deployment_config(deployment_config(request.mode, request.paused));
        let call = match &request.template {
            TemplateSource::Inline(body) => call.template_body(body),
            TemplateSource::Object { bucket, key } => {
                call.template_url(template_url(&self.region, bucket, key))
            }
        };
        call.send().await.map_err(|error| {
            map(
                format!("CloudFormation UpdateStack of '{}'", request.cloud_name),
                error,
            )
        })?;
        Ok(())
    }

    async fn execute_paused(&self, id: &ChangeSetId, token: &str) -> Result<(), CloudError> {
        self.cloudformation
            .execute_change_set()
            .change_set_name(&id.change_set)
            .stack_name(&id.stack)
            .client_request_token(token)
            .disable_rollback(true)
            .send()
            .await
            .map_err(|error| map("CloudFormation ExecuteChangeSet", error))?;
        Ok(())
    }
}

fn names(resources: &[LogicalId]) -> Vec<String> {
    resources.iter().map(ToString::to_string).collect()
}
