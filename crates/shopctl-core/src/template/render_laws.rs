//! Laws of rendering.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::test_project::TestProject;
use crate::yaml::{Node, ScalarStyle, Value, parse};

/// A small document: functions, nested data, scalars of all kinds. No name is a function by chance, as Ref.
fn value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("true".to_owned()),
        Just("'yes'".to_owned()),
        Just("010".to_owned()),
        Just("\"a: b # ${x}\"".to_owned()),
        Just("!Ref P".to_owned()),
        Just("!GetAtt R.Arn".to_owned()),
        Just("!Sub 'a ${P} ${AWS::Region} ${!Lit}'".to_owned()),
        Just("!Sub plain".to_owned()),
        Just("!Join ['-', [a, b]]".to_owned()),
        Just("!Select [0, [a, b]]".to_owned()),
        Just("{Fn::Select: [1, !GetAZs '']}".to_owned()),
        Just("!If [C, !Ref AWS::NoValue, 1]".to_owned()),
        Just("!Base64 {Ref: P}".to_owned()),
        Just("[]".to_owned()),
        "[a-z]{1,8}".prop_map(|text| text),
    ];
    scalar.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map("K[a-z]{0,6}", inner, 0..4).prop_map(|entries| {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}: {value}"))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

fn document() -> impl Strategy<Value = String> {
    prop::collection::btree_map("[A-Z][a-z]{0,3}[0-9]", value(), 1..5).prop_map(|resources| {
        let mut text = "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, a]}\n\
                        Resources:\n  R: {Type: 'AWS::SSM::Parameter', Properties: {V: [!Ref P, !If [C, 1, 2]]}}\n"
            .to_owned();
        for (name, value) in resources {
            text.push_str(&format!(
                "  {name}:\n    Type: AWS::SQS::Queue\n    DependsOn: R\n    Properties: {{Value: {value}}}\n"
            ));
        }
        text
    })
}

proptest! {
    /// Without modules and local references a template means what its author wrote.
    #[test]
    fn a_plain_template_stays_the_same_document(text in document()) {
        let project = TestProject::new(&text);
        let rendered = project.render("template.yaml").map_err(|e| TestCaseError::fail(e.to_string()))?;
        let source = parse("template.yaml", &text).unwrap();
        let result = parse("template.yaml", &rendered.body).unwrap();
        prop_assert_eq!(meaning(&source), meaning(&result));
    }

    #[test]
    fn rendering_is_deterministic(text in document(), names in "[a-z]{1,3}(,[a-z]{1,3}){0,3}") {
        let text = format!(
            "{text}Modules:\n  M:\n    Source: m.yaml\n    ForEach: '{names}'\n    Properties: {{Name: $Identifier}}\n\
             === m.yaml\nParameters: {{Name: {{Type: String}}}}\nConditions: {{B: !Equals [!Ref Name, a]}}\n\
             Resources:\n  F: {{Type: 'AWS::Lambda::Function', Properties: {{Code: handlers/f, N: !If [B, 1, 2]}}}}\n\
             === handlers/f/Cargo.toml\n"
        );
        let render = || TestProject::new(&text).render("template.yaml").map_err(|e| TestCaseError::fail(e.to_string()));
        let (first, second) = (render()?, render()?);
        prop_assert_eq!(first.digest, second.digest);
        prop_assert_eq!(first.body, second.body);
        prop_assert_eq!(first.uploads, second.uploads);
    }
}

/// A document without the places and the ways of writing.
fn meaning(node: &Node) -> BTreeMap<String, String> {
    fn walk(node: &Node, path: &str, out: &mut BTreeMap<String, String>) {
        let tag = node.tag.as_deref().unwrap_or("");
        match &node.value {
            Value::Scalar(scalar) => {
                let is_text = scalar.style != ScalarStyle::Plain
                    || scalar.text.starts_with(char::is_alphabetic) && node.as_bool().is_none();
                out.insert(path.to_owned(), format!("{tag} {is_text} {}", scalar.text));
            }
            Value::Sequence(items) => {
                out.insert(path.to_owned(), format!("{tag} list of {}", items.len()));
                for (index, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}/{index}"), out);
                }
            }
            Value::Mapping(entries) => {
                out.insert(
                    path.to_owned(),
                    format!("{tag} mapping of {}", entries.len()),
                );
                for (key, value) in entries {
                    walk(
                        value,
                        &format!("{path}/{}", key.as_str().unwrap_or("?")),
                        out,
                    );
                }
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(node, "", &mut out);
    out
}

/// Words with a meaning to the renderer, and some without, in any order.
fn anything() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "Resources",
        "Modules",
        "Parameters",
        "Conditions",
        "Outputs",
        "Constants",
        "Mappings",
        "Transform",
        "Packages",
        "ParameterSchema",
        "Source",
        "Properties",
        "Overrides",
        "ForEach",
        "Map",
        "Condition",
        "DependsOn",
        "Type",
        "Value",
        "Default",
        "Ref",
        "Fn::Sub",
        "Fn::If",
        "Fn::GetAtt",
        "Fn::Merge",
        "Fn::Flatten",
        "Fn::Invoke",
        "Fn::Select",
        "Fn::Join",
        "Fn::FindInMap",
        "Fn::InsertFile",
        "Fn::Transform",
        "Fn::ForEach::A",
        "Fn::Equals",
        "Fn::And",
        "Fn::Not",
        "Name",
        "Parameters",
        "Location",
        "Template",
        "Variables",
        "GroupBy",
        "Pattern",
        "A",
        "B",
        "M",
        "Items",
        "Enum",
        "Identifier",
    ]);
    let scalar = prop::sample::select(vec![
        "A",
        "B",
        "M",
        "template.yaml",
        "m.yaml",
        "!Ref A",
        "!Ref M",
        "!GetAtt M.A",
        "!GetAtt A.B",
        "!GetAtt 'M[*].A'",
        "!GetAtt 'M[0].B'",
        "!Sub '${A}${M.A}${M[A].B}${Const::A}'",
        "!Ref Const::A",
        "''",
        "~",
        "1",
        "true",
        "'a,b'",
        "$Value",
        "$Value.A",
        "$Identifier",
        "AWS::Include",
        "AWS::Lambda::Function",
        "AWS::CloudFormation::Stack",
        "String",
        "Object",
        "CommaDelimitedList",
        "!Condition A",
        "!Foo x",
        "$M/m.yaml",
        "${",
        "'[*'",
        "!GetAtt 'A[.B'",
        "'$.*[*].A'",
    ]);
    let leaf = scalar.prop_map(str::to_owned);
    leaf.prop_recursive(6, 60, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map(word.clone(), inner, 0..5).prop_map(|entries| {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}: {value}"))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn nothing_that_is_written_makes_it_panic(
        (modules, resources, outputs) in (anything(), anything(), anything()),
        (parameters, constants, module) in (anything(), anything(), anything()),
        omit in prop::sample::select(vec!["AWS::Lambda::*", "A", "*"]),
    ) {
        let text = format!(
            "\nParameters: {parameters}\nConstants: {constants}\nModules: {modules}\n\
             Resources: {resources}\nOutputs: {outputs}\n=== m.yaml\n{module}\n"
        );
        let mut project = TestProject::new(&text);
        project.omit = vec![omit.to_owned()];
        for template in ["template.yaml", "m.yaml"] {
            if let Err(errors) = project.render(template) {
                prop_assert!(!errors.0.is_empty());
                for error in errors.0 {
                    prop_assert!(error.location.is_some(), "{error}");
                }
            }
        }
    }
}
