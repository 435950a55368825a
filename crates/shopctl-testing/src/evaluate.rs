//! Evaluates the values of a template: intrinsic functions, pseudo parameters, conditions.
//!
//! What it cannot know is plausible rather than right: an attribute that no rule names is
//! `<physical ID>.<attribute>`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use shopctl_core::yaml::{Node, Value};

use crate::template::{self, PSEUDO, Template};
use crate::{ACCOUNT, REGION};

/// What a value may refer to.
pub(crate) struct Scope<'a> {
    pub(crate) template: &'a Template,
    pub(crate) parameters: &'a IndexMap<String, String>,
    /// Physical ID and type of the resources that are there.
    pub(crate) resources: &'a dyn Fn(&str) -> Option<(String, String)>,
    pub(crate) exports: &'a BTreeMap<String, String>,
    pub(crate) stack_name: &'a str,
    pub(crate) stack_id: &'a str,
}

/// Something that a value needs is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    Export(String),
}

impl Scope<'_> {
    /// Whether a condition holds; no condition always holds.
    pub(crate) fn holds(&self, condition: Option<&str>) -> bool {
        condition.is_none_or(|name| {
            self.template
                .conditions
                .get(name)
                .is_some_and(|node| self.truth(node))
        })
    }

    /// A value; `None` is `AWS::NoValue`.
    pub(crate) fn value(&self, node: &Node) -> Result<Option<Json>, Missing> {
        if let Some((name, argument)) = template::function(node) {
            return self.call(name, argument, node);
        }
        self.plain(node)
    }

    /// A value as text; lists are joined with commas.
    pub(crate) fn text(&self, node: &Node) -> Result<String, Missing> {
        Ok(self.value(node)?.map(as_text).unwrap_or_default())
    }

    fn plain(&self, node: &Node) -> Result<Option<Json>, Missing> {
        Ok(Some(match &node.value {
            Value::Scalar(scalar) => Json::String(scalar.text.clone()),
            Value::Sequence(items) => {
                let mut values = Vec::new();
                for item in items {
                    values.extend(self.value(item)?);
                }
                Json::Array(values)
            }
            Value::Mapping(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    if let Some(value) = self.value(value)? {
                        map.insert(template::text_of(key), value);
                    }
                }
                Json::Object(map)
            }
        }))
    }

    fn call(
        &self,
        name: &str,
        argument: template::Argument<'_>,
        node: &Node,
    ) -> Result<Option<Json>, Missing> {
        let items = argument.items();
        let value = match (name, items) {
            ("Ref", _) => return Ok(self.reference(&argument.text().unwrap_or_default())),
            ("GetAtt", _) => match template::attribute(argument) {
                Some((resource, attribute)) => self.attribute(&resource, &attribute),
                None => String::new(),
            }
            .into(),
            ("Sub", _) => {
                let (text, variables) = template::sub(argument);
                self.substitute(&text, &variables)?.into()
            }
            ("Join", [delimiter, list]) => {
                let parts = match self.value(list)? {
                    Some(Json::Array(items)) => items.into_iter().map(as_text).collect(),
                    other => vec![other.map(as_text).unwrap_or_default()],
                };
                parts.join(&template::text_of(delimiter)).into()
            }
            ("Select", [index, list]) => {
                let index: usize = self.text(index)?.parse().unwrap_or_default();
                match self.value(list)? {
                    Some(Json::Array(mut items)) if index < items.len() => items.swap_remove(index),
                    Some(Json::String(text)) => text
                        .split(',')
                        .nth(index)
                        .unwrap_or_default()
                        .to_owned()
                        .into(),
                    _ => Json::Null,
                }
            }
            ("Split", [delimiter, text]) => {
                let delimiter = template::text_of(delimiter);
                let text = self.text(text)?;
                text.split(delimiter.as_str())
                    .map(|part| Json::String(part.to_owned()))
                    .collect()
            }
            ("If", [condition, yes, no]) => {
                let chosen = if self.holds(Some(&template::text_of(condition))) {
                    yes
                } else {
                    no
                };
                return self.value(chosen);
            }
            ("FindInMap", [map, first, second, ..]) => {
                let first = self.text(first)?;
                let second = self.text(second)?;
                let found = self
                    .template
                    .mappings
                    .as_ref()
                    .and_then(|mappings| mappings.get(&template::text_of(map)))
                    .and_then(|map| map.get(&first))
                    .and_then(|map| map.get(&second));
                return found.map_or(Ok(Some(Json::Null)), |node| self.value(node));
            }
            ("ImportValue", _) => {
                let export = match argument {
                    template::Argument::Short(node) => {
                        as_text(self.plain(node)?.unwrap_or_default())
                    }
                    template::Argument::Long(node) => self.text(node)?,
                };
                match self.exports.get(&export) {
                    Some(value) => value.clone().into(),
                    None => return Err(Missing::Export(export)),
                }
            }
            ("Equals" | "And" | "Or" | "Not" | "Condition", _) => self.truth(node).into(),
            ("Base64", _) => as_text(self.plain(argument.node())?.unwrap_or_default()).into(),
            // Anything else is only compared with itself.
            _ => self.plain(argument.node())?.unwrap_or_default(),
        };
        Ok(Some(value))
    }

    fn reference(&self, name: &str) -> Option<Json> {
        if PSEUDO.contains(&name) {
            return self.pseudo(name).map(Json::String);
        }
        if let Some(value) = self.parameters.get(name) {
            return Some(value.clone().into());
        }
        if let Some(parameter) = self.template.parameters.get(name) {
            return Some(parameter.default.clone().unwrap_or_default().into());
        }
        let physical = (self.resources)(name).map(|(physical, _)| physical);
        Some(physical.unwrap_or_else(|| format!("<{name}>")).into())
    }

    fn pseudo(&self, name: &str) -> Option<String> {
        Some(match name {
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => REGION.to_owned(),
            "AWS::StackId" => self.stack_id.to_owned(),
            "AWS::StackName" => self.stack_name.to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ => return None,
        })
    }

    fn attribute(&self, resource: &str, attribute: &str) -> String {
        let Some((physical, resource_type)) = (self.resources)(resource) else {
            return format!("<{resource}.{attribute}>");
        };
        let service = resource_type
            .split("::")
            .nth(1)
            .unwrap_or_default()
            .to_lowercase();
        let name = physical.rsplit(['/', ':']).next().unwrap_or_default();
        match attribute {
            "Arn" if physical.starts_with("arn:") => physical,
            "Arn" => format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"),
            "DomainName" => format!("{}.{service}.net", name.to_lowercase()),
            "RegionalDomainName" => format!("{name}.{service}.{REGION}.amazonaws.com"),
            _ if attribute.ends_with("Name") => name.to_owned(),
            _ => format!("{name}.{attribute}"),
        }
    }

    fn substitute(
        &self,
        text: &str,
        variables: &IndexMap<String, Node>,
    ) -> Result<String, Missing> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                result.push_str("${");
                rest = after;
                break;
            };
            match name.strip_prefix('!') {
                Some(literal) => result.push_str(&format!("${{{literal}}}")),
                None => {
                    let name = name.trim();
                    let value = match (variables.get(name), name.split_once('.')) {
                        (Some(node), _) => self.text(node)?,
                        (None, Some((resource, attribute))) => self.attribute(resource, attribute),
                        (None, None) => self.reference(name).map(as_text).unwrap_or_default(),
                    };
                    result.push_str(&value);
                }
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn truth(&self, node: &Node) -> bool {
        let Some((name, argument)) = template::function(node) else {
            return template::text_of(node) == "true";
        };
        let items = argument.items();
        match name {
            "Equals" => match items {
                [left, right] => self.value(left) == self.value(right),
                _ => false,
            },
            "And" => items.iter().all(|item| self.truth(item)),
            "Or" => items.iter().any(|item| self.truth(item)),
            "Not" => !items.iter().any(|item| self.truth(item)),
            "Condition" => self.holds(argument.text().as_deref()),
            _ => false,
        }
    }
}

fn as_text(value: Json) -> String {
    match value {
        Json::String(text) => text,
        Json::Array(items) => {
            let items: Vec<String> = items.into_iter().map(as_text).collect();
            items.join(",")
        }
        Json::Null => String::new(),
        other => other.to_string(),
    }
}
