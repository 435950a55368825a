//! The `Parameters` section: what each parameter demands of its values, and whether
//! its own default satisfies that.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use indexmap::IndexMap;

use super::findings::{Findings, suggest};
use super::limits::{self, PARAMETER_VALUE_BYTES};
use super::parameter_type::{self, Shape};
use super::shape::{check_keys, check_name, mapping, text};
use super::value::{self, check_value};
use crate::diagnostic::Location;
use crate::template::ParameterDeclaration;
use crate::yaml::Node;

const KEYS: &[&str] = &[
    "Type",
    "Default",
    "Description",
    "AllowedValues",
    "AllowedPattern",
    "ConstraintDescription",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "NoEcho",
];

/// Reads the section. A parameter with a fault is declared nevertheless, so that
/// references to it are no further findings.
pub(super) fn declarations(
    section: &Node,
    findings: &mut Findings,
) -> IndexMap<String, ParameterDeclaration> {
    let mut declarations = IndexMap::new();
    let Some(entries) = mapping(section, "Parameters", findings) else {
        return declarations;
    };
    findings.extend(limits::check_count(
        &section.location,
        "parameters",
        entries.len(),
        limits::PARAMETERS,
    ));
    for (key, node) in entries {
        let name = check_name(key, "parameter name", findings);
        let declaration = declaration(name, &key.location, node, findings);
        declarations.insert(name.to_owned(), declaration);
    }
    declarations
}

fn declaration(
    name: &str,
    location: &Location,
    node: &Node,
    findings: &mut Findings,
) -> ParameterDeclaration {
    let mut declaration = ParameterDeclaration {
        parameter_type: "String".to_owned(),
        default: None,
        no_echo: false,
        allowed_values: Vec::new(),
        allowed_pattern: None,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
        constraint_description: None,
        location: location.clone(),
    };
    if mapping(node, &format!("parameter '{name}'"), findings).is_none() {
        return declaration;
    }
    check_keys(node, "parameter attribute", KEYS, findings);
    let mut texts = |key: &str| {
        let node = node.get(key)?;
        text(node, key, findings).map(str::to_owned)
    };
    declaration.default = texts("Default");
    declaration.allowed_pattern = texts("AllowedPattern");
    declaration.constraint_description = texts("ConstraintDescription");
    let description = texts("Description");
    let given_type = texts("Type");
    let [min_length, max_length, min_value, max_value] =
        ["MinLength", "MaxLength", "MinValue", "MaxValue"].map(&mut texts);

    if description.is_some_and(|text| text.len() > limits::PARAMETER_DESCRIPTION_BYTES)
        && let Some(node) = node.get("Description")
    {
        findings.error(
            &node.location,
            format!(
                "a description of more than {} bytes",
                limits::PARAMETER_DESCRIPTION_BYTES
            ),
        );
    }
    match given_type {
        Some(given) => {
            check_type(&given, node, findings);
            declaration.parameter_type = given;
        }
        None if node.get("Type").is_none() => {
            findings.error_with(
                location,
                format!("parameter '{name}' has no Type"),
                Some("for instance Type: String".to_owned()),
            );
        }
        None => {}
    }
    declaration.no_echo = no_echo(node, findings);
    declaration.allowed_values = allowed_values(node, findings);
    declaration.min_length = whole_number(node, "MinLength", min_length, findings);
    declaration.max_length = whole_number(node, "MaxLength", max_length, findings);
    declaration.min_value = decimal(node, "MinValue", min_value, findings);
    declaration.max_value = decimal(node, "MaxValue", max_value, findings);
    check_constraints(&declaration, node, findings);
    declaration
}

fn check_type(given: &str, node: &Node, findings: &mut Findings) {
    if parameter_type::shape(given).is_some() {
        return;
    }
    if let Some(node) = node.get("Type") {
        let all = parameter_type::all();
        findings.error_with(
            &node.location,
            format!("unknown parameter type '{given}'"),
            suggest(given, all.iter().map(String::as_str)),
        );
    }
}

fn no_echo(node: &Node, findings: &mut Findings) -> bool {
    let Some(node) = node.get("NoEcho") else {
        return false;
    };
    match node.as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("true") => true,
        Some("false") => false,
        _ => {
            let message = format!("NoEcho is true or false, not {}", node.describe());
            findings.error(&node.location, message);
            // A value that may be a secret is treated as one.
            true
        }
    }
}

fn allowed_values(node: &Node, findings: &mut Findings) -> Vec<String> {
    let Some(node) = node.get("AllowedValues") else {
        return Vec::new();
    };
    let Some(items) = node.items().filter(|items| !items.is_empty()) else {
        let what = match node.items() {
            Some(_) => "an empty one".to_owned(),
            None => node.describe(),
        };
        let message = format!("AllowedValues is a list of values, not {what}");
        findings.error(&node.location, message);
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| text(item, "an allowed value", findings).map(str::to_owned))
        .collect()
}

fn whole_number(
    node: &Node,
    key: &str,
    text: Option<String>,
    findings: &mut Findings,
) -> Option<usize> {
    let text = text?;
    let number = text.parse().ok();
    if let (None, Some(node)) = (number, node.get(key)) {
        findings.error(
            &node.location,
            format!("{key} is a whole number, not '{text}'"),
        );
    }
    number
}

fn decimal(node: &Node, key: &str, text: Option<String>, findings: &mut Findings) -> Option<f64> {
    let text = text?;
    let number = value::number(&text);
    if let (None, Some(node)) = (number, node.get(key)) {
        findings.error(&node.location, format!("{key} is a number, not '{text}'"));
    }
    number
}

/// Constraints that cannot be, and a default that does not satisfy them.
fn check_constraints(declaration: &ParameterDeclaration, node: &Node, findings: &mut Findings) {
    let place = |key: &str| node.get(key).map(|node| &node.location);
    let shape = parameter_type::shape(&declaration.parameter_type);
    for (keys, wanted, name) in [
        (["MinLength", "MaxLength"], Shape::Text, "String"),
        (["MinValue", "MaxValue"], Shape::Number, "Number"),
    ] {
        for key in keys {
            if let (Some(location), Some(shape)) = (place(key), shape)
                && shape != wanted
            {
                let message = format!(
                    "{key} is for parameters of type {name}, not {}",
                    declaration.parameter_type
                );
                findings.error(location, message);
            }
        }
    }
    if let (Some(min), Some(max), Some(location)) = (
        declaration.min_length,
        declaration.max_length,
        place("MinLength"),
    ) && min > max
    {
        findings.error(
            location,
            format!("MinLength {min} is more than MaxLength {max}"),
        );
    }
    if let (Some(min), Some(max), Some(location)) = (
        declaration.min_value,
        declaration.max_value,
        place("MinValue"),
    ) && min > max
    {
        findings.error(
            location,
            format!("MinValue {min} is more than MaxValue {max}"),
        );
    }
    if let (Some(pattern), Some(location)) = (&declaration.allowed_pattern, place("AllowedPattern"))
        && value::compile(pattern).is_err()
    {
        findings.warning_with(
            location,
            format!("values are not checked against '{pattern}', which cannot be read here"),
            "it is no regular expression, or one that only Java knows",
        );
    }
    if let (Some(default), Some(location)) = (&declaration.default, place("Default")) {
        if default.len() > PARAMETER_VALUE_BYTES {
            let message = format!("a default of more than {PARAMETER_VALUE_BYTES} bytes");
            findings.error(location, message);
        } else if let Err(what) = check_value(declaration, default) {
            findings.error(location, format!("the default does not fit: {what}"));
        }
    }
}
