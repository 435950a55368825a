//! The variables in the text of a `Sub`.

/// Something that `${` begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Variable<'a> {
    /// `${Name}` or `${Name.Attribute}`, without spaces around the name.
    Named(&'a str),
    /// A name that cannot be one, for instance of a shell variable with a default.
    Malformed(&'a str),
    /// `${` without `}`; the rest of the text, shortened.
    Unclosed(&'a str),
}

/// The variables of a text. `${!Literal}` is none: it stands for the text `${Literal}`.
pub(super) fn variables(text: &str) -> Vec<Variable<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        rest = &rest[start..];
        let Some(end) = rest.find('}') else {
            let shown = rest.char_indices().nth(30).map_or(rest.len(), |(at, _)| at);
            found.push(Variable::Unclosed(&rest[..shown]));
            break;
        };
        let name = rest[2..end].trim();
        if !rest.starts_with("${!") {
            found.push(match is_name(name) {
                true => Variable::Named(name),
                false => Variable::Malformed(name),
            });
        }
        rest = &rest[end + 1..];
    }
    found
}

/// CloudFormation allows letters, digits, `_`, `.` and `:`.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.:".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_variables_and_leaves_literals() {
        assert_eq!(
            variables("a ${A} ${ B.C } ${!D} $E ${AWS::Region} ${x:-1} ${} ${é} ${F"),
            [
                Variable::Named("A"),
                Variable::Named("B.C"),
                Variable::Named("AWS::Region"),
                Variable::Malformed("x:-1"),
                Variable::Malformed(""),
                Variable::Malformed("é"),
                Variable::Unclosed("${F"),
            ]
        );
        assert_eq!(
            variables("${!A ${B}"),
            [],
            "a literal ends at the first brace"
        );
    }
}
