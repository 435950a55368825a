#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Node {
    parse("t.yaml", text).expect("valid input")
}

/// One line a document: the text as it was written and what is said of it.
fn findings(documents: &[&str]) -> String {
    documents
        .iter()
        .map(|text| {
            let said = match parse("t.yaml", text) {
                Ok(_) => "accepted".to_owned(),
                Err(findings) => findings.to_string(),
            };
            format!("{text:?}\n  {}\n", said.replace('\n', "\n  "))
        })
        .collect()
}

fn place(node: &Node) -> (usize, usize) {
    (node.location.line, node.location.column)
}

#[test]
fn places_count_lines_and_characters_from_one() {
    let root = read("\u{feff}ü: {é: x, ß: !Ref y}\r\nlist:\r\n  - a\r\n  - !Sub\r\n    - b\r\n");
    assert_eq!(place(&root), (1, 1));
    let inner = root.get("ü").unwrap();
    assert_eq!(place(inner), (1, 4));
    let tagged = inner.get("ß").unwrap();
    assert_eq!(place(tagged), (1, 14), "a tag belongs to its node");
    assert_eq!(tagged.tag.as_deref(), Some("!Ref"));
    let items = root.get("list").unwrap().items().unwrap();
    assert_eq!(place(&items[1]), (4, 5));
    assert_eq!(place(&items[1].items().unwrap()[0]), (5, 7));
    assert_eq!(root.location.file.as_ref(), "t.yaml");
}

#[test]
fn styles_say_what_is_a_text() {
    let root = read("a: 5\nb: '5'\nc: \"5\"\nd: |\n  5\ne: !!str 5\nf: !!int '5'\ng: ! 5\nh:\n");
    let style = |key| match &root.get(key).unwrap().value {
        Value::Scalar(scalar) => (scalar.text.as_str(), scalar.style),
        other => panic!("{other:?}"),
    };
    assert_eq!(style("a"), ("5", ScalarStyle::Plain));
    assert_eq!(style("b"), ("5", ScalarStyle::Quoted));
    assert_eq!(style("c"), ("5", ScalarStyle::Quoted));
    assert_eq!(style("d"), ("5\n", ScalarStyle::Block));
    assert_eq!(style("e"), ("5", ScalarStyle::Quoted));
    assert_eq!(style("f"), ("5", ScalarStyle::Plain));
    assert_eq!(style("g"), ("5", ScalarStyle::Quoted));
    assert!(root.get("h").unwrap().is_null());
}

