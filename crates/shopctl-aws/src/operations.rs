//! Logs, alarms and drift.

use async_trait::async_trait;
use aws_sdk_cloudformation::types::StackDriftDetectionStatus;
use aws_smithy_types::date_time::{DateTime, Format};
use shopctl_deploy::operations::{Alarm, Detection, Drift, LogEvent, LogQuery, Operations};
use shopctl_deploy::ports::{CloudError, CloudErrorKind};

use crate::error::map;

/// CloudWatch takes so many names a call.
const ALARMS_A_CALL: usize = 100;

pub(crate) struct OperationsClient {
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
}

#[async_trait]
impl Operations for OperationsClient {
    async fn log_group(&self, function: &str) -> Result<Option<String>, CloudError> {
        let answer = self
            .lambda
            .get_function_configuration()
            .function_name(function)
            .send()
            .await;
        match answer {
            Ok(function) => {
                let own = function.logging_config.and_then(|config| config.log_group);
                let name = function.function_name.unwrap_or_default();
                Ok(Some(own.unwrap_or_else(|| format!("/aws/lambda/{name}"))))
            }
            Err(error) => absent(map(
                format!("Lambda GetFunctionConfiguration of '{function}'"),
                error,
            )),
        }
    }

    async fn log_events(&self, query: &LogQuery) -> Result<Vec<LogEvent>, CloudError> {
        let operation = || format!("CloudWatch Logs FilterLogEvents of '{}'", query.group);
        let pattern = (!query.words.is_empty()).then(|| pattern(&query.words));
        let mut pages = self
            .logs
            .filter_log_events()
            .log_group_name(&query.group)
            .start_time(query.from)
            .set_filter_pattern(pattern)
            .into_paginator()
            .send();
        let mut events = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    return absent(map(operation(), error)).map(|none| none.unwrap_or_default());
                }
            };
            events.extend(page.events.unwrap_or_default().into_iter().map(|event| {
                let timestamp = event.timestamp.unwrap_or_default();
                let message = event.message.unwrap_or_default();
                let stream = event.log_stream_name.unwrap_or_default();
                LogEvent {
                    // Some answer without; two equal lines of one moment are then one.
                    id: event
                        .event_id
                        .filter(|id| !id.is_empty())
                        .unwrap_or_else(|| format!("{stream} {timestamp} {message}")),
                    timestamp,
                    message,
                }
            }));
        }
        events.sort_by_key(|event| event.timestamp);
        Ok(events)
    }

    async fn alarms(&self, names: &[String]) -> Result<Vec<Alarm>, CloudError> {
        let mut alarms = Vec::new();
        for names in names.chunks(ALARMS_A_CALL) {
            let answer = self
                .cloudwatch
                .describe_alarms()
                .set_alarm_names(Some(names.to_vec()))
                .max_records(100)
                .send()
                .await
                .map_err(|error| map("CloudWatch DescribeAlarms", error))?;
            for alarm in answer.metric_alarms.unwrap_or_default() {
                alarms.push(Alarm {
                    name: alarm.alarm_name.unwrap_or_default(),
                    state: alarm
                        .state_value
                        .map_or_else(String::new, |s| s.as_str().to_owned()),
                    reason: alarm.state_reason,
                    since: alarm.state_updated_timestamp.as_ref().and_then(time),
                });
            }
        }
        Ok(alarms)
    }

    async fn drift(&self, stack: &str) -> Result<Option<Drift>, CloudError> {
        let answer = self
            .cloudformation
            .describe_stacks()
            .stack_name(stack)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let stack = answer.stacks.unwrap_or_default().into_iter().next();
                Ok(stack
                    .and_then(|stack| stack.drift_information)
                    .map(|drift| Drift {
                        status: drift
                            .stack_drift_status
                            .map_or_else(|| "NOT_CHECKED".to_owned(), |s| s.as_str().to_owned()),
                        checked: drift.last_check_timestamp.as_ref().and_then(time),
                    }))
            }
            Err(error) => absent(map(
                format!("CloudFormation DescribeStacks of '{stack}'"),
                error,
            )),
        }
    }

    async fn detect_drift(&self, stack: &str) -> Result<String, CloudError> {
        let answer = self
            .cloudformation
            .detect_stack_drift()
            .stack_name(stack)
            .send()
            .await
            .map_err(|e| map(format!("CloudFormation DetectStackDrift of '{stack}'"), e))?;
        Ok(answer.stack_drift_detection_id.unwrap_or_default())
    }

    async fn detection(&self, id: &str) -> Result<Detection, CloudError> {
        let answer = self
            .cloudformation
            .describe_stack_drift_detection_status()
            .stack_drift_detection_id(id)
            .send()
            .await
            .map_err(|e| map("CloudFormation DescribeStackDriftDetectionStatus", e))?;
        Ok(match answer.detection_status {
            Some(StackDriftDetectionStatus::DetectionInProgress) => Detection::Running,
            Some(StackDriftDetectionStatus::DetectionFailed) => Detection::Failed {
                reason: answer.detection_status_reason.unwrap_or_default(),
            },
            _ => Detection::Done {
                status: answer
                    .stack_drift_status
                    .map_or_else(String::new, |s| s.as_str().to_owned()),
                drifted: answer
                    .drifted_stack_resource_count
                    .and_then(|count| usize::try_from(count).ok())
                    .unwrap_or(0),
            },
        })
    }
}

/// What is not there is no error.
fn absent<T>(error: CloudError) -> Result<Option<T>, CloudError> {
    match error.kind {
        CloudErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}

fn time(time: &DateTime) -> Option<String> {
    time.fmt(Format::DateTime).ok()
}

/// The words as a filter that wants all of them, whatever the line's form. Quotes cannot be
/// escaped there; the caller looks at the lines once more.
fn pattern(words: &[String]) -> String {
    let quoted = words
        .iter()
        .map(|word| format!("\"{}\"", word.replace('"', "")));
    quoted.collect::<Vec<_>>().join(" ")
}
