//! The types that a parameter may have, as listed in
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html>
//! and
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>.

/// Types of something that exists in the account.
const OF_RESOURCES: &[&str] = &[
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::Volume::Id",
    "AWS::EC2::VPC::Id",
    "AWS::Route53::HostedZone::Id",
];

/// How the value of a parameter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One text.
    Text,
    /// One number.
    Number,
    /// Texts separated by commas.
    Texts,
    /// Numbers separated by commas.
    Numbers,
    /// The name of an SSM parameter that holds the value.
    SsmName,
}

/// The shape of a type's values; `None` for a type that does not exist.
pub(super) fn shape(parameter_type: &str) -> Option<Shape> {
    if let Some(inner) = inner(parameter_type, "AWS::SSM::Parameter::Value<") {
        return (plain_shape(inner).is_some() && !inner.starts_with("AWS::SSM::"))
            .then_some(Shape::SsmName);
    }
    plain_shape(parameter_type)
}

fn plain_shape(parameter_type: &str) -> Option<Shape> {
    match parameter_type {
        "String" => Some(Shape::Text),
        "Number" => Some(Shape::Number),
        "CommaDelimitedList" | "List<String>" => Some(Shape::Texts),
        "List<Number>" => Some(Shape::Numbers),
        "AWS::SSM::Parameter::Name" => Some(Shape::SsmName),
        _ if OF_RESOURCES.contains(&parameter_type) => Some(Shape::Text),
        _ => inner(parameter_type, "List<")
            .filter(|inner| OF_RESOURCES.contains(inner))
            .map(|_| Shape::Texts),
    }
}

fn inner<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.strip_prefix(prefix)?.strip_suffix('>')
}

/// Every type, for suggestions.
pub(super) fn all() -> Vec<String> {
    let mut plain: Vec<String> = ["String", "Number", "CommaDelimitedList", "List<Number>"]
        .map(str::to_owned)
        .to_vec();
    plain.extend(OF_RESOURCES.iter().map(|name| (*name).to_owned()));
    plain.extend(OF_RESOURCES.iter().map(|name| format!("List<{name}>")));
    let through_ssm: Vec<String> = plain
        .iter()
        .map(|name| format!("AWS::SSM::Parameter::Value<{name}>"))
        .collect();
    plain.push("AWS::SSM::Parameter::Name".to_owned());
    plain.extend(through_ssm);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_type_has_a_shape_and_others_have_none() {
        for name in all() {
            assert!(shape(&name).is_some(), "{name}");
        }
        for name in [
            "string",
            "List<CommaDelimitedList>",
            "List<List<Number>>",
            "AWS::EC2::Vpc::Id",
            "AWS::SSM::Parameter::Value<AWS::SSM::Parameter::Value<String>>",
            "AWS::SSM::Parameter::Value<>",
            "",
        ] {
            assert_eq!(shape(name), None, "{name}");
        }
        assert_eq!(
            shape("AWS::SSM::Parameter::Value<List<String>>"),
            Some(Shape::SsmName)
        );
        assert_eq!(shape("List<AWS::EC2::Subnet::Id>"), Some(Shape::Texts));
    }
}
