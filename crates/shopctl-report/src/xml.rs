//! Text in XML and HTML.

/// `text` as content or as value of an attribute. Characters that XML does not have are
/// shown as a sign that one is missing.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_an_attribute_or_opens_a_tag() {
        assert_eq!(
            escape("a<b> & \"c\" 'd' \u{1b}[0m\n"),
            "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; \u{fffd}[0m\n"
        );
    }
}
