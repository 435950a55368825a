//! The schema and the reader know the same keys and judge alike.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::super::text::number;
use super::super::{Project, schema};
use super::{SHOP, changed, findings};
use crate::yaml::{self, Node, Value};

/// What a YAML reader makes of a node.
fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Sequence(items) => items.iter().map(to_json).collect(),
        Value::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().unwrap().to_owned(), to_json(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Scalar(_) if node.is_null() => Json::Null,
        Value::Scalar(scalar) => node
            .as_bool()
            .map(Json::from)
            .or_else(|| number(node))
            .unwrap_or_else(|| scalar.text.clone().into()),
    }
}

fn schema_accepts(text: &str) -> bool {
    let json = to_json(&yaml::parse("shopctl.yaml", text).unwrap());
    jsonschema::draft202012::new(&schema())
        .unwrap()
        .is_valid(&json)
}

/// The keys that a message lists when nothing is near.
fn keys_in(message: &str) -> BTreeSet<String> {
    let list = message
        .split("(there is: ")
        .nth(1)
        .unwrap_or_else(|| panic!("{message}"));
    let list = list.split(')').next().unwrap();
    list.split(", ").map(ToOwned::to_owned).collect()
}

fn properties(schema: &Json, pointer: &str) -> BTreeSet<String> {
    let properties = schema
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{pointer}"));
    properties.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_reader_knows_the_keys_of_the_schema_at_each_level() {
    let schema = schema();
    let levels = [
        (
            "/properties",
            changed("version: 1\n", "version: 1\nqqq: 1\n"),
        ),
        (
            "/$defs/stack/properties",
            changed("    template: ./", "    qqq: 1\n    template: ./"),
        ),
        (
            "/$defs/site/properties",
            changed("  build: [", "  qqq: 1\n  build: ["),
        ),
        (
            "/$defs/siteConfig/properties",
            changed("    file: config", "    qqq: 1\n    file: config"),
        ),
        (
            "/$defs/url/properties",
            changed("SiteUrl, check", "SiteUrl, qqq: 1, check"),
        ),
        (
            "/$defs/outputReference/properties",
            changed("site.BucketName }", "site.BucketName, qqq: 1 }"),
        ),
        (
            "/$defs/hooks/properties",
            changed("  afterTeardown: [", "  qqq: ["),
        ),
        (
            "/$defs/rollback/properties",
            changed("      monitoringMinutes: 5", "      qqq: 1"),
        ),
        (
            "/$defs/environment/properties",
            changed("    protected: true", "    qqq: 1\n    protected: true"),
        ),
    ];
    for (pointer, text) in &levels {
        assert_eq!(
            keys_in(&findings(text)),
            properties(&schema, pointer),
            "{pointer}"
        );
    }
    let kinds = keys_in(&findings(&changed("{ output: api.ApiId }", "{ qqq: 1 }")));
    let in_schema: BTreeSet<String> = [
        "outputReference",
        "localValue",
        "pseudoValue",
        "variableValue",
    ]
    .iter()
    .flat_map(|name| properties(&schema, &format!("/$defs/{name}/properties")))
    .collect();
    assert_eq!(kinds, in_schema);
    // No level is left out above.
    let objects = schema["$defs"].as_object().unwrap();
    let objects = objects.values().filter(|d| d.get("properties").is_some());
    assert_eq!(objects.count(), levels.len() - 1 + 3);
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    assert!(schema_accepts(SHOP));
    assert_eq!(findings(SHOP), "no findings");
    let wrong = [
        ("version: 1\n", "version: 2\n"),
        ("version: 1\n", "version: \"1\"\n"),
        ("version: 1\n", ""),
        ("project: shop\n", ""),
        ("project: shop\n", "project: Shop\n"),
        ("project: shop\n", "project: shop-\n"),
        ("project: shop\n", "project: 12\n"),
        (
            "project: shop\n",
            "project: the-shop-with-the-name-that-is-too-long\n",
        ),
        ("project: shop\n", "projects: shop\n"),
        ("region: us-east-1", "region: us_east_1"),
        ("cost-center: web }", "aws:cost: web }"),
        ("cost-center: web }", "cost-center: [web] }"),
        ("  platform: {}", "  Platform: {}"),
        ("  platform: {}", "  platform: none"),
        ("./stacks/catalogue.yaml", "/stacks/catalogue.yaml"),
        ("./stacks/catalogue.yaml", "stacks/../../catalogue.yaml"),
        ("./stacks/catalogue.yaml", "stacks/"),
        ("PasswordLength: 12", "PasswordLength:"),
        ("PasswordLength: 12", "Password-Length: 12"),
        ("[blue, green]", "[blue, [green]]"),
        ("[blue, green]", "[blue, \"a,b\"]"),
        ("{ output: api.ApiId }", "{ output: ApiId }"),
        ("{ output: api.ApiId }", "{ outputs: api.ApiId }"),
        (
            "{ output: api.ApiId }",
            "{ output: api.ApiId, local: port }",
        ),
        ("{ output: api.ApiId }", "{}"),
        ("{ pseudo: environment }", "{ pseudo: stage }"),
        ("{ pseudo: environment }", "{ variable: 1ST }"),
        ("{ pseudo: environment }", "{ variable: [A] }"),
        ("{ local: port }", "{ local: url }"),
        ("[platform]", "platform"),
        ("[platform]", "[platform, platform]"),
        ("environments: [prod]", "environments: []"),
        ("./handlers/products/", "../handlers/products"),
        ("./handlers/products/", "true"),
        ("  path: frontend\n", ""),
        ("[npm, run, build]", "npm run build"),
        ("[npm, run, build]", "[]"),
        ("{ output: site.BucketName }", "site.BucketName"),
        ("file: config.json", "file: /config.json"),
        ("pageSize: 24", "page size: 24"),
        ("pageSize: 24", "pageSize: ~"),
        ("check: / }", "check: products }"),
        ("SiteUrl, check: / }", "SiteUrl, path: / }"),
        ("    local: true\n", "    local: yes\n"),
        ("account: 012345678901", "account: \"12345\""),
        ("account: 012345678901", "account: 12345678901x"),
        (
            "role: arn:aws:iam::012345678901:role/ci",
            "role: arn:aws:iam::0123:role/ci",
        ),
        ("  role: arn:aws:iam", "  role: arn:aws:sts"),
        ("serviceRole: arn:aws:iam", "serviceRole: arn:aws:sts"),
        ("  platform: {}", "  platform: { serviceRole: deployer }"),
        (
            "  platform: {}",
            "  platform: { stackPolicy: ../policy.json }",
        ),
        ("externalId: shop-deploys", "externalId: \"a b\""),
        ("externalId: shop-deploys", "externalId: a"),
        ("architecture: arm64", "architecture: aarch64"),
        ("profile: lambda", "profile: my profile"),
        ("protected: true", "protected: \"true\""),
        ("protected: true", "protect: true"),
        ("[AWS::Events::Archive]", "[Archive]"),
        ("monitoringMinutes: 5", "monitoringMinutes: 181"),
        ("[make, generate]", "make generate"),
        ("[./forget.sh]", "[]"),
        (
            "iam::012345678901:policy/limit",
            "iam::012345678901:role/limit",
        ),
        ("monitoringMinutes: 5", "monitoringMinutes: -1"),
        ("monitoringMinutes: 5", "minutes: 5"),
        (
            "{ output: api.AlarmArn }",
            "arn:aws:cloudwatch:eu-central-1:012345678901:errors",
        ),
        ("{ output: api.AlarmArn }", "{ outputs: api.AlarmArn }"),
        ("{ output: api.AlarmArn }", "api.AlarmArn"),
        ("protected: true", "keepRuns: 0"),
        ("protected: true", "keepRuns: many"),
        ("protected: true", "keepRuns: 10001"),
    ];
    for (from, to) in wrong {
        let text = changed(from, to);
        assert!(
            Project::parse("shopctl.yaml", &text).is_err(),
            "reader: {from} -> {to}"
        );
        assert!(!schema_accepts(&text), "schema: {from} -> {to}");
    }
}

#[test]
fn the_schema_accepts_what_the_reader_accepts() {
    let right = [
        ("  platform: {}", "  platform:"),
        ("PasswordLength: 12", "PasswordLength: true"),
        ("PasswordLength: 12", "PasswordLength: []"),
        ("account: 012345678901", "account: \"012345678901\""),
        ("[npm, run, build]", "[make, -j, 4]"),
        ("./handlers/products/", "."),
        ("./handlers/products/", ".handlers/my products/v1.2"),
        ("cost-center: web }", "\"größe: m\": 1.50 }"),
        ("region: eu-central-1", "region: us-gov-west-1"),
        ("[AWS::Events::Archive]", "[AWS::XRay::*, Custom::Seed]"),
        ("architecture: arm64", "terminationProtection: false"),
        ("  role: arn:aws:iam", "  role: arn:aws-us-gov:iam"),
        ("externalId: shop-deploys", "externalId: 4711"),
        ("    profile: lambda\n", ""),
        ("pageSize: 24", "pageSize: -2.5"),
        ("protected: true", "keepRuns: 20"),
        ("monitoringMinutes: 5", "monitoringMinutes: 0"),
        (
            "iam::012345678901:policy/limit",
            "iam::aws:policy/PowerUserAccess",
        ),
        (
            "{ output: api.AlarmArn }",
            "arn:aws-cn:cloudwatch:eu-central-1:012345678901:alarm:a b",
        ),
        ("  platform: {}", "  platform: { rollback: { alarms: [] } }"),
        (
            "  platform: {}",
            "  platform: { stackPolicy: ./policy.json }",
        ),
    ];
    for (from, to) in right {
        let text = changed(from, to);
        assert_eq!(findings(&text), "no findings", "{from} -> {to}");
        assert!(schema_accepts(&text), "schema: {from} -> {to}");
    }
}

#[test]
fn the_projects_own_file_is_accepted_by_both() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shopctl.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(findings(&text), "no findings");
    assert!(schema_accepts(&text));
}

