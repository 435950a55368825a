//! The project against its templates.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use insta::assert_snapshot;

use super::super::{Project, check_wiring};
use crate::diagnostic::Location;
use crate::names::StackName;
use crate::template::{ParameterDeclaration, RenderedTemplate};

/// A parameter `name: type`, `name: type = default` or `name: type (allowed|allowed)`;
/// secret when it is named `Secret`.
fn declaration(line: usize, text: &str) -> (String, ParameterDeclaration) {
    let (name, rest) = text.split_once(": ").unwrap();
    let (rest, default) = match rest.split_once(" =") {
        Some((rest, default)) => (rest, Some(default.trim().to_owned())),
        None => (rest, None),
    };
    let (parameter_type, allowed) = match rest.split_once(" (") {
        Some((rest, allowed)) => (rest, allowed.trim_end_matches(')')),
        None => (rest, ""),
    };
    let declaration = ParameterDeclaration {
        parameter_type: parameter_type.to_owned(),
        default,
        no_echo: name == "Secret",
        allowed_values: allowed
            .split('|')
            .filter(|value| !value.is_empty())
            .map(ToOwned::to_owned)
            .collect(),
        allowed_pattern: None,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
        constraint_description: None,
        location: Location {
            file: Arc::from("template.yaml"),
            line,
            column: 3,
        },
    };
    (name.to_owned(), declaration)
}

fn template(stack: &str, parameters: &[&str], outputs: &[&str]) -> (StackName, RenderedTemplate) {
    let parameters = parameters.iter().enumerate();
    let template = RenderedTemplate {
        stack: stack.into(),
        body: String::new(),
        digest: String::new(),
        parameters: parameters
            .map(|(index, text)| declaration(index + 2, text))
            .collect(),
        outputs: outputs.iter().map(ToString::to_string).collect(),
        capabilities: BTreeSet::new(),
        resources: IndexMap::new(),
        nested: std::collections::BTreeMap::new(),
        omitted: Vec::new(),
        uploads: Vec::new(),
        warnings: Vec::new(),
    };
    (stack.into(), template)
}

const PROJECT: &str = "version: 1
project: shop
region: us-east-1
stacks:
  api: {}
  web:
    parameters: { ApiId: { output: api.ApiId } }
environments:
  local: { local: true }
  prod: { account: 012345678901, region: eu-central-1 }
";

fn api() -> (StackName, RenderedTemplate) {
    template("api", &[], &["ApiId", "ApiUrl"])
}

/// What is wrong between [`PROJECT`], with `parameters` in the place of the value of
/// `ApiId`, and a `web` template that declares `declared`.
fn wiring(parameters: &str, declared: &[&str]) -> String {
    let text = PROJECT.replace("{ ApiId: { output: api.ApiId } }", parameters);
    let templates = [api(), template("web", declared, &["WebUrl"])];
    check(&text, "prod", templates)
}

