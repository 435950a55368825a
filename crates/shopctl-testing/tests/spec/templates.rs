//! Part M: templates.

use std::collections::BTreeMap;

use shopctl_core::status::StackStatus as S;
use shopctl_testing::FakeCloud;

// M1
#[tokio::test(start_paused = true)]
async fn values_resolve() {
    let template = r#"
Parameters:
  Port: { Type: String, Default: "" }
  List: { Type: CommaDelimitedList, Default: "x,y" }
Mappings:
  Sizes: { eu-central-1: { small: "1" } }
Conditions:
  IsLocal: !Not [!Equals [!Ref Port, ""]]
  IsAws: { "Fn::Not": [{ Condition: IsLocal }] }
  Both: !And [!Condition IsAws, !Or [!Condition IsLocal, !Condition IsAws]]
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: jobs } }
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: news } }
  Local: { Type: AWS::SQS::Queue, Condition: IsLocal }
  Files:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${AWS::StackName}-files"
      Optional: !If [IsLocal, here, !Ref "AWS::NoValue"]
Outputs:
  Ref: { Value: !Ref Queue }
  Arn: { Value: !GetAtt Queue.Arn }
  Long: { Value: { "Fn::GetAtt": [Queue, QueueName] } }
  Topic: { Value: { Ref: Topic } }
  Sub: { Value: !Sub "http://${Files.RegionalDomainName}/${!literal}/${AWS::AccountId}" }
  SubWith: { Value: !Sub ["${a}-${Queue.QueueName}", { a: !Select [1, !Ref List] }] }
  Join: { Value: !Join ["/", [a, !Ref Files, !Select [0, !Split [".", "b.c"]]]] }
  If: { Value: !If [IsAws, !FindInMap [Sizes, !Ref "AWS::Region", small], none] }
  Left: { Condition: IsLocal, Value: never }
  Both: { Condition: Both, Value: yes }
"#;
    let cloud = FakeCloud::default();
    cloud
        .person()
        .create_stack("s", template, &[], false)
        .unwrap();
    cloud.settle().await;
    let expected: BTreeMap<String, String> = [
        ("Arn", "arn:aws:sqs:eu-central-1:123456789012:jobs"),
        ("Both", "yes"),
        ("If", "1"),
        ("Join", "a/s-files/b"),
        ("Long", "jobs"),
        (
            "Ref",
            "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs",
        ),
        (
            "Sub",
            "http://s-files.s3.eu-central-1.amazonaws.com/${literal}/123456789012",
        ),
        ("SubWith", "y-jobs"),
        ("Topic", "arn:aws:sns:eu-central-1:123456789012:news"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    assert_eq!(cloud.outputs("s"), expected);
    assert_eq!(cloud.physical_id("s", "Local"), None);
    let parameters = [("Port", "8080")];
    cloud
        .person()
        .update_stack("s", template, &parameters, false)
        .unwrap();
    cloud.settle().await;
    assert_eq!(cloud.outputs("s")["Left"], "never");
    assert_eq!(cloud.outputs("s")["If"], "none");
    assert!(cloud.physical_id("s", "Local").is_some());
}

// M2
#[tokio::test(start_paused = true)]
async fn the_shops_templates_deploy() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stacks");
    let mut deployed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(body) = std::fs::read_to_string(path.join("template.yaml")) else {
            continue;
        };
        let cloud = FakeCloud::default();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = shopctl_core::yaml::parse("template", &body).unwrap();
        // Each its own value: two resources of one name are one too many.
        let required: Vec<(String, String)> = document
            .get("Parameters")
            .and_then(|parameters| parameters.entries())
            .unwrap_or_default()
            .iter()
            .filter(|(_, declaration)| declaration.get("Default").is_none())
            .filter_map(|(name, _)| Some((name.as_str()?, format!("given-{}", name.as_str()?))))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let parameters: Vec<(&str, &str)> = required
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        if document.get("Modules").is_some() {
            // Rendering takes modules out before a template is sent.
            continue;
        }
        cloud
            .person()
            .create_stack(&name, &body, &parameters, false)
            .unwrap();
        cloud.settle().await;
        assert_eq!(
            cloud.status(&name),
            Some(S::CreateComplete),
            "{name}: {:?}",
            cloud.status_reason(&name)
        );
        for (output, value) in cloud.outputs(&name) {
            assert!(!value.contains('<'), "{name}.{output} is '{value}'");
        }
        deployed += 1;
    }
    assert!(deployed > 0);
}
