//! The roles of the functions: the local cloud let them do what their policies allow and nothing
//! else, and remembers what they asked for.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::Shop;
use crate::books::physical;
use crate::customer::Customer;
use crate::spare::only_what_is_written_down;

/// A call that a role made: action and resource, and whether it was allowed.
struct Call {
    role: String,
    action: String,
    resource: String,
    allowed: bool,
}

/// Before anything: nothing of what follows would be true of a cloud that lets everybody do all.
pub(crate) fn policies_are_enforced(shop: &Shop) {
    let health = format!("{}/_ministack/health", shop.emulator.endpoint);
    let health = shop.http.get(&health).expect(200).json();
    assert!(
        health.to_string().contains("\"auth\":\"enabled\""),
        "{health}"
    );
}

/// Nothing that a function needed was refused, and nothing is allowed that none needed.
pub(crate) fn roles_suffice(shop: &Shop, refused_on_purpose: &[String]) {
    let names = roles(shop);
    let mut needed = calls(shop);
    let refused: BTreeSet<_> = needed
        .iter()
        .filter(|call| !call.allowed)
        .map(|call| format!("{} {}", names[&call.role], call.action))
        .collect();
    assert_eq!(
        refused,
        refused_on_purpose.iter().cloned().collect(),
        "refused"
    );
    needed.extend(on_behalf_of_functions(shop));

    let places = places(shop);
    let mut spare = BTreeSet::new();
    let mut lacking = BTreeSet::new();
    for (role, name) in &names {
        let needed: Vec<_> = needed.iter().filter(|call| call.role == *role).collect();
        for (action, resource) in permissions(shop, role) {
            let called = needed
                .iter()
                .any(|call| call.action == action && matches(&resource, &call.resource));
            if !called {
                let place = place(&places, &resource);
                spare.insert(format!("{name} {action} {place}"));
            }
        }
        for call in &needed {
            if !allows(shop, call) {
                lacking.insert(format!("{name} {} {}", call.action, call.resource));
            }
        }
    }
    assert_eq!(lacking, BTreeSet::new(), "needed, and not allowed");
    only_what_is_written_down(&spare);
}

/// Each action on each resource that the role may do.
fn permissions(shop: &Shop, role: &str) -> Vec<(String, String)> {
    let all = statements(shop, role);
    let all = all.iter().flat_map(|(_, all)| all);
    all.flat_map(|statement| {
        let resources = words(&statement["Resource"]);
        let actions = words(&statement["Action"]).into_iter();
        actions.flat_map(move |action| {
            let resources = resources.clone().into_iter();
            resources.map(move |resource| (action.clone(), resource))
        })
    })
    .collect()
}

/// What resources are called in the cloud, and what their templates call them: stack and resource.
fn places(shop: &Shop) -> Vec<(String, String)> {
    let stacks = shop.status["stacks"].as_array().unwrap().iter();
    stacks
        .flat_map(|stack| {
            let asked = json!({ "StackName": stack["stackName"] });
            let found = shop
                .emulator
                .call("cloudformation", "describe_stack_resources", &asked);
            let resources = found["StackResources"].as_array().unwrap().clone();
            let stack = stack["name"].as_str().unwrap().to_owned();
            resources.into_iter().map(move |resource| {
                let text = |name: &str| resource[name].as_str().unwrap().to_owned();
                let id = text("PhysicalResourceId");
                let name = id.rsplit(['/', ':']).next().unwrap().to_owned();
                (name, format!("{stack}.{}", text("LogicalResourceId")))
            })
        })
        .collect()
}

/// The resource of a statement as its template would call it, with what comes after it.
fn place(places: &[(String, String)], resource: &str) -> String {
    let found = places.iter().filter_map(|(id, name)| {
        let (_, after) = resource.split_once(id.as_str())?;
        Some((id.len(), format!("{name}{after}")))
    });
    let longest = found.max_by_key(|(length, _)| *length);
    longest.map_or_else(|| resource.to_owned(), |(_, name)| name)
}

/// Takes a permission from a function and sees that it fails, and that this is noticed.
pub(crate) fn a_role_that_lacks_something_is_noticed(shop: &Shop) -> String {
    let admin = Customer::returning(shop, "admin@shopctl.example");
    let list = json!({ "operation": "list", "tableName": "products" });
    let ask = || admin.send(Method::POST, "/api/admin/tool", &[], Some(&list));
    ask().expect(200);
    let role = role_of(shop, &physical(shop, "admin", "ToolFunction"));
    without(shop, &role, "dynamodb:Scan", "*", || {
        assert!(ask().status >= 500, "it may not read the table");
    });
    ask().expect(200);
    let refused = format!("{} dynamodb:Scan", roles(shop)[&role]);
    let noticed = calls(shop)
        .iter()
        .any(|call| call.role == role && call.action == "dynamodb:Scan" && !call.allowed);
    assert!(noticed, "{refused}");
    refused
}