fn check<const N: usize>(
    text: &str,
    environment: &str,
    templates: [(StackName, RenderedTemplate); N],
) -> String {
    let project = Project::parse("shopctl.yaml", text).unwrap();
    let environment = project.environment(environment).unwrap();
    let findings = check_wiring(&project, environment, &templates.into_iter().collect());
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn what_fits_is_not_reported() {
    let declared = [
        "ApiId: String",
        "Stage: String (prod|dev)",
        "Account: String (012345678901)",
        "Zones: CommaDelimitedList",
        "Ports: List<Number>",
        "Size: Number = 3",
    ];
    assert_eq!(
        wiring(
            "{ ApiId: { output: api.ApiId }, Stage: { pseudo: environment }, Account: { pseudo: account }, Zones: [a, b], Ports: [80, 443] }",
            &declared
        ),
        ""
    );
}

#[test]
fn outputs_that_the_template_does_not_have() {
    let declared = ["ApiId: String"];
    let site = "site: {}\n  web:\n    parameters: { ApiId: { output: api.WebUrl } }";
    let text = PROJECT.replace(
        "web:\n    parameters: { ApiId: { output: api.ApiId } }",
        site,
    );
    let templates = [
        api(),
        template("site", &[], &["WebUrl"]),
        template("web", &declared, &[]),
    ];
    assert_snapshot!(check(&text, "prod", templates), @"shopctl.yaml:8:36: the template of stack 'api' has no output 'WebUrl' (did you mean 'site.WebUrl'?)");
    assert_snapshot!(wiring("{ ApiId: { output: api.ApiIdd } }", &declared), @"shopctl.yaml:7:36: the template of stack 'api' has no output 'ApiIdd' (did you mean 'api.ApiId'?)");
    // An output of its own is not what a stack is told to take.
    let own = template("web", &declared, &["Bucket"]);
    let text = PROJECT.replace("api.ApiId", "api.Bucket");
    assert_snapshot!(check(&text, "prod", [api(), own]), @"shopctl.yaml:7:36: the template of stack 'api' has no output 'Bucket' (there is: ApiId, ApiUrl)");
    assert_snapshot!(wiring("{ ApiId: { output: api.Bucket } }", &declared), @"shopctl.yaml:7:36: the template of stack 'api' has no output 'Bucket' (there is: ApiId, ApiUrl)");
    let none = template("api", &[], &[]);
    assert_snapshot!(check(PROJECT, "prod", [none, template("web", &declared, &[])]), @"shopctl.yaml:7:36: the template of stack 'api' has no output 'ApiId' (declare it under Outputs there)");
}

#[test]
fn parameters_without_a_value() {
    // The output of the same name is most likely what is meant.
    assert_snapshot!(wiring("{}", &["ApiId: String", "Size: Number", "Stage: String = dev"]), @r"
    template.yaml:2:3: parameter 'ApiId' of stack 'web' has no value and no default (add 'ApiId: { output: api.ApiId }' to 'parameters' of 'web' at shopctl.yaml:6:3)
    template.yaml:3:3: parameter 'Size' of stack 'web' has no value and no default (add 'Size: <value>' to 'parameters' of 'web' at shopctl.yaml:6:3)
    ");
}

#[test]
fn values_without_a_parameter() {
    assert_snapshot!(wiring("{ ApiIdd: { output: api.ApiId } }", &["ApiId: String = x"]), @"shopctl.yaml:7:19: the template of stack 'web' has no parameter 'ApiIdd' (did you mean 'ApiId'?)");
    assert_snapshot!(wiring("{ Size: 3 }", &[]), @"shopctl.yaml:7:19: the template of stack 'web' has no parameter 'Size' (remove 'Size' here, or declare it there)");
}

#[test]
fn values_that_their_declaration_refuses() {
    assert_snapshot!(wiring("{ Size: large }", &["Size: Number"]), @"shopctl.yaml:7:25: parameter 'Size' of stack 'web': 'large' is not a number (declared at template.yaml:2:3)");
    assert_snapshot!(wiring("{ Stage: test }", &["Stage: String (prod|dev)"]), @"shopctl.yaml:7:26: parameter 'Stage' of stack 'web': 'test' is not one of 'prod', 'dev' (declared at template.yaml:2:3)");
    assert_snapshot!(wiring("{ Stage: { pseudo: region } }", &["Stage: String (us-east-1)"]), @"shopctl.yaml:7:36: parameter 'Stage' of stack 'web': 'eu-central-1' is not one of 'us-east-1' (declared at template.yaml:2:3)");
    assert_snapshot!(wiring("{ Zones: [a, b] }", &["Zones: String"]), @"shopctl.yaml:7:26: parameter 'Zones' of stack 'web' has the type String and takes one value, there is a list (declared at template.yaml:2:3)");
    assert_snapshot!(wiring("{ Ports: [80, http] }", &["Ports: List<Number>"]), @"shopctl.yaml:7:26: parameter 'Ports' of stack 'web': 'http' is not a number (declared at template.yaml:2:3)");
    assert_snapshot!(wiring("{ Zones: [a, b] }", &["Zones: AWS::SSM::Parameter::Value<List<String>>"]), @"shopctl.yaml:7:26: parameter 'Zones' of stack 'web' has the type AWS::SSM::Parameter::Value<List<String>> and takes one value, there is a list (declared at template.yaml:2:3)");
}

#[test]
fn secrets_that_are_written_into_the_file_for_aws() {
    let text = PROJECT.replace("{ ApiId: { output: api.ApiId } }", "{ Secret: hunter2 }");
    let templates = || [api(), template("web", &["Secret: String"], &[])];
    assert_snapshot!(check(&text, "prod", templates()), @"shopctl.yaml:7:27: warning: parameter 'Secret' of stack 'web' is secret (NoEcho), and its value is written here (let the template take it from Secrets Manager or SSM)");
    assert_eq!(check(&text, "local", templates()), "");
}

#[test]
fn values_of_the_environment_are_what_counts() {
    let text = PROJECT.replace(
        "local: true }",
        "local: true, parameters: { web: { ApiId: none, Size: x } } }",
    );
    let templates = || {
        [
            api(),
            template("web", &["ApiId: String", "Size: Number = 1"], &[]),
        ]
    };
    assert_snapshot!(check(&text, "local", templates()), @"shopctl.yaml:9:65: parameter 'Size' of stack 'web': 'x' is not a number (declared at template.yaml:3:3)");
    assert_eq!(check(&text, "prod", templates()), "");
}

#[test]
fn outputs_that_site_and_urls_take() {
    let text = format!(
        "{PROJECT}site:\n  path: web\n  output: web\n  bucket: {{ output: web.Bucket }}\n  distribution: {{ output: web.WebUrl }}\n  config: {{ file: c.json, values: {{ api: {{ output: api.Url }} }} }}\nurls:\n  api: {{ output: api.ApiUri }}\n"
    );
    let web = template("web", &["ApiId: String"], &["BucketName", "WebUrl"]);
    assert_snapshot!(check(&text, "prod", [api(), web]), @r"
    shopctl.yaml:14:21: the template of stack 'web' has no output 'Bucket' (did you mean 'web.BucketName'?)
    shopctl.yaml:16:52: the template of stack 'api' has no output 'Url' (there is: ApiId, ApiUrl)
    shopctl.yaml:18:18: the template of stack 'api' has no output 'ApiUri' (did you mean 'api.ApiUrl'?)
    ");
}

#[test]
fn a_stack_whose_template_failed_brings_no_further_findings() {
    assert_eq!(
        check(PROJECT, "prod", [template("web", &["ApiId: String"], &[])]),
        ""
    );
}
