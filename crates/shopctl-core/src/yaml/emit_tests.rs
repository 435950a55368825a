#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Location;
use crate::yaml::parse;

fn nowhere() -> Location {
    Location {
        file: Arc::from("t.yaml"),
        line: 1,
        column: 1,
    }
}

fn round(text: &str) -> String {
    emit(&parse("t.yaml", text).expect("valid input"))
}

#[test]
fn a_template_keeps_tags_order_and_types() {
    insta::assert_snapshot!(round(r#"
AWSTemplateFormatVersion: 2010-09-09   # plain, as people write it
Description: >-
  Two lines
  folded
Conditions:
  IsLocal: !Not [!Equals [!Ref LocalPort, ""]]
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: 30
      Environment: {Variables: {ON: "yes", Off: yes, ACCOUNT: "0123", EMPTY: ""}}
      Code:
        ZipFile: |
          def handler(event, context):

              return 1
      Tags: []
      Role: !GetAtt Role.Arn
      Name: !Sub
        - "${A}-${AWS::Region}"
        - A: !If [IsLocal, a, !Ref "AWS::NoValue"]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {"Version": "2012-10-17", "Statement": [{"Action": "*", "Effect": "Allow"}]}
      Matrix: [[1, 2], [[], {}], [{a: b, c: d}]]
"#), @r"
    AWSTemplateFormatVersion: 2010-09-09
    Description: Two lines folded
    Conditions:
      IsLocal: !Not
        - !Equals
          - !Ref LocalPort
          - ''
    Resources:
      Function:
        Type: AWS::Lambda::Function
        Properties:
          Timeout: 30
          Environment:
            Variables:
              'ON': 'yes'
              'Off': yes
              ACCOUNT: '0123'
              EMPTY: ''
          Code:
            ZipFile: |
              def handler(event, context):

                  return 1
          Tags: []
          Role: !GetAtt Role.Arn
          Name: !Sub
            - ${A}-${AWS::Region}
            - A: !If
                - IsLocal
                - a
                - !Ref AWS::NoValue
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Action: '*'
                Effect: Allow
          Matrix:
            - - 1
              - 2
            - - []
              - {}
            - - a: b
                c: d
    ");
}

#[test]
fn texts_that_look_like_something_else_are_quoted() {
    let table = [
        "yes",
        "No",
        "ON",
        "y",
        "~",
        "null",
        "",
        "true",
        "0123",
        "1e3",
        "1_000",
        "0x1F",
        "0b11",
        "0o17",
        "12:30:45",
        "2012-10-17",
        "2001-12-14t21:59:43.10-05:00",
        "000000000000",
        "1.5",
        ".5",
        "-1",
        "+1",
        ".inf",
        "-.INF",
        ".NaN",
        "=",
        "<<",
        "*",
        "&a",
        "!x",
        "%x",
        "@x",
        "`x",
        "- a",
        "-a",
        "? a",
        ": a",
        "a: b",
        "a #b",
        "a:",
        " a",
        "a ",
        "'",
        "\"",
        "it's",
        "{a}",
        "[a]",
        "#a",
        "a\tb",
        "a\u{7}b",
        "a\u{85}b",
        "\u{feff}",
        "\u{1f600}",
        "...",
        "---",
        "a\rb",
        "|",
        ">",
        "\n",
        " \n a",
        "1:",
        "1: 2",
        "0.0.0.0/0",
        "10 a",
        "a,b",
        "arn:aws:s3:::b/*",
        "AWS::NoValue",
        "${A}",
        "$.a[0]",
        "^[a-z]+$",
        "Grüße",
    ];
    let mut out = String::new();
    for text in table {
        let written = emit(&Node::string(text, &nowhere()));
        let read = parse("t.yaml", &written).expect(&written);
        assert_eq!(
            kind(&read),
            kind(&Node::string(text, &nowhere())),
            "{written}"
        );
        out += &written;
    }
    insta::assert_snapshot!(out, @r#"
    'yes'
    'No'
    'ON'
    'y'
    '~'
    'null'
    ''
    'true'
    '0123'
    '1e3'
    '1_000'
    '0x1F'
    '0b11'
    '0o17'
    '12:30:45'
    '2012-10-17'
    '2001-12-14t21:59:43.10-05:00'
    '000000000000'
    '1.5'
    '.5'
    '-1'
    '+1'
    '.inf'
    '-.INF'
    '.NaN'
    '='
    '<<'
    '*'
    '&a'
    '!x'
    '%x'
    '@x'
    '`x'
    '- a'
    '-a'
    '? a'
    ': a'
    'a: b'
    'a #b'
    'a:'
    ' a'
    'a '
    ''''
    '"'
    it's
    '{a}'
    '[a]'
    '#a'
    "a\tb"
    "a\x07b"
    "a\x85b"
    "\ufeff"
    '😀'
    '...'
    '---'
    "a\rb"
    '|'
    '>'
    "\n"
    " \n a"
    '1:'
    '1: 2'
    0.0.0.0/0
    '10 a'
    a,b
    arn:aws:s3:::b/*
    AWS::NoValue
    ${A}
    $.a[0]
    ^[a-z]+$
    Grüße
    "#);
}

#[test]
fn what_was_plain_stays_plain() {
    for text in [
        "yes",
        "0123",
        "1e3",
        "2012-10-17",
        "null",
        "~",
        "-1",
        ".5",
        "12:30",
        "=",
        "true",
    ] {
        assert_eq!(round(&format!("a: {text}")), format!("a: {text}\n"));
    }
    assert_eq!(round("a:"), "a: null\n");
    assert_eq!(
        round("a: !GetAZs\nb: [!GetAZs , c]"),
        "a: !GetAZs\nb:\n  - !GetAZs\n  - c\n"
    );
}

#[test]
fn keys_are_texts() {
    assert_eq!(
        round("{yes: 1, 0123: 2, \"<<\": 3, a b: 4}"),
        "'yes': 1\n'0123': 2\n'<<': 3\na b: 4\n"
    );
    let long = "k".repeat(2000);
    assert_eq!(round(&format!("? {long}\n: v")), format!("? {long}\n: v\n"));
}

/// What a node means, without places and without the styles that do not matter.
#[derive(Debug, PartialEq)]
enum Kind {
    Text(Option<String>, String),
    /// A plain scalar that a YAML version resolves.
    Special(String),
    Null,
    Sequence(Option<String>, Vec<Kind>),
    Mapping(Option<String>, Vec<(String, Kind)>),
}

fn kind(node: &Node) -> Kind {
    match &node.value {
        Value::Scalar(scalar) => {
            if node.tag.is_none() && node.is_null() {
                Kind::Null
            } else if node.tag.is_none()
                && scalar.style == ScalarStyle::Plain
                && is_special(&scalar.text)
                && has_plain_syntax(&scalar.text)
            {
                Kind::Special(scalar.text.clone())
            } else {
                Kind::Text(node.tag.clone(), scalar.text.clone())
            }
        }
        Value::Sequence(items) => {
            Kind::Sequence(node.tag.clone(), items.iter().map(kind).collect())
        }
        Value::Mapping(entries) => Kind::Mapping(
            node.tag.clone(),
            entries
                .iter()
                .map(|(key, value)| match &key.value {
                    Value::Scalar(scalar) => (scalar.text.clone(), kind(value)),
                    _ => unreachable!("keys are scalars"),
                })
                .collect(),
        ),
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z:${}. #,-]{0,12}",
        "[0-9a-fxob_.:+tz -]{1,8}",
        "[a-z \n\t:#'\"\\\\|>-]{0,16}",
        any::<String>(),
        Just("yes".to_owned()),
        Just("<<".to_owned()),
        Just("---".to_owned()),
    ]
}

fn any_node() -> impl Strategy<Value = Node> {
    let tag = || prop::option::weighted(0.2, prop::sample::select(vec!["!Sub", "!Ref", "!GetAtt"]));
    let style = prop::sample::select(vec![
        ScalarStyle::Plain,
        ScalarStyle::Quoted,
        ScalarStyle::Block,
    ]);
    let node = |tag: Option<&'static str>, value| Node {
        tag: tag.map(str::to_owned),
        value,
        location: nowhere(),
    };
    let leaf = (tag(), any_text(), style)
        .prop_map(move |(tag, text, style)| node(tag, Value::Scalar(Scalar { text, style })));
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            (tag(), prop::collection::vec(inner.clone(), 0..5))
                .prop_map(move |(tag, items)| node(tag, Value::Sequence(items))),
            (tag(), prop::collection::btree_map(any_text(), inner, 0..5)).prop_map(
                move |(tag, entries)| {
                    let entries = entries
                        .into_iter()
                        .map(|(key, value)| (Node::string(key, &nowhere()), value));
                    node(tag, Value::Mapping(entries.collect()))
                }
            ),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_emitted_parses_to_the_same_tree(node in any_node()) {
        let text = emit(&node);
        match parse("t.yaml", &text) {
            Ok(read) => {
                prop_assert_eq!(kind(&read), kind(&node), "{}", text);
                prop_assert_eq!(emit(&read), text, "emitting is stable");
            }
            // A document that is nothing but null is no document.
            Err(_) => prop_assert!(kind(&node) == Kind::Null, "{}", text),
        }
    }
}