/// A service that tells the bus of changes tells as itself, and cannot tell as another (U183).
pub(crate) fn producers_publish_as_themselves_only(shop: &Shop) -> Vec<String> {
    let cloud = &shop.emulator;
    let names = roles(shop);
    let bus = shop.output("platform", "BusName");
    let mut refused = Vec::new();
    for (role, name) in &names {
        let all = statements(shop, role);
        let publishes = all
            .iter()
            .flat_map(|(_, all)| all)
            .find(|it| words(&it["Action"]).contains(&"events:PutEvents".to_owned()));
        let Some(publishes) = publishes else { continue };
        let source = publishes["Condition"]["StringEquals"]["events:source"].as_str();
        let source = source.unwrap_or_else(|| panic!("{name} publishes as anybody"));
        let put = |credentials: &Value, source: &str| {
            let entry = json!({
                "EventBusName": bus, "Source": source, "DetailType": "Rehearsed", "Detail": "{}",
            });
            cloud.try_call_as(
                credentials,
                "events",
                "put_events",
                &json!({ "Entries": [entry] }),
            )
        };
        let credentials = assumed(shop, role);
        put(&credentials, source).unwrap_or_else(|error| panic!("{name}: {error}"));
        let other = put(&credentials, "shop.somebody-else").unwrap_err();
        assert!(other.contains("AccessDenied"), "{name}: {other}");
        refused.push(format!("{name} events:PutEvents"));
    }
    assert!(refused.len() >= 7, "publishers: {refused:?}");
    refused
}

/// The role of a function.
pub(crate) fn role_of(shop: &Shop, function: &str) -> String {
    let asked = json!({ "FunctionName": function });
    let found = shop
        .emulator
        .call("lambda", "get_function_configuration", &asked);
    name_in(&found["Role"])
}

fn name_in(arn: &Value) -> String {
    let arn = arn.as_str().unwrap();
    arn.rsplit('/').next().unwrap().to_owned()
}

/// Does something while a role may not do this to these resources.
pub(crate) fn without(shop: &Shop, role: &str, action: &str, resource: &str, steps: impl FnOnce()) {
    let before = statements(shop, role);
    for (policy, statements) in &before {
        let mut narrower = statements.clone();
        for statement in &mut narrower {
            let about = words(&statement["Resource"])
                .iter()
                .any(|it| matches(resource, it));
            if about {
                let mut actions = words(&statement["Action"]);
                actions.retain(|it| it != action);
                statement["Action"] = json!(actions);
            }
        }
        narrower.retain(|statement| statement["Action"] != json!([]));
        put(shop, role, policy, &narrower);
    }
    steps();
    for (policy, statements) in &before {
        put(shop, role, policy, statements);
    }
}

fn put(shop: &Shop, role: &str, policy: &str, statements: &[Value]) {
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    let asked = json!({
        "RoleName": role, "PolicyName": policy, "PolicyDocument": document.to_string(),
    });
    shop.emulator.call("iam", "put_role_policy", &asked);
}

/// Credentials of a role that otherwise Lambda alone may take on.
fn assumed(shop: &Shop, role: &str) -> Value {
    let cloud = &shop.emulator;
    let found = cloud.call("iam", "get_role", &json!({ "RoleName": role }));
    let trust = found["Role"]["AssumeRolePolicyDocument"].to_string();
    let trusts = |document: &str| {
        let asked = json!({ "RoleName": role, "PolicyDocument": document });
        cloud.call("iam", "update_assume_role_policy", &asked);
    };
    let everybody = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" }],
    });
    trusts(&everybody.to_string());
    let asked = json!({ "RoleArn": found["Role"]["Arn"], "RoleSessionName": "rehearsal" });
    let taken = cloud.call("sts", "assume_role", &asked);
    trusts(&trust);
    taken["Credentials"].clone()
}

/// Roles of functions by name, and what templates call them: stack and resource.
pub(crate) fn roles(shop: &Shop) -> BTreeMap<String, String> {
    let stacks = shop.status["stacks"].as_array().unwrap();
    let mut roles = BTreeMap::new();
    for stack in stacks {
        let asked = json!({ "StackName": stack["stackName"] });
        let found = shop
            .emulator
            .call("cloudformation", "describe_stack_resources", &asked);
        for resource in found["StackResources"].as_array().unwrap() {
            if resource["ResourceType"] == "AWS::IAM::Role" {
                let text = |name: &str| resource[name].as_str().unwrap().to_owned();
                let (stack, name) = (stack["name"].as_str().unwrap(), text("LogicalResourceId"));
                roles.insert(text("PhysicalResourceId"), format!("{stack}.{name}"));
            }
        }
    }
    roles
}

