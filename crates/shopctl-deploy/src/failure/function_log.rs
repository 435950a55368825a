//! What the function behind a custom resource wrote into its log.

use shopctl_core::names::LogicalId;
use shopctl_core::yaml::{self, Node, Value};

use crate::ports::{CloudError, Ports, StackResource};

/// Lines that are shown at most.
const LINES: usize = 15;

/// What was found.
pub(crate) enum FunctionLog {
    /// The log group and its lines.
    Lines { group: String, lines: Vec<String> },
    /// Why there are none.
    Unknown(String),
}

/// The lines about one request of the custom resource `logical_id`; without any that name
/// the request, the function's last lines.
pub(crate) async fn read(
    ports: &Ports,
    stack_id: &str,
    logical_id: &LogicalId,
    request: Option<&str>,
) -> Result<FunctionLog, CloudError> {
    let template = ports.cloudformation.template(stack_id).await?;
    let resources = ports.cloudformation.resources(stack_id).await?;
    let Some(group) = log_group(&template, &resources, logical_id) else {
        return Ok(FunctionLog::Unknown(format!(
            "the function behind '{logical_id}' is not one of this stack, so its log was not read"
        )));
    };
    let mut lines = match request {
        Some(request) => {
            ports
                .investigation
                .log_lines(&group, Some(request), LINES)
                .await?
        }
        None => Vec::new(),
    };
    if lines.len() < 2 {
        // Most functions log CloudFormation's request only when it comes in, if at all.
        let last = ports.investigation.log_lines(&group, None, LINES).await?;
        if last.len() > lines.len() {
            lines = last;
        }
    }
    if lines.is_empty() {
        return Ok(FunctionLog::Unknown(format!(
            "log group '{group}' has no lines: the function may never have run"
        )));
    }
    Ok(FunctionLog::Lines { group, lines })
}

/// The log group of the function that `ServiceToken` names.
fn log_group(
    template: &str,
    resources: &[StackResource],
    logical_id: &LogicalId,
) -> Option<String> {
    let document = yaml::parse("deployed template", template).ok()?;
    let declared = document.get("Resources")?;
    let token = declared
        .get(logical_id.as_str())?
        .get("Properties")?
        .get("ServiceToken")?;
    let words = words(token);
    let function = resources.iter().find(|resource| {
        resource.resource_type == "AWS::Lambda::Function"
            && words
                .iter()
                .any(|word| word == resource.logical_id.as_str())
    });
    let Some(function) = function else {
        // A fixed ARN: its last part but a version is the name.
        let arn = words.iter().position(|word| word == "function")?;
        return Some(format!("/aws/lambda/{}", words.get(arn + 1)?));
    };
    let name = function.physical_id.as_deref()?;
    let configured = declared
        .get(function.logical_id.as_str())
        .and_then(|function| {
            function
                .get("Properties")?
                .get("LoggingConfig")?
                .get("LogGroup")
        });
    let named = configured.and_then(|group| {
        let by_reference = resources.iter().find(|resource| {
            resource.resource_type == "AWS::Logs::LogGroup"
                && self::words(group)
                    .iter()
                    .any(|word| word == resource.logical_id.as_str())
        });
        match by_reference {
            Some(resource) => resource.physical_id.clone(),
            None => group
                .as_str()
                .filter(|_| group.tag.is_none())
                .map(str::to_owned),
        }
    });
    Some(named.unwrap_or_else(|| format!("/aws/lambda/{name}")))
}

/// Every word of every scalar in a node: logical IDs in whatever form a reference has.
fn words(node: &Node) -> Vec<String> {
    let mut found = Vec::new();
    // Whatever its tag: `!GetAtt Function.Arn` is a scalar too.
    if let Value::Scalar(scalar) = &node.value {
        found.extend(
            scalar
                .text
                .split(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '_')
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
        );
    }
    for item in node.items().unwrap_or_default() {
        found.extend(words(item));
    }
    for (_, value) in node.entries().unwrap_or_default() {
        found.extend(words(value));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(logical_id: &str, physical_id: &str, kind: &str) -> StackResource {
        StackResource {
            logical_id: logical_id.into(),
            physical_id: Some(physical_id.to_owned()),
            resource_type: kind.to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
        }
    }

    #[test]
    fn the_service_token_leads_to_the_log_group() {
        let resources = [
            resource("SeedFunction", "shop-seed", "AWS::Lambda::Function"),
            resource("OtherFunction", "shop-other", "AWS::Lambda::Function"),
            resource("OtherLogs", "/shop/other", "AWS::Logs::LogGroup"),
        ];
        let group = |token: &str| {
            let template = format!(
                "
Resources:
  Seed:
    Type: Custom::Seed
    Properties:
      ServiceToken: {token}
  SeedFunction: {{ Type: AWS::Lambda::Function }}
  OtherFunction:
    Type: AWS::Lambda::Function
    Properties:
      LoggingConfig: {{ LogGroup: !Ref OtherLogs }}
"
            );
            log_group(&template, &resources, &"Seed".into())
        };
        for token in [
            "!GetAtt SeedFunction.Arn",
            "{ 'Fn::GetAtt': [SeedFunction, Arn] }",
            "!Sub '${SeedFunction.Arn}:live'",
            "arn:aws:lambda:us-east-1:1:function:shop-seed:live",
        ] {
            assert_eq!(
                group(token).as_deref(),
                Some("/aws/lambda/shop-seed"),
                "{token}"
            );
        }
        assert_eq!(
            group("!GetAtt OtherFunction.Arn").as_deref(),
            Some("/shop/other")
        );
        assert_eq!(group("!Ref FunctionArn"), None);
    }
}
