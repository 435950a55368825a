//! A rendered template as text that knows where each of its lines comes from, so that what is
//! said about the text can be shown where somebody can change it.

use sha2::{Digest, Sha256};

use crate::diagnostic::Location;
use crate::template::check::TEMPLATE_BYTES;
use crate::yaml::{Node, emit_compact, emit_telling};

/// A template as it goes to CloudFormation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// The template that it was made from.
    pub path: String,
    /// YAML text; compact JSON when CloudFormation would take no more than that.
    pub body: String,
    /// SHA-256 of `body` in hexadecimal digits.
    pub digest: String,
    /// Byte offsets in `body`, ascending, with the source of what begins there.
    places: Vec<(usize, Location)>,
}

impl RenderedFile {
    pub(super) fn write(path: &str, document: &Node) -> Self {
        let header = format!("# Rendered by shopctl from {path}; change it there.\n");
        let mut places: Vec<(usize, Location)> = Vec::new();
        let text = emit_telling(document, &mut |offset, node| {
            places.push((header.len() + offset, node.location.clone()));
        });
        let mut body = header + &text;
        if body.len() > TEMPLATE_BYTES {
            places.clear();
            body = emit_compact(document, &mut |offset, node| {
                places.push((offset, node.location.clone()));
            });
        }
        Self {
            path: path.to_owned(),
            digest: hex::encode(Sha256::digest(&body)),
            body,
            places,
        }
    }

    /// Where the text at a line and column (in characters, both from 1) of the body comes
    /// from: the place in a template, module or snippet. A column behind the line's end
    /// stands for its end.
    pub fn source_of(&self, line: usize, column: usize) -> Option<&Location> {
        let mut start = 0;
        for (index, text) in self.body.split_inclusive('\n').enumerate() {
            if index + 1 == line {
                let within = text.char_indices().nth(column.saturating_sub(1));
                let offset = start + within.map_or(text.len(), |(offset, _)| offset);
                let behind = self.places.partition_point(|(begin, _)| *begin <= offset);
                return self.places[..behind].last().map(|(_, location)| location);
            }
            start += text.len();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::template::test_project::TestProject;

    fn files() -> Vec<RenderedFile> {
        let project = TestProject::new(
            "\
=== template.yaml
Modules:
  Work:
    Source: modules/queue.yaml
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: Größe
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: inner.yaml
=== modules/queue.yaml
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: 5
=== inner.yaml
Resources:
  Wait:
    Type: AWS::CloudFormation::WaitConditionHandle
",
        );
        project.render_with_sources("template.yaml").unwrap().1
    }

    #[test]
    fn every_line_leads_to_the_file_that_it_is_written_in() {
        let mut lines = String::new();
        for file in files() {
            for (index, text) in file.body.lines().enumerate().skip(1) {
                let column = text.len() - text.trim_start().len() + 1;
                let source = file.source_of(index + 1, column).unwrap();
                let text: String = text.chars().take(40).collect();
                lines.push_str(&format!("{text:<42}{source}\n"));
            }
        }
        assert_snapshot!(lines, @"
        Resources:                                inner.yaml:1:1
          Wait:                                   inner.yaml:2:3
            Type: AWS::CloudFormation::WaitCondi  inner.yaml:3:5
        Resources:                                template.yaml:4:1
          Topic:                                  template.yaml:5:3
            Type: AWS::SNS::Topic                 template.yaml:6:5
            Properties:                           template.yaml:7:5
              DisplayName: Größe                  template.yaml:8:7
          Inner:                                  template.yaml:9:3
            Type: AWS::CloudFormation::Stack      template.yaml:10:5
            Properties:                           template.yaml:11:5
              TemplateURL: !Sub https://s3.${AWS  template.yaml:12:7
          WorkQueue:                              modules/queue.yaml:2:3
            Type: AWS::SQS::Queue                 modules/queue.yaml:3:5
            Properties:                           modules/queue.yaml:4:5
              DelaySeconds: 5                     modules/queue.yaml:5:7
        ");
    }

    /// A template whose text has about so many bytes, most of it indentation of short items.
    fn large(items: usize) -> String {
        let mut text = "=== template.yaml\nResources:\n  Machine:\n    Type: AWS::SSM::Parameter\n    Properties:\n      Tags:\n".to_owned();
        for number in 0..items {
            text.push_str(&format!("        - {{ Key: k{number}, Value: !Sub v }}\n"));
        }
        text
    }

    #[test]
    fn a_template_that_is_too_large_is_written_without_a_blank() {
        let file = |items| {
            let project = TestProject::new(&large(items));
            let (rendered, mut files) = project.render_with_sources("template.yaml").unwrap();
            let file = files.pop().unwrap();
            assert_eq!(rendered.body, file.body);
            file
        };
        assert!(file(1_000).body.starts_with("# Rendered by shopctl"));
        let compact = file(22_000);
        assert!(
            compact.body.len() <= TEMPLATE_BYTES,
            "{}",
            compact.body.len()
        );
        let begin = r#"{"Resources":{"Machine":{"Type":"AWS::SSM::Parameter","Properties":{"Tags":[{"Key":"k0","Value":{"Fn::Sub":"v"}},"#;
        assert!(compact.body.starts_with(begin), "{}", &compact.body[..200]);
        let column = compact.body.find("k7").unwrap() + 1;
        let source = compact.source_of(1, column).unwrap();
        assert_eq!(source.to_string(), "template.yaml:13:18");
        // It parses to what it was.
        let again = crate::yaml::parse("again", &compact.body).unwrap();
        assert!(again.get("Resources").is_some());
    }

    #[test]
    fn a_template_that_cannot_be_made_to_fit_is_told() {
        let project = TestProject::new(&large(40_000));
        let errors = project.render_with_sources("template.yaml").unwrap_err();
        assert!(
            errors
                .to_string()
                .contains("1628971 bytes without any blank"),
            "{errors}"
        );
    }

    #[test]
    fn a_column_leads_to_its_value_and_there_is_no_place_outside() {
        let file = files().pop().unwrap();
        let line = 1 + file.body.lines().position(|l| l.contains("Größe")).unwrap();
        let at = |column| file.source_of(line, column).map(ToString::to_string);
        assert_eq!(at(7).unwrap(), "template.yaml:8:7", "the key");
        assert_eq!(at(22).unwrap(), "template.yaml:8:20", "the value");
        assert_eq!(at(999).unwrap(), "template.yaml:8:20", "behind its end");
        assert_eq!(file.source_of(0, 1), None);
        assert_eq!(file.source_of(9_999, 1), None);
        assert_eq!(file.source_of(1, 1), None, "the header is nobody's");
    }
}
