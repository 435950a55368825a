//! The port for moving resources between stacks.

use async_trait::async_trait;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    ResourceLocation, ResourceMapping, StackDefinition, StackRefactorExecutionStatus as Execution,
    StackRefactorStatus as Status,
};
use shopctl_core::names::{CloudStackName, LogicalId};
use shopctl_deploy::ports::{
    CloudError, RefactorState, RefactoredResource, RefactoredStack, Refactoring, TemplateSource,
};

use crate::cloudformation::template_url;
use crate::error::map;

/// Moves resources.
pub(crate) struct RefactoringClient {
    pub(crate) cloudformation: Client,
    pub(crate) region: String,
}

#[async_trait]
impl Refactoring for RefactoringClient {
    async fn create(
        &self,
        stacks: &[RefactoredStack],
        resources: &[RefactoredResource],
        makes_stacks: bool,
        description: &str,
    ) -> Result<String, CloudError> {
        let mut call = self
            .cloudformation
            .create_stack_refactor()
            .description(description)
            .enable_stack_creation(makes_stacks);
        for stack in stacks {
            let definition = StackDefinition::builder().stack_name(stack.cloud_name.as_str());
            let definition = match &stack.template {
                TemplateSource::Inline(body) => definition.template_body(body),
                TemplateSource::Object { bucket, key } => {
                    definition.template_url(template_url(&self.region, bucket, key))
                }
            };
            call = call.stack_definitions(definition.build());
        }
        for resource in resources {
            let mapping = ResourceMapping::builder()
                .source(place(&resource.from))
                .destination(place(&resource.to));
            call = call.resource_mappings(mapping.build());
        }
        let answer = call
            .send()
            .await
            .map_err(|error| map("CloudFormation CreateStackRefactor", error))?;
        Ok(answer.stack_refactor_id.unwrap_or_default())
    }

    async fn state(&self, id: &str) -> Result<RefactorState, CloudError> {
        let answer = self
            .cloudformation
            .describe_stack_refactor()
            .stack_refactor_id(id)
            .send()
            .await
            .map_err(|error| map("CloudFormation DescribeStackRefactor", error))?;
        let failed = |reason: Option<String>| RefactorState::Failed {
            reason: reason.unwrap_or_else(|| "CloudFormation gives no reason".to_owned()),
        };
        Ok(match (answer.status, answer.execution_status) {
            (Some(Status::CreateFailed), _) => failed(answer.status_reason),
            (_, Some(Execution::ExecuteComplete)) => RefactorState::Done,
            (
                _,
                Some(
                    Execution::ExecuteFailed
                    | Execution::RollbackComplete
                    | Execution::RollbackFailed
                    | Execution::Obsolete,
                ),
            ) => failed(answer.execution_status_reason),
            (Some(Status::CreateComplete), Some(Execution::Available)) => RefactorState::Ready,
            _ => RefactorState::Pending,
        })
    }

    async fn actions(&self, id: &str) -> Result<Vec<String>, CloudError> {
        let mut pages = self
            .cloudformation
            .list_stack_refactor_actions()
            .stack_refactor_id(id)
            .into_paginator()
            .send();
        let mut lines = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| map("CloudFormation ListStackRefactorActions", error))?;
            for action in page.stack_refactor_actions.unwrap_or_default() {
                let what = action.action.map(|what| what.as_str().to_lowercase());
                let what = what.unwrap_or_default();
                let about = action
                    .description
                    .or(action.physical_resource_id)
                    .or(action.resource_identifier)
                    .unwrap_or_default();
                lines.push(format!("{what} {about}").trim().to_owned());
            }
        }
        Ok(lines)
    }

    async fn execute(&self, id: &str) -> Result<(), CloudError> {
        self.cloudformation
            .execute_stack_refactor()
            .stack_refactor_id(id)
            .send()
            .await
            .map_err(|error| map("CloudFormation ExecuteStackRefactor", error))?;
        Ok(())
    }
}

fn place((stack, resource): &(CloudStackName, LogicalId)) -> ResourceLocation {
    ResourceLocation::builder()
        .stack_name(stack.as_str())
        .logical_resource_id(resource.as_str())
        .build()
}
