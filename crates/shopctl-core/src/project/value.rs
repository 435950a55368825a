//! Values of parameters and of the site's configuration: given in the project file,
//! taken from another stack, or known to the tool.

use std::fmt;

use serde_json::{Value as Json, json};

use crate::diagnostic::{Diagnostic, Location};
use crate::names::StackName;
use crate::yaml::{Node, Value};

use super::containers::Choice;
use super::model::Located;
use super::shape::{Definitions, Fields, Findings, Object, Shape, key, refuse_unknown_keys};
use super::text::{ListItem, Literal, OutputPath, VariableName, is_number_or_boolean, number};

/// An output of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutputReference {
    /// The stack.
    pub stack: StackName,
    /// The output of its template.
    pub output: String,
}

impl fmt::Display for OutputReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stack, self.output)
    }
}

/// A fact of the local cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocalValue {
    /// `host`: the address it listens on.
    Host,
    /// `port`: the port it listens on.
    Port,
    /// `endpoint`: both as a URL without a path, for instance `http://127.0.0.1:4566`.
    Endpoint,
    /// `databasePort`: the port of its MariaDB server, which every `AWS::RDS::DBInstance` is served by.
    DatabasePort,
}

impl Choice for LocalValue {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("host", Self::Host),
        ("port", Self::Port),
        ("endpoint", Self::Endpoint),
        ("databasePort", Self::DatabasePort),
    ];
    const ALIASES: &'static [(&'static str, &'static str)] = &[
        ("url", "endpoint"),
        ("hostname", "host"),
        ("address", "host"),
        ("mysqlPort", "databasePort"),
    ];
}

/// A fact that the tool knows of every environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PseudoValue {
    /// `region`: the environment's region.
    Region,
    /// `account`: the number of the account that is deployed to.
    Account,
    /// `environment`: the environment's name.
    Environment,
    /// `project`: the project's name.
    Project,
}

impl Choice for PseudoValue {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("region", Self::Region),
        ("account", Self::Account),
        ("environment", Self::Environment),
        ("project", Self::Project),
    ];
    const ALIASES: &'static [(&'static str, &'static str)] = &[
        ("AWS::Region", "region"),
        ("AWS::AccountId", "account"),
        ("accountId", "account"),
        ("env", "environment"),
    ];
}

/// The value of a stack's parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterValue {
    /// As it is written in the project file.
    Literal(String),
    /// A value of a list type, item by item; no item has a comma.
    List(Vec<String>),
    /// What another stack puts out, so that stack comes first.
    OutputOf(OutputReference),
    /// A fact of the local cloud.
    Local(LocalValue),
    /// A fact of the environment.
    Pseudo(PseudoValue),
    /// The value of an environment variable, for what is not to be written down.
    Variable(String),
}

impl ParameterValue {
    /// The text that goes to CloudFormation, when the project file alone says it.
    pub fn as_written(&self) -> Option<String> {
        match self {
            Self::Literal(text) => Some(text.clone()),
            Self::List(items) => Some(items.join(",")),
            Self::OutputOf(_) | Self::Local(_) | Self::Pseudo(_) | Self::Variable(_) => None,
        }
    }
}

/// A value of the site's configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigValue {
    /// A text, a number or a boolean.
    Literal(Json),
    /// What a stack puts out.
    OutputOf(OutputReference),
    /// A fact of the local cloud.
    Local(LocalValue),
    /// A fact of the environment.
    Pseudo(PseudoValue),
    /// The value of an environment variable.
    Variable(String),
}

/// A value with the place of what is worth pointing at: the literal, or the text inside
/// of a reference.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) location: Location,
}

/// What `{ output: .. }`, `{ local: .. }`, `{ pseudo: .. }` and `{ variable: .. }` have in common.
enum Reference {
    Output(OutputReference),
    Local(LocalValue),
    Pseudo(PseudoValue),
    Variable(String),
}

impl Shape for OutputReference {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let path = OutputPath::read(node, findings)?;
        let (stack, output) = path.as_str().split_once('.')?;
        Some(Self {
            stack: StackName::new(stack),
            output: output.to_owned(),
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        OutputPath::schema(definitions)
    }
}

/// `{ output: stack.Output }` where nothing else will do.
#[derive(Debug)]
pub(super) struct OutputKey {
    pub(super) output: Option<Located<OutputReference>>,
}

impl Object for OutputKey {
    const NAME: &'static str = "an output reference";
    const DEFINITION: &'static str = "outputReference";
    const ABOUT: &'static str = "An output of another stack, which is then deployed first.";