#[test]
fn every_example_of_the_schema_is_right() {
    fn walk(schema: &Json, root: &Json, path: &str) {
        if let Some(examples) = schema.get("examples").and_then(Json::as_array) {
            let mut alone = schema.clone();
            alone["$defs"] = root["$defs"].clone();
            let judge = jsonschema::draft202012::new(&alone).unwrap();
            for example in examples {
                assert!(judge.is_valid(example), "{path}: {example}");
            }
        }
        match schema {
            Json::Object(map) => map
                .iter()
                .filter(|(key, _)| *key != "examples")
                .for_each(|(key, value)| walk(value, root, &format!("{path}/{key}"))),
            Json::Array(items) => items.iter().for_each(|item| walk(item, root, path)),
            _ => {}
        }
    }
    let schema = schema();
    for (key, value) in schema.as_object().unwrap() {
        walk(value, &schema, key);
    }
}

#[test]
fn editors_get_a_description_of_every_key() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    let mut objects = vec![("/", &schema)];
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        objects.push((name, definition));
    }
    for (name, object) in objects {
        let Some(properties) = object.get("properties").and_then(Json::as_object) else {
            continue;
        };
        assert_eq!(object["additionalProperties"], false, "{name}");
        assert!(object["description"].is_string(), "{name}");
        for (key, property) in properties {
            let described = &property["description"];
            assert!(
                described.as_str().is_some_and(|d| d.ends_with('.')),
                "{name}: {key}"
            );
        }
    }
}
