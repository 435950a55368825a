#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::service::{folder, read, root};
use super::*;
use crate::testing::{Role, routes};

/// Every document, by stack.
fn documents() -> BTreeMap<String, Value> {
    let files = fs::read_dir(folder()).unwrap();
    let documents = files.map(|file| {
        let path = file.unwrap().path();
        let stack = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (stack, serde_json::from_str(&read(&path)).unwrap())
    });
    documents.collect()
}

/// Method and path of what is answered over HTTP, with the operation.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let routed = paths.iter().filter(|(path, _)| path.starts_with("/api/"));
    routed
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap();
            methods.iter().map(move |(method, operation)| {
                (
                    format!("{} {path}", method.to_uppercase()),
                    operation.clone(),
                )
            })
        })
        .collect()
}

/// A service that adds a route needs nobody to remember its document.
#[test]
fn every_stack_with_routes_has_a_document() {
    let documented = documents();
    let mut routed = BTreeMap::new();
    for stack in fs::read_dir(root().join("stacks")).unwrap() {
        let stack = stack.unwrap();
        let template = read(&stack.path().join("template.yaml"));
        // What is answered for a route that there is not is no route.
        let keys = routes(&template).into_keys();
        let keys = keys.filter(|key| *key != "$default").map(str::to_owned);
        let keys: BTreeSet<_> = keys.collect();
        if !keys.is_empty() {
            routed.insert(stack.file_name().into_string().unwrap(), keys);
        }
    }
    let documented: BTreeMap<_, BTreeSet<_>> = documented
        .iter()
        .map(|(stack, document)| {
            let operations = operations(document).into_iter();
            (stack.clone(), operations.map(|(key, _)| key).collect())
        })
        .collect();
    assert_eq!(documented, routed);
}

#[test]
fn the_stage_limits_what_the_documents_say() {
    let stage = read(&root().join("stacks/stage/template.yaml"));
    let (_, settings) = stage.split_once("\n      RouteSettings:\n").unwrap();
    let indent = settings.len() - settings.trim_start().len();
    let limited: BTreeSet<_> = settings
        .lines()
        .take_while(|line| line.len() - line.trim_start().len() >= indent)
        .filter(|line| line.len() - line.trim_start().len() == indent)
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(key, _)| key.to_owned())
        .collect();
    let documented = documents();
    let documented = documented
        .values()
        .flat_map(operations)
        .filter(|(_, operation)| operation["x-limited"] == true)
        .map(|(key, _)| key);
    let documented: BTreeSet<_> = documented.chain(["$default".to_owned()]).collect();
    assert_eq!(documented, limited);
}

#[test]
fn every_schema_is_one() {
    for (stack, document) in documents() {
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            let judged = jsonschema::meta::validate(schema);
            assert!(judged.is_ok(), "{stack} {name}: {judged:?}");
        }
    }
}

/// Whatever refers to something finds it.
#[test]
fn no_reference_leads_nowhere() {
    fn check(document: &Value, part: &Value) {
        match part {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let found = document.pointer(&reference[1..]);
                    assert!(found.is_some(), "{reference}");
                }
                members.values().for_each(|member| check(document, member));
            }
            Value::Array(items) => items.iter().for_each(|item| check(document, item)),
            _ => {}
        }
    }
    for document in documents().values() {
        check(document, document);
    }
}

/// Roles are words in the documents; these are the ones that there are.
#[test]
fn roles_are_those_that_there_are() {
    let known: BTreeSet<_> = Role::ALL
        .iter()
        .map(|role| role.name())
        .chain(["owner"])
        .collect();
    for access in [
        Access::Everybody,
        Access::Account,
        Access::Owner,
        Access::OwnerOrAdmin,
        Access::Warehouse,
        Access::Delivery,
        Access::Admin,
    ] {
        let roles = access.roles().unwrap_or_default();
        assert!(roles.iter().all(|role| known.contains(role)), "{access:?}");
    }
    assert_eq!(
        Access::OwnerOrAdmin.requirements(),
        json!([{ "login": ["owner"] }, { "login": ["admin"] }])
    );
    assert_eq!(Access::Everybody.requirements(), json!([]));
    assert_eq!(Access::Account.requirements(), json!([{ "login": [] }]));
}

#[derive(Serialize, JsonSchema)]
struct Cup {
    size: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    colour: Option<String>,
}

#[test]
fn an_operation_says_what_it_takes_and_answers() {
    let service = Service {
        stack: "cups",
        title: "Cups",
        description: "Cups.",
        operations: vec![
            Operation::new("PUT /api/cups/{cupId}", Access::Admin, "Change a cup")
                .takes_as::<Cup>("CupRequest", &["size"])
                .versioned(true)
                .answers::<Cup>(200)
                .with_etag(),
        ],
        calls: Vec::new(),
    };
    let document = service.document();
    let operation = &document["paths"]["/api/cups/{cupId}"]["put"];
    assert_eq!(operation["operationId"], "put-cups-cupId");
    let parameters = operation["parameters"].as_array().unwrap();
    let names: Vec<_> = parameters
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["cupId", "If-Match"]);
    let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
    assert_eq!(
        statuses,
        ["200", "400", "401", "403", "412", "428", "429", "500"]
    );
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["CupRequest"]["required"], json!(["size"]));
    assert_eq!(schemas["Cup"]["properties"]["size"]["type"], "integer");
}

#[test]
#[should_panic(expected = "documented routes and those of the template")]
fn a_route_that_the_template_lacks_is_found() {
    let service = Service {
        stack: "admin",
        title: "",
        description: "",
        operations: vec![Operation::new("GET /api/cups", Access::Everybody, "Cups")],
        calls: Vec::new(),
    };
    service.assert_documented(&["GET /api/cups"]);
}