/// The inline policies of a role: name and statements.
fn statements(shop: &Shop, role: &str) -> Vec<(String, Vec<Value>)> {
    let cloud = &shop.emulator;
    let asked = json!({ "RoleName": role });
    let found = cloud.call("iam", "list_role_policies", &asked);
    let policies = found["PolicyNames"].as_array().unwrap().iter();
    policies
        .map(|name| {
            let asked = json!({ "RoleName": role, "PolicyName": name });
            let found = cloud.call("iam", "get_role_policy", &asked);
            let statements = found["PolicyDocument"]["Statement"].as_array().unwrap();
            (name.as_str().unwrap().to_owned(), statements.clone())
        })
        .collect()
}

/// What functions of the shop asked for, each once.
fn calls(shop: &Shop) -> Vec<Call> {
    let url = format!("{}/_shopctl/calls", shop.emulator.endpoint);
    let said = shop.http.get(&url).expect(200).json();
    let calls = said["calls"].as_array().unwrap().iter();
    calls
        .map(|call| {
            let text = |name: &str| call[name].as_str().unwrap().to_owned();
            Call {
                role: text("role"),
                action: text("action"),
                resource: text("resource"),
                allowed: call["allowed"] == true,
            }
        })
        .collect()
}

/// What AWS does for a function with the rights of its role, and this cloud without asking: reading
/// its queue or stream, keeping what failed, writing its log, logging in to the database.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-permissions.html>
fn on_behalf_of_functions(shop: &Shop) -> Vec<Call> {
    const LOG: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];
    const QUEUE: [&str; 3] = [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    ];
    const STREAM: [&str; 3] = [
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:DescribeStream",
    ];
    let cloud = &shop.emulator;
    let mut calls = Vec::new();
    let mut needs = |role: &str, actions: &[&str], resource: &str| {
        calls.extend(actions.iter().map(|action| Call {
            role: role.to_owned(),
            action: (*action).to_owned(),
            resource: resource.to_owned(),
            allowed: true,
        }));
    };
    for stack in shop.status["stacks"].as_array().unwrap() {
        let asked = json!({ "StackName": stack["stackName"] });
        let found = cloud.call("cloudformation", "describe_stack_resources", &asked);
        for resource in found["StackResources"].as_array().unwrap() {
            if resource["ResourceType"] != "AWS::Lambda::Function" {
                continue;
            }
            let name = &resource["PhysicalResourceId"];
            let asked = json!({ "FunctionName": name });
            let function = cloud.call("lambda", "get_function_configuration", &asked);
            let role = name_in(&function["Role"]);
            let group = function["LoggingConfig"]["LogGroup"].as_str().unwrap();
            let asked = json!({ "logGroupNamePrefix": group });
            let group = cloud.call("logs", "describe_log_groups", &asked);
            needs(&role, &LOG, group["logGroups"][0]["arn"].as_str().unwrap());
            let variables = &function["Environment"]["Variables"];
            // What only makes a schema logs in as the master user, with a password.
            let own = variables["OUTBOX_TABLE_NAME"].is_string();
            if let Some(user) = variables["DATABASE_SCHEMA"].as_str().filter(|_| own) {
                let database = shop.output("database", "ResourceId");
                let user =
                    format!("arn:aws:rds-db:us-east-1:000000000000:dbuser:{database}/{user}");
                needs(&role, &["rds-db:connect"], &user);
            }
            let asked = json!({ "FunctionName": name });
            let mappings = cloud.call("lambda", "list_event_source_mappings", &asked);
            for mapping in mappings["EventSourceMappings"].as_array().unwrap() {
                let source = mapping["EventSourceArn"].as_str().unwrap();
                match source.starts_with("arn:aws:sqs:") {
                    true => needs(&role, &QUEUE, source),
                    false => {
                        needs(&role, &STREAM, source);
                        needs(&role, &["dynamodb:ListStreams"], "*");
                    }
                }
                if let Some(dead) =
                    mapping["DestinationConfig"]["OnFailure"]["Destination"].as_str()
                {
                    needs(&role, &["sqs:SendMessage"], dead);
                }
            }
        }
    }
    calls
}

/// Whether a statement of the role allows this.
fn allows(shop: &Shop, call: &Call) -> bool {
    let all = statements(shop, &call.role);
    all.iter().flat_map(|(_, all)| all).any(|statement| {
        words(&statement["Action"]).contains(&call.action)
            && words(&statement["Resource"])
                .iter()
                .any(|resource| matches(resource, &call.resource))
    })
}

/// One word, or several.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(words) => words.iter().flat_map(words_of).collect(),
        one => words_of(one).collect(),
    }
}

fn words_of(value: &Value) -> impl Iterator<Item = String> + use<> {
    value.as_str().map(str::to_owned).into_iter()
}

/// Whether a text is as a pattern of a policy says: `*` is anything, `?` one character.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            let rest = &pattern[1..];
            (0..=text.len()).any(|from| text.is_char_boundary(from) && matches(rest, &text[from..]))
        }
        (Some(one), Some(other)) if one == other || one == '?' => {
            matches(&pattern[one.len_utf8()..], &text[other.len_utf8()..])
        }
        _ => false,
    }
}