#[test]
fn json_is_yaml() {
    let root = read("{\"A\": {\"b\": [1, \"x\\u00e9\", null]},\n\t\"c\": \"d\\/e\"}");
    let list = root.get("A").and_then(|a| a.get("b")).unwrap();
    assert_eq!(list.items().unwrap()[1].as_str(), Some("xé"));
    assert_eq!(root.get("c").unwrap().as_str(), Some("d/e"));
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    let root = read(
        "base: &base {a: 1, b: 2}\n\
         more: &more {b: 3, c: 4}\n\
         one: *base\n\
         two:\n  b: own\n  <<: *base\n\
         three:\n  <<: [*more, *base]\n",
    );
    insta::assert_snapshot!(crate::yaml::emit(&root), @r"
    base:
      a: 1
      b: 2
    more:
      b: 3
      c: 4
    one:
      a: 1
      b: 2
    two:
      b: own
      a: 1
    three:
      b: 3
      c: 4
      a: 1
    ");
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    insta::assert_snapshot!(findings(&[
        "", "\n# only a comment\n", "---\n", "~\n",
        "a: 1\nb: {c: 1, c: 2}\n\"a\": 3\n",
        "a: 1\n---\nb: 2\n",
        "a:\n\tb: 1\n",
        "a: b: c\n",
        "a: 1\n  b: 2\n",
        "a:\n  b: 1\n c: 2\n",
        "a: - b\n",
        "- a\nb: c\n",
        "a: 'x\nb: c\n",
        "a: 'x\n  b: c\n",
        "a: \"\\d\"\n",
        "a: \"x\" y\n",
        "a: {b: 1\n", "a: [1, 2\n  , {b: 1]\n", "a: ]\n",
        "a: [\n1]\n",
        "Action: *\n", "Action: *Get\n", "a: @x\n", "a: `x`\n",
        "a: !!binary xx\n", "a: !<tag:x> y\n", "a: !e!x y\n",
        "? [a]\n: b\n", "!Ref a: b\n", "~: b\n", ": b\n",
        "a: &x {b: *x}\n",
        "a:\n  <<: 1\n",
        "a: \"\u{0}\"\n",
    ]), @r#"
    ""
      t.yaml:1:1: the file is empty
    "\n# only a comment\n"
      t.yaml:1:1: the file is empty
    "---\n"
      t.yaml:1:1: the file is empty
    "~\n"
      t.yaml:1:1: the file is empty
    "a: 1\nb: {c: 1, c: 2}\n\"a\": 3\n"
      t.yaml:2:11: key 'c' is already given at t.yaml:2:5
      t.yaml:3:1: key 'a' is already given at t.yaml:1:1
    "a: 1\n---\nb: 2\n"
      t.yaml:2:1: a second document starts here (a file holds one document; remove the '---')
    "a:\n\tb: 1\n"
      t.yaml:2:2: a tab is used as indentation (indent with spaces)
    "a: b: c\n"
      t.yaml:1:5: a key is not possible here (check the indentation, or quote the value if it holds ': ')
    "a: 1\n  b: 2\n"
      t.yaml:2:4: a key is not possible here (check the indentation, or quote the value if it holds ': ')
    "a:\n  b: 1\n c: 2\n"
      t.yaml:3:2: this line does not fit the mapping that it is in (compare its indentation with the lines above)
    "a: - b\n"
      t.yaml:1:4: a list item is not possible here (start the list in a new line, or quote the value if it begins with '-')
    "- a\nb: c\n"
      t.yaml:2:1: this line does not fit the list that it is in (compare its indentation with the lines above)
    "a: 'x\nb: c\n"
      t.yaml:1:4: this text in quotation marks is not closed, or goes on in a line that is not indented (close it, or indent its lines deeper than its key)
    "a: 'x\n  b: c\n"
      t.yaml:1:4: a quotation mark is opened and not closed (close it)
    "a: \"\\d\"\n"
      t.yaml:1:4: unknown escape in a text in double quotes (write '\\' for a backslash, or use single quotes)
    "a: \"x\" y\n"
      t.yaml:1:8: text after a closing quotation mark (quote the whole value, and write '\"' for a quotation mark in it)
    "a: {b: 1\n"
      t.yaml:2:1: the '{' at t.yaml:1:4 is not closed (there has to be ',' or '}' here)
    "a: [1, 2\n  , {b: 1]\n"
      t.yaml:2:10: the '{' at t.yaml:2:5 is not closed (there has to be ',' or '}' here)
    "a: ]\n"
      t.yaml:1:4: this bracket closes nothing (remove it, or quote the text)
    "a: [\n1]\n"
      t.yaml:2:1: the indentation does not fit (compare with the lines above; what is between brackets is indented deeper than its key)
    "Action: *\n"
      t.yaml:1:9: '*' or '&' without a name after it (quote the text: '*')
    "Action: *Get\n"
      t.yaml:1:9: this alias names no anchor before it (quote the text if it is none)
    "a: @x\n"
      t.yaml:1:4: a value cannot start with '@' (quote the text)
    "a: `x`\n"
      t.yaml:1:4: a value cannot start with '`' (quote the text)
    "a: !!binary xx\n"
      t.yaml:1:4: CloudFormation does not know the YAML type '!!binary'
    "a: !<tag:x> y\n"
      t.yaml:1:4: unknown tag 'tag:x' (tags are CloudFormation's short forms such as !Ref and !Sub)
    "a: !e!x y\n"
      t.yaml:1:4: this is not YAML: the handle wasn't declared
    "? [a]\n: b\n"
      t.yaml:1:3: a key has to be a text, not a list
    "!Ref a: b\n"
      t.yaml:1:1: a key has to be a text, not '!Ref a'
    "~: b\n"
      t.yaml:1:1: a key has to be a text, not null
    ": b\n"
      t.yaml:1:1: a key is missing before ':'
    "a: &x {b: *x}\n"
      t.yaml:1:11: an alias inside of the node that it names
    "a:\n  <<: 1\n"
      t.yaml:2:7: '<<' merges mappings, not '1'
    "a: \"\0\"\n"
      t.yaml:1:4: a quotation mark is opened and not closed (close it)
    "#);
}

#[test]
fn floods_are_refused_quickly() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x]\n".to_owned();
    for (this, last) in ('b'..='z').zip('a'..) {
        bomb += &format!("{this}: &{this} [*{last},*{last},*{last},*{last},*{last},*{last}]\n");
    }
    let chain: String = "a0: &a0 [x]\n".to_owned()
        + &(1..200)
            .map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1))
            .collect::<String>();
    let lines: String = (0..3000).map(|i| " ".repeat(i) + "a:\n").collect();
    let said: String = [
        bomb,
        chain,
        lines,
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
    ]
    .iter()
    .map(|text| parse("t.yaml", text).unwrap_err().to_string() + "\n")
    .collect();
    insta::assert_snapshot!(said, @r"
    t.yaml:7:8: aliases add more than 100000 nodes
    t.yaml:128:14: nested more than 128 levels deep
    t.yaml:129:129: nested more than 128 levels deep
    t.yaml:1:256: brackets are nested too deep (write this part in lines with indentation)
    t.yaml:1:1021: brackets are nested too deep (write this part in lines with indentation)
    t.yaml:1:257: nested more than 128 levels deep
    ");
}

#[test]
fn depth_up_to_the_limit_is_fine() {
    let deep = |levels: usize| "- ".repeat(levels) + "x";
    assert!(parse("t.yaml", &deep(MAX_DEPTH)).is_ok());
    assert!(parse("t.yaml", &deep(MAX_DEPTH + 1)).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = parse("t.yaml", &text);
    }

    #[test]
    fn no_text_of_yaml_signs_makes_it_panic(text in "[a-c \n\t:\\-?*&!|>'\"{}\\[\\],#%@<\\.~0-9\r]{0,60}") {
        let _ = parse("t.yaml", &text);
    }
}
