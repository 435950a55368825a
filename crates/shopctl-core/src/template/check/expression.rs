//! Nodes read as values of a template: data, or a call of an intrinsic function in
//! either spelling. Borrowed views for the checks; nothing is changed or evaluated.

use crate::diagnostic::{Location, closest};
use crate::yaml::{Node, Value};

/// A node, with or without its tag: the argument of `!Sub x` is the same node as the
/// call, without the tag.
#[derive(Clone, Copy)]
pub(super) struct Expression<'a> {
    node: &'a Node,
    tag_is_read: bool,
}

/// A call of a function.
pub(super) struct Call<'a> {
    /// `None` when there is no such function.
    pub(super) function: Option<Function>,
    /// As it is written: `!Sub`, `Fn::Sub`.
    pub(super) name: &'a str,
    pub(super) argument: Expression<'a>,
    pub(super) location: &'a Location,
}

impl<'a> Expression<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        Self {
            node,
            tag_is_read: false,
        }
    }

    pub(super) fn location(self) -> &'a Location {
        &self.node.location
    }

    fn tag(self) -> Option<&'a str> {
        self.node.tag.as_deref().filter(|_| !self.tag_is_read)
    }

    /// The text of a scalar that is neither a call nor null.
    pub(super) fn text(self) -> Option<&'a str> {
        match &self.node.value {
            Value::Scalar(scalar) if self.tag().is_none() && !self.node.is_null() => {
                Some(&scalar.text)
            }
            _ => None,
        }
    }

    /// The items of a list.
    pub(super) fn items(self) -> Option<&'a [Node]> {
        self.node.items().filter(|_| self.tag().is_none())
    }

    /// The entries of a mapping, be it a call in the long spelling or data.
    pub(super) fn entries(self) -> Option<&'a [(Node, Node)]> {
        self.node.entries().filter(|_| self.tag().is_none())
    }

    pub(super) fn is_null(self) -> bool {
        self.tag().is_none() && self.node.is_null()
    }

    /// The call that this is. `Condition` as a key is a call only where conditions are
    /// expected; elsewhere it is data, for instance of a policy.
    pub(super) fn call(self, expected: Expected) -> Option<Call<'a>> {
        let location = self.location();
        if let Some(tag) = self.tag() {
            return Some(Call {
                function: Function::of_tag(tag),
                name: tag,
                argument: Self {
                    node: self.node,
                    tag_is_read: true,
                },
                location,
            });
        }
        let [(key, argument)] = self.entries()? else {
            return None;
        };
        let name = key.as_str()?;
        let is_call = name == "Ref"
            || (name == "Condition" && expected == Expected::Condition)
            || (name.starts_with("Fn::") && !name.starts_with(LOOP_PREFIX));
        is_call.then(|| Call {
            function: Function::of_key(name),
            name,
            argument: Self::new(argument),
            location,
        })
    }

    /// For messages: `a list`, `!Ref`, `'text'`.
    pub(super) fn describe(self) -> String {
        if let Some(call) = self.call(Expected::Value) {
            return call.name.to_owned();
        }
        match &self.node.value {
            Value::Scalar(scalar) if !self.node.is_null() => format!("'{}'", scalar.text),
            Value::Scalar(_) => "nothing".to_owned(),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

/// Keys that begin so are loops, not calls: they stand among other keys.
pub(super) const LOOP_PREFIX: &str = "Fn::ForEach::";

/// What is expected where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Value,
    Condition,
}

macro_rules! functions {
    ($($variant:ident $name:literal,)*) => {
        /// The intrinsic functions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Function {
            $(#[doc = $name] $variant,)*
        }

        /// Every function and its name in the long spelling.
        const FUNCTIONS: &[(Function, &str)] = &[$((Function::$variant, $name),)*];
    };
}

functions! {
    Ref "Ref",
    GetAtt "Fn::GetAtt",
    Sub "Fn::Sub",
    If "Fn::If",
    Join "Fn::Join",
    Select "Fn::Select",
    Split "Fn::Split",
    FindInMap "Fn::FindInMap",
    Base64 "Fn::Base64",
    Cidr "Fn::Cidr",
    GetAZs "Fn::GetAZs",
    ImportValue "Fn::ImportValue",
    GetStackOutput "Fn::GetStackOutput",
    Transform "Fn::Transform",
    Length "Fn::Length",
    ToJsonString "Fn::ToJsonString",
    Condition "Condition",
    And "Fn::And",
    Or "Fn::Or",
    Not "Fn::Not",
    Equals "Fn::Equals",
    Contains "Fn::Contains",
    EachMemberEquals "Fn::EachMemberEquals",
    EachMemberIn "Fn::EachMemberIn",
    RefAll "Fn::RefAll",
    ValueOf "Fn::ValueOf",
    ValueOfAll "Fn::ValueOfAll",
}

impl Function {
    fn of_key(key: &str) -> Option<Self> {
        FUNCTIONS
            .iter()
            .find(|(_, name)| *name == key)
            .map(|(function, _)| *function)
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let name = tag.strip_prefix('!')?;
        FUNCTIONS
            .iter()
            .find(|(_, long)| short_name(long) == name)
            .map(|(function, _)| *function)
    }

    /// A predicate that other predicates are made of.
    pub(super) fn is_condition(self) -> bool {
        matches!(
            self,
            Self::Condition | Self::And | Self::Or | Self::Not | Self::Equals
        )
    }

    /// A predicate that only rules know.
    pub(super) fn is_rule(self) -> bool {
        matches!(
            self,
            Self::Contains | Self::EachMemberEquals | Self::EachMemberIn
        )
    }

    /// A value that only rules know.
    pub(super) fn is_rule_value(self) -> bool {
        matches!(self, Self::RefAll | Self::ValueOf | Self::ValueOfAll)
    }

    /// Comes with the transform `AWS::LanguageExtensions` and has no short spelling
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html>).
    pub(super) fn is_extension(self) -> bool {
        matches!(self, Self::Length | Self::ToJsonString)
    }

    /// Never yields a list.
    pub(super) fn yields_text(self) -> bool {
        matches!(
            self,
            Self::Sub
                | Self::Join
                | Self::Base64
                | Self::ImportValue
                | Self::ToJsonString
                | Self::Length
        )
    }
}

fn short_name(long: &str) -> &str {
    long.strip_prefix("Fn::").unwrap_or(long)
}

/// The function that was probably meant, in the spelling of what was written.
pub(super) fn closest_function(written: &str) -> Option<String> {
    let tag = written.strip_prefix('!');
    let word = short_name(tag.unwrap_or(written));
    let found = closest(word, FUNCTIONS.iter().map(|(_, long)| short_name(long)))?;
    let (_, long) = FUNCTIONS
        .iter()
        .find(|(_, long)| short_name(long) == found)?;
    Some(match tag {
        Some(_) => format!("!{found}"),
        None => (*long).to_owned(),
    })
}
