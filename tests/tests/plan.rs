//! `shopctl plan` and the guards of `deploy`, on the real local cloud: a project with a bus, a
//! ledger that holds data and a secret, and an audit trail.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use serde_json::{Value, json};
use shopctl_tests::{Output, TestProject};

const LEDGER: &str = "stacks/ledger/template.yaml";
const BUS: &str = "stacks/bus/template.yaml";

fn run(project: &TestProject, arguments: &[&str]) -> Output {
    project.command(arguments).run()
}

/// Messages are wrapped at the width of the output.
#[track_caller]
fn expect_told(output: &Output, parts: &[&str]) {
    let words: Vec<&str> = output.stderr.split_whitespace().collect();
    let text = words.join(" ");
    for part in parts {
        assert!(text.contains(part), "not told: {part:?}\n{output}");
    }
}

fn plan(project: &TestProject) -> Value {
    let output = run(project, &["plan", "--env", "local", "--output", "json"]);
    output.expect_code(0).json()
}

fn stack<'a>(plan: &'a Value, name: &str) -> &'a Value {
    let stacks = plan["stacks"].as_array().unwrap();
    stacks.iter().find(|stack| stack["stack"] == name).unwrap()
}

fn resource<'a>(plan: &'a Value, in_stack: &str, name: &str) -> Option<&'a Value> {
    let resources = stack(plan, in_stack)["resources"].as_array().unwrap();
    resources
        .iter()
        .find(|resource| resource["logicalId"] == name)
}

/// Makes another table of the ledger's: its key has another name.
fn change_the_key(project: &TestProject) {
    project.edit(
        LEDGER,
        "AttributeDefinitions: [{ AttributeName: pk,",
        "AttributeDefinitions: [{ AttributeName: id,",
    );
    project.edit(
        LEDGER,
        "KeySchema: [{ AttributeName: pk,",
        "KeySchema: [{ AttributeName: id,",
    );
}

