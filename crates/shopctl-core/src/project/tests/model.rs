//! What the rest of the tool gets to see of a right file.

use insta::assert_snapshot;

use super::super::{
    Architecture, ConfigValue, EnvironmentKind, Given, LocalValue, OutputReference, ParameterValue,
    Project, PseudoValue,
};
use super::{changed, shop};
use crate::names::StackName;

fn value(given: &Given<ParameterValue>) -> &ParameterValue {
    &given.value
}

fn literal(text: &str) -> ParameterValue {
    ParameterValue::Literal(text.to_owned())
}

#[test]
fn parameters_of_an_environment_win_over_those_of_the_stack() {
    let project = shop();
    let identity = StackName::new("identity");
    let given = |environment: &str| {
        let environment = project.environment(environment).unwrap();
        let parameters = project.parameters_for(&identity, environment);
        let shown: Vec<String> = parameters
            .iter()
            .map(|(name, given)| format!("{name}={:?} at {}", given.value, given.location))
            .collect();
        shown.join("\n")
    };
    assert_snapshot!(given("local"), @r#"PasswordLength=Literal("12") at shopctl.yaml:9:35"#);
    assert_snapshot!(given("prod"), @r#"
    PasswordLength=Literal("16") at shopctl.yaml:54:47
    Domain=Literal("shop.example") at shopctl.yaml:54:59
    "#);
}

#[test]
fn each_kind_of_value_is_read() {
    let project = shop();
    let local = project.environment("local").unwrap();
    let api = project.parameters_for(&"api".into(), local);
    assert_eq!(
        value(&api["UserPoolClientId"]),
        &ParameterValue::OutputOf(OutputReference {
            stack: "identity".into(),
            output: "UserPoolClientId".to_owned(),
        })
    );
    assert_eq!(
        value(&api["Stages"]),
        &ParameterValue::List(vec!["blue".to_owned(), "green".to_owned()])
    );
    let products = project.parameters_for(&"products".into(), local);
    assert_eq!(
        value(&products["Stage"]),
        &ParameterValue::Pseudo(PseudoValue::Environment)
    );
    let site = project.parameters_for(&"site".into(), local);
    assert_eq!(
        value(&site["LocalPort"]),
        &ParameterValue::Local(LocalValue::Port)
    );
    let prod = project.environment("prod").unwrap();
    let site = project.parameters_for(&"site".into(), prod);
    assert_eq!(value(&site["LocalPort"]), &literal(""));

    let text = changed("{ pseudo: environment }", "{ variable: STAGE }");
    let project = Project::parse("shopctl.yaml", &text).unwrap();
    let local = project.environment("local").unwrap();
    let products = project.parameters_for(&"products".into(), local);
    assert_eq!(
        value(&products["Stage"]),
        &ParameterValue::Variable("STAGE".to_owned())
    );
}

#[test]
fn a_message_can_point_at_the_value_and_at_its_name() {
    let project = shop();
    let local = project.environment("local").unwrap();
    let products = project.parameters_for(&"products".into(), local);
    let given = &products["ApiId"];
    assert_eq!(given.location.to_string(), "shopctl.yaml:16:36");
    assert_eq!(given.name_location.to_string(), "shopctl.yaml:16:19");
}

#[test]
fn scalars_stay_as_they_are_written() {
    let text = "version: 1\nproject: p\nregion: us-east-1\nstacks:\n  a: { parameters: { A: 010, B: 1.10, C: true, D: 1e3, E: \"~\", F: 0x1F } }\nenvironments: { local: { local: true } }\n";
    let project = Project::parse("shopctl.yaml", text).unwrap();
    let local = project.environment("local").unwrap();
    let texts: Vec<ParameterValue> = project
        .parameters_for(&"a".into(), local)
        .into_values()
        .map(|given| given.value)
        .collect();
    assert_eq!(
        texts,
        ["010", "1.10", "true", "1e3", "~", "0x1F"].map(literal)
    );
}

#[test]
fn account_numbers_keep_their_leading_zeros() {
    let project = shop();
    let account = |name: &str| match &project.environment(name).unwrap().kind {
        EnvironmentKind::Aws {
            account: Some(account),
        } => account.to_string(),
        _ => "none".to_owned(),
    };
    assert_eq!(account("prod"), "012345678901");
    assert_eq!(account("local"), "none");
    for written in ["000000000000", "\"000000000000\"", "'000000000000'"] {
        let text = super::changed(
            "    local: true\n",
            &format!("    local: true\n    account: {written}\n"),
        );
        assert!(Project::parse("shopctl.yaml", &text).is_ok(), "{written}");
    }
}

#[test]
fn what_an_environment_leaves_out_has_a_default() {
    let project = shop();
    let local = project.environment("local").unwrap();
    assert!(local.is_local());
    assert_eq!(local.region.as_str(), "us-east-1");
    assert_eq!(local.architecture, None);
    assert_eq!(local.profile.as_str(), "dev");
    assert!(!local.protected && local.termination_protection.is_none());

    let prod = project.environment("prod").unwrap();
    assert!(!prod.is_local());
    assert_eq!(prod.region.as_str(), "eu-central-1");
    assert_eq!(prod.architecture, Some(Architecture::Arm64));
    assert_eq!(prod.profile.as_str(), "lambda");
    assert!(prod.protected && prod.termination_protection == Some(true));

    let text = "version: 1\nproject: p\nstacks: { a: }\nenvironments: { local: { local: true }, dev: { region: eu-west-1, protected: true, terminationProtection: false } }\n";
    let project = Project::parse("shopctl.yaml", text).unwrap();
    assert_eq!(
        project.environment("local").unwrap().region.as_str(),
        "us-east-1"
    );
    let dev = project.environment("dev").unwrap();
    assert_eq!(dev.architecture, Some(Architecture::X86_64));
    assert_eq!(dev.profile.as_str(), "release");
    assert!(dev.protected && dev.termination_protection == Some(false));
}

#[test]
fn paths_have_one_spelling() {
    let project = shop();
    let template = |name: &str| project.stack(name).unwrap().template.to_string();
    assert_eq!(template("products"), "stacks/catalogue.yaml");
    assert_eq!(template("api"), "stacks/api/template.yaml");
    assert_eq!(project.handlers()["products"].as_str(), "handlers/products");
}

#[test]
fn names_on_aws() {
    let project = shop();
    let prod = project.environment("prod").unwrap();
    assert_eq!(
        project.cloud_stack_name(prod, &"products".into()).as_str(),
        "shop-prod-products"
    );
    assert_eq!(
        project.artifact_bucket(prod, "012345678901"),
        "shopctl-shop-prod-012345678901-eu-central-1"
    );
}

#[test]
fn the_longest_names_make_a_stack_name_that_cloudformation_takes() {
    let name = |length: usize| "n".repeat(length);
    let text = |project: usize, environment: usize, stack: usize| {
        format!(
            "version: 1\nproject: {}\nstacks: {{ {}: {{}} }}\nenvironments: {{ {}: {{ local: true }} }}\n",
            name(project),
            name(stack),
            name(environment)
        )
    };
    let project = Project::parse("shopctl.yaml", &text(32, 32, 62)).unwrap();
    let environment = project.environments().next().unwrap();
    let stack = &project.stacks().next().unwrap().name;
    let cloud_name = project.cloud_stack_name(environment, stack);
    assert_eq!(cloud_name.as_str().len(), 128);
    assert!(project.artifact_bucket(environment, "000000000000").len() <= 63);
    for (project, environment, stack) in [(33, 32, 62), (32, 33, 62), (32, 32, 63)] {
        assert!(Project::parse("shopctl.yaml", &text(project, environment, stack)).is_err());
    }
}

#[test]
fn tags_say_whose_the_stacks_are() {
    let project = shop();
    let tags = project.tags_for(project.environment("prod").unwrap());
    assert_snapshot!(format!("{tags:#?}"), @r#"
    {
        "cost-center": "shop",
        "shopctl:environment": "prod",
        "shopctl:project": "shop",
        "stage": "production",
    }
    "#);
}

#[test]
fn an_environment_has_the_stacks_that_name_it() {
    let project = shop();
    let local = project.environment("local").unwrap();
    let prod = project.environment("prod").unwrap();
    let has_pipeline = |environment| {
        project
            .stacks_in(environment)
            .any(|stack| stack.name.as_str() == "pipeline")
    };
    assert!(!has_pipeline(local));
    assert!(has_pipeline(prod));
    let urls = |environment| {
        let names: Vec<&str> = project
            .urls_in(environment)
            .map(|(name, _)| name.as_str())
            .collect();
        names
    };
    assert_eq!(urls(local), ["site", "api"]);
    assert_eq!(urls(prod), ["site", "api", "pipeline"]);
}

#[test]
fn a_site_is_where_its_bucket_is() {
    let text = super::changed(
        "  site:\n    parameters",
        "  site:\n    environments: [local]\n    parameters",
    );
    let project = Project::parse("shopctl.yaml", &text).unwrap();
    let site = |name: &str| project.site_in(project.environment(name).unwrap());
    assert!(site("local").is_some());
    assert!(site("prod").is_none());
}

#[test]
fn configuration_keeps_its_types_and_the_environment_wins() {
    let project = shop();
    let values = |name: &str| {
        let environment = project.environment(name).unwrap();
        let config = project.site_config_for(environment).unwrap();
        config
            .values
            .into_iter()
            .map(|(key, given)| (key, given.value))
            .collect::<Vec<_>>()
    };
    let literal = |value: serde_json::Value| ConfigValue::Literal(value);
    let local = values("local");
    assert!(local.contains(&("apiUrl".to_owned(), literal("/api".into()))));
    assert!(local.contains(&("pageSize".to_owned(), literal(24.into()))));
    assert!(local.contains(&("debug".to_owned(), literal(true.into()))));
    assert!(values("prod").contains(&("debug".to_owned(), literal(false.into()))));
    assert!(local.contains(&(
        "region".to_owned(),
        ConfigValue::Pseudo(PseudoValue::Region)
    )));
}

#[test]
fn an_unknown_environment_is_answered_with_the_nearest() {
    let project = shop();
    let error = project.environment("prd").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no environment 'prd' in shopctl.yaml"
    );
    assert_eq!(error.hint().as_deref(), Some("did you mean 'prod'?"));
    let error = project.environment("xyz").unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("there is: local, prod"));
}

#[test]
fn a_stacks_own_service_role_wins_and_the_local_cloud_has_none() {
    let own = "arn:aws:iam::012345678901:role/platform";
    let text = changed(
        "platform: {}",
        &format!("platform: {{ serviceRole: {own} }}"),
    );
    let project = Project::parse("shopctl.yaml", &text).unwrap();
    let role = |stack: &str, environment: &str| {
        let environment = project.environment(environment).unwrap();
        let role = project.service_role_for(&stack.into(), environment);
        role.map(|role| role.as_str().to_owned())
    };
    let common = "arn:aws:iam::012345678901:role/cloudformation";
    assert_eq!(role("platform", "prod").as_deref(), Some(own));
    assert_eq!(role("api", "prod").as_deref(), Some(common));
    assert_eq!(role("platform", "local"), None);
}

#[test]
fn alarms_of_the_environment_watch_the_stacks_behind_them() {
    let own = changed(
        "platform: {}",
        "platform: { rollback: { monitoringMinutes: 3 } }",
    );
    let project = Project::parse("shopctl.yaml", &own).unwrap();
    let prod = project.environment("prod").unwrap();
    let minutes = |stack: &str, environment| {
        let rollback = project.rollback_for(&stack.into(), environment)?;
        Some((rollback.alarms.len(), rollback.monitoring_minutes))
    };
    assert_eq!(minutes("platform", prod), Some((0, 3)), "its own");
    assert_eq!(minutes("products", prod), Some((2, 5)));
    assert_eq!(minutes("api", prod), None, "it puts an alarm out");
    assert_eq!(minutes("identity", prod), None, "it puts the other out");
    let local = project.environment("local").unwrap();
    assert_eq!(minutes("products", local), None);
    let site = project.dependencies_of(&"site".into(), prod);
    let first = ["identity", "api"].map(StackName::new);
    assert_eq!(site, first.iter().collect::<Vec<_>>(), "alarms come first");
    assert!(project.dependencies_of(&"site".into(), local).is_empty());
}