    fn fields(fields: &mut Fields<'_>) -> Self {
        Self {
            output: fields
                .required(key("output", "The stack and its output.").example("site.BucketName")),
        }
    }
}

const KINDS: [&str; 4] = ["output", "local", "pseudo", "variable"];

impl Reference {
    fn read(entries: &[(Node, Node)], findings: &mut Findings) -> Option<Placed<Self>> {
        refuse_unknown_keys("a value", entries, &KINDS, findings);
        let mut given = entries.iter().filter_map(|(key, value)| {
            let kind = key.as_str().filter(|key| KINDS.contains(key))?;
            Some((kind, key, value))
        });
        let (kind, _, value) = given.next()?;
        if let Some((second, key, _)) = given.next() {
            findings.push(
                Diagnostic::error(
                    &key.location,
                    format!("a value is either '{kind}' or '{second}', not both"),
                )
                .with_hint(format!("remove '{kind}' or '{second}'")),
            );
            return None;
        }
        if entries.len() > 1 {
            return None;
        }
        let reference = match kind {
            "output" => Self::Output(OutputReference::read(value, findings)?),
            "local" => Self::Local(LocalValue::read_word(value, findings)?),
            "pseudo" => Self::Pseudo(PseudoValue::read_word(value, findings)?),
            _ => Self::Variable(VariableName::read(value, findings)?.as_str().to_owned()),
        };
        Some(Placed {
            value: reference,
            location: value.location.clone(),
        })
    }

    fn define(definitions: &mut Definitions) -> Vec<Json> {
        let kinds = [
            (
                "local",
                "localValue",
                "A fact of the local cloud; only in environments with `local: true`.",
                "What it is: the address, the port, or both as a URL.",
                LocalValue::words_schema(),
            ),
            (
                "pseudo",
                "pseudoValue",
                "A fact of the environment.",
                "What it is: the region, the account's number, the environment's or the \
                 project's name.",
                PseudoValue::words_schema(),
            ),
            (
                "variable",
                "variableValue",
                "The value of an environment variable, for what is not to be written down.",
                "The variable's name.",
                VariableName::schema(definitions),
            ),
        ];
        let mut forms = vec![OutputKey::schema(definitions)];
        for (key, name, about, key_about, mut schema) in kinds {
            schema["description"] = json!(key_about);
            let definition = json!({
                "title": name,
                "description": about,
                "type": "object",
                "properties": { key: schema },
                "required": [key],
                "additionalProperties": false,
            });
            definitions.0.insert(name.to_owned(), definition);
            forms.push(json!({ "$ref": format!("#/$defs/{name}") }));
        }
        forms
    }
}

/// Completes `expected ...` for values.
const REFERENCES: &str =
    "{ output: stack.Output }, { pseudo: region }, { variable: NAME } or { local: port }";

/// A mapping that is meant as a reference; `None` when the node is something else.
fn reference_entries<'n>(node: &'n Node, findings: &mut Findings) -> Option<&'n [(Node, Node)]> {
    let entries = node.entries()?;
    if entries.is_empty() || node.tag.is_some() {
        findings.unexpected(node, &format!("a value, {REFERENCES}"));
        return Some(&[]);
    }
    Some(entries)
}

impl Shape for Placed<ParameterValue> {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let here = |value| Placed {
            value,
            location: node.location.clone(),
        };
        if let Some(entries) = reference_entries(node, findings) {
            let found = Reference::read(entries, findings)?;
            return Some(Placed {
                value: match found.value {
                    Reference::Output(output) => ParameterValue::OutputOf(output),
                    Reference::Local(local) => ParameterValue::Local(local),
                    Reference::Pseudo(pseudo) => ParameterValue::Pseudo(pseudo),
                    Reference::Variable(name) => ParameterValue::Variable(name),
                },
                location: found.location,
            });
        }
        if let Value::Sequence(_) = node.value {
            let items = Vec::<ListItem>::read(node, findings)?;
            let items = items.iter().map(|item| item.as_str().to_owned()).collect();
            return Some(here(ParameterValue::List(items)));
        }
        let literal = Literal::read(node, findings)?;
        Some(here(ParameterValue::Literal(literal.as_str().to_owned())))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let mut forms = vec![
            Literal::schema(definitions),
            Vec::<ListItem>::schema(definitions),
        ];
        forms.extend(Reference::define(definitions));
        let definition = json!({
            "title": "parameterValue",
            "description": "The value of a template's parameter.",
            "anyOf": forms,
        });
        definitions
            .0
            .insert("parameterValue".to_owned(), definition);
        json!({ "$ref": "#/$defs/parameterValue" })
    }
}

impl Shape for Placed<ConfigValue> {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        if let Some(entries) = reference_entries(node, findings) {
            let found = Reference::read(entries, findings)?;
            return Some(Placed {
                value: match found.value {
                    Reference::Output(output) => ConfigValue::OutputOf(output),
                    Reference::Local(local) => ConfigValue::Local(local),
                    Reference::Pseudo(pseudo) => ConfigValue::Pseudo(pseudo),
                    Reference::Variable(name) => ConfigValue::Variable(name),
                },
                location: found.location,
            });
        }
        let json = if is_number_or_boolean(node) {
            node.as_bool().map(Json::Bool).or_else(|| number(node))
        } else {
            node.as_str().map(Json::from)
        };
        match json {
            Some(json) if !json.is_null() => Some(Placed {
                value: ConfigValue::Literal(json),
                location: node.location.clone(),
            }),
            _ => {
                findings.unexpected(node, &format!("a text, a number, a boolean, {REFERENCES}"));
                None
            }
        }
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let mut forms = vec![json!({ "type": ["string", "number", "boolean"] })];
        forms.extend(Reference::define(definitions));
        let definition = json!({
            "title": "configValue",
            "description": "A value of the site's configuration.",
            "anyOf": forms,
        });
        definitions.0.insert("configValue".to_owned(), definition);
        json!({ "$ref": "#/$defs/configValue" })
    }
}
