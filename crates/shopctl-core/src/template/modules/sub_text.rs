//! The text of a `Sub`: literal text, variables and escaped variables.

/// A part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it is written.
    Text(String),
    /// `${!name}`, which stands for the text `${name}`.
    Escaped(String),
    /// `${name}`
    Variable(String),
    /// A value put in place of a variable; none of its text is a variable.
    Value(String),
}

/// Splits a text. A `${` without end is text, which the check of the template reports.
pub(super) fn split(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        push_text(&mut parts, &rest[..start]);
        let inner = &rest[start + 2..start + length];
        parts.push(match inner.strip_prefix('!') {
            Some(name) => Part::Escaped(name.to_owned()),
            None => Part::Variable(inner.trim().to_owned()),
        });
        rest = &rest[start + length + 1..];
    }
    push_text(&mut parts, rest);
    parts
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

/// Whether anything is left for CloudFormation to put in.
pub(super) fn has_variables(parts: &[Part]) -> bool {
    parts.iter().any(|part| matches!(part, Part::Variable(_)))
}

/// The names of the variables of a text.
pub(crate) fn variables(text: &str) -> Vec<String> {
    let name = |part| match part {
        Part::Variable(name) => Some(name),
        _ => None,
    };
    split(text).into_iter().filter_map(name).collect()
}

/// The parts as the text of a `Sub`.
pub(super) fn join(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Escaped(name) => format!("${{!{name}}}"),
            Part::Variable(name) => format!("${{{name}}}"),
            Part::Value(text) => text.replace("${", "${!"),
        })
        .collect()
}

/// The parts as the text that they stand for, when there are no variables.
pub(super) fn plain(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(text) | Part::Value(text) => text.clone(),
            Part::Escaped(name) | Part::Variable(name) => format!("${{{name}}}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_and_joins() {
        let text = "a-${ B }-${!C}-${D.E}${unclosed";
        let parts = split(text);
        assert_eq!(
            parts,
            [
                Part::Text("a-".into()),
                Part::Variable("B".into()),
                Part::Text("-".into()),
                Part::Escaped("C".into()),
                Part::Text("-".into()),
                Part::Variable("D.E".into()),
                Part::Text("${unclosed".into()),
            ]
        );
        assert_eq!(join(&parts), "a-${B}-${!C}-${D.E}${unclosed");
        assert!(has_variables(&parts));
    }

    #[test]
    fn a_value_stays_text() {
        let parts = [Part::Value("${x}".into()), Part::Escaped("y".into())];
        assert_eq!(join(&parts), "${!x}${!y}");
        assert_eq!(plain(&parts), "${x}${y}");
    }
}