#[test]
fn a_plan_leaves_no_trace() {
    let project = TestProject::small("ledger");
    let first = run(&project, &["plan", "--env", "local", "--exit-code"]);
    let text = first.expect_code(2).stdout.clone();
    assert!(text.contains("3 stacks to create"), "{text}");
    let stacks = project
        .emulator()
        .call("cloudformation", "list_stacks", &json!({}));
    assert_eq!(stacks["StackSummaries"], json!([]), "no stack is in review");

    project.deploy().run().expect_code(0);
    run(&project, &["plan", "--env", "local", "--exit-code"]).expect_code(0);

    project.edit("shopctl.yaml", "Seconds: 5", "Seconds: 9");
    let changed = plan(&project);
    assert_eq!(stack(&changed, "ledger")["asked"], true);
    let sets = project.emulator().call(
        "cloudformation",
        "list_change_sets",
        &json!({"StackName": "ledger-local-ledger"}),
    );
    let left: Vec<&Value> = sets["Summaries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|set| {
            let name = set["ChangeSetName"].as_str().unwrap();
            name.starts_with("shopctl-plan-")
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_change_is_told_with_its_reason_and_reaches_only_who_it_concerns() {
    let project = TestProject::small("ledger");
    project.deploy().run().expect_code(0);
    project.edit("shopctl.yaml", "Seconds: 5", "Seconds: 9");
    project.edit(
        BUS,
        "Topic: { Type: AWS::SNS::Topic }",
        "Topic: { Type: AWS::SNS::Topic, Properties: { DisplayName: ledger } }",
    );
    let changed = plan(&project);
    let queue = resource(&changed, "ledger", "Queue").unwrap();
    assert_eq!(
        queue["properties"],
        json!([{
            "path": "VisibilityTimeout", "before": {"value": "5"}, "after": {"value": "9"},
            "recreation": "never", "causes": ["parameter Seconds"],
        }])
    );
    // The rule names the queue and the bus, which both stay what they are.
    assert_eq!(resource(&changed, "ledger", "Rule"), None);
    assert_eq!(stack(&changed, "ledger")["knownAfter"], json!([]));
    assert_eq!(stack(&changed, "audit")["effect"], "unchanged");
    assert!(!changed.to_string().contains("hunter22"));
    assert!(!changed.to_string().contains("****"));
}

#[test]
fn data_is_only_replaced_or_deleted_by_name() {
    let project = TestProject::small("ledger");
    project.deploy().run().expect_code(0);
    change_the_key(&project);
    project.edit(
        BUS,
        "Topic: { Type: AWS::SNS::Topic }",
        "Topic: { Type: AWS::SNS::Topic, Properties: { DisplayName: ledger } }",
    );
    let changed = plan(&project);
    let table = resource(&changed, "ledger", "Table").unwrap();
    assert_eq!(table["replacement"], "yes");
    assert_eq!(table["dangers"][0]["class"], "data_loss");

    expect_told(
        &run(&project, &["deploy", "--env", "local"]).expect_code(3),
        &["--allow replace:ledger.Table"],
    );
    let topics = plan(&project);
    assert_eq!(
        stack(&topics, "bus")["effect"],
        "update",
        "nothing was touched"
    );

    run(
        &project,
        &["deploy", "--env", "local", "--allow", "replace:Table"],
    )
    .expect_code(0);
    run(&project, &["plan", "--env", "local", "--exit-code"]).expect_code(0);

    project.write(
        "stacks/audit/template.yaml",
        "Resources:\n  Topic: { Type: AWS::SNS::Topic }\n",
    );
    expect_told(
        &run(&project, &["deploy", "--env", "local"]).expect_code(3),
        &["--allow delete:audit.Trail"],
    );
    run(
        &project,
        &["deploy", "--env", "local", "--allow", "delete:audit.Trail"],
    )
    .expect_code(0);
}

#[test]
fn a_saved_plan_is_carried_out_once_and_only_as_it_was() {
    let project = TestProject::small("ledger");
    let save = ["plan", "--env", "local", "--save", "plan.json"];
    let carry_out = ["deploy", "--env", "local", "--plan", "plan.json"];
    run(&project, &save).expect_code(0);
    assert!(!project.read("plan.json").contains("hunter22"));
    run(&project, &carry_out).expect_code(0);
    expect_told(
        &run(&project, &carry_out).expect_code(3),
        &["does not fit any more", "stack 'ledger': it was created"],
    );

    project.edit("shopctl.yaml", "Seconds: 5", "Seconds: 9");
    run(&project, &save).expect_code(0);
    project.edit("shopctl.yaml", "Seconds: 9", "Seconds: 12");
    expect_told(
        &run(&project, &carry_out).expect_code(3),
        &["its parameters, tags or capabilities are others"],
    );
    project.write("plan.json", "{}");
    run(&project, &carry_out).expect_code(4);
}

#[test]
fn an_export_in_use_stays() {
    let project = TestProject::small("ledger");
    project.edit(
        BUS,
        "BusName: { Value: !Ref Bus }",
        "BusName: { Value: !Ref Bus }\n  Shared: { Value: one, Export: { Name: ledger-shared } }",
    );
    project.edit(
        "shopctl.yaml",
        "Seconds: 5",
        "Seconds: 5 # audit imports what bus exports",
    );
    project.deploy().run().expect_code(0);
    project.write(
        "stacks/audit/template.yaml",
        "Resources:\n  Trail: { Type: AWS::S3::Bucket }\n  Topic: { Type: AWS::SNS::Topic, Properties: { DisplayName: !ImportValue ledger-shared } }\n",
    );
    project.deploy().run().expect_code(0);
    project.edit(
        BUS,
        "\n  Shared: { Value: one, Export: { Name: ledger-shared } }",
        "",
    );
    expect_told(
        &run(&project, &["deploy", "--env", "local"]).expect_code(3),
        &[
            "ledger-shared",
            "imported by ledger-local-audit",
            "in two steps",
        ],
    );
}

#[test]
fn markdown_is_for_plans_alone() {
    let project = TestProject::small("ledger");
    let output = run(
        &project,
        &["plan", "--env", "local", "--output", "markdown"],
    );
    let text = output.expect_code(0).stdout.clone();
    assert!(text.starts_with("### Plan for ledger in local"), "{text}");
    run(
        &project,
        &["status", "--env", "local", "--output", "markdown"],
    )
    .expect_code(4);
}
