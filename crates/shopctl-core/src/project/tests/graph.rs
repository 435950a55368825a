//! The order of stacks.

use super::super::Project;
use super::shop;

fn order(project: &Project, environment: &str) -> Vec<String> {
    let environment = project.environment(environment).unwrap();
    let names = project.stack_names_in_order(environment);
    names.into_iter().map(ToString::to_string).collect()
}

#[test]
fn stacks_come_after_those_they_wait_for_and_else_as_written() {
    let project = shop();
    assert_eq!(
        order(&project, "local"),
        ["platform", "identity", "api", "products", "site"]
    );
    let text = "version: 1\nproject: p\nregion: us-east-1\nstacks:\n  web: { parameters: { A: { output: api.A } } }\n  log: {}\n  api: { dependsOn: [data] }\n  data: {}\nenvironments: { local: { local: true } }\n";
    let project = Project::parse("shopctl.yaml", text).unwrap();
    assert_eq!(order(&project, "local"), ["log", "data", "api", "web"]);
}

#[test]
fn dependencies_are_outputs_taken_and_stacks_named_each_once() {
    let text = "version: 1\nproject: p\nregion: us-east-1\nstacks:\n  data: {}\n  api: {}\n  web: { dependsOn: [api], parameters: { A: { output: api.A }, B: { output: api.B }, C: { output: data.C } } }\nenvironments:\n  local: { local: true, parameters: { web: { C: none } } }\n  prod: {}\n";
    let project = Project::parse("shopctl.yaml", text).unwrap();
    let dependencies = |environment: &str| {
        let environment = project.environment(environment).unwrap();
        let names = project.dependencies_of(&"web".into(), environment);
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(dependencies("prod"), ["data", "api"]);
    // A value of its own takes the edge away.
    assert_eq!(dependencies("local"), ["api"]);
}

#[test]
fn a_stack_to_wait_for_that_an_environment_lacks_is_not_waited_for() {
    let text = "version: 1\nproject: p\nregion: us-east-1\nstacks:\n  data: { environments: [prod] }\n  web: { dependsOn: [data] }\nenvironments: { local: { local: true }, prod: {} }\n";
    let project = Project::parse("shopctl.yaml", text).unwrap();
    assert_eq!(order(&project, "local"), ["web"]);
    assert_eq!(order(&project, "prod"), ["data", "web"]);
}
