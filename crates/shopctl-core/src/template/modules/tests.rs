//! Modules, from the template to the text that CloudFormation gets.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::template::test_project::{TestProject, shown};

/// Compared with `aws cloudformation package`, which gives the same.
#[test]
fn inputs_outputs_and_prefixes() {
    insta::assert_snapshot!(shown(r#"
Parameters:
  Stage: { Type: String }
Modules:
  Orders:
    Source: modules/queue.yaml
    Properties: { Name: orders, Retention: 100, Labels: [{ Key: stage, Value: !Ref Stage }] }
  Mails:
    Source: ./modules/queue.yaml
    Properties:
      Name: !Ref Stage
      Peer: !GetAtt Orders.Arn
Resources:
  Note:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Sub "${Orders.Arn} ${Mails.Url} ${Orders.Text} ${Mails.Text}"
      Both: !GetAtt Orders.Both
      Predicted: !GetAtt OrdersQueue.Arn
      Given: !GetAtt Mails.Name
Outputs:
  Arn: { Value: !GetAtt Mails.Arn }
=== modules/queue.yaml
Parameters:
  Name: { Type: String }
  Retention: { Type: Number, Default: 60 }
  Labels: { Type: List, Default: [] }
  Peer: { Type: String, Default: none }
Resources:
  Queue:
    Type: AWS::SQS::Queue
    DependsOn: Dead
    Properties:
      QueueName: !Sub "${AWS::StackName}-${Name}"
      MessageRetentionPeriod: !Ref Retention
      Tags: !Ref Labels
      Peer: !Sub "to ${Peer}"
      RedrivePolicy: { deadLetterTargetArn: !GetAtt [Dead, Arn] }
  Dead: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub "${Name}-dead" } }
Outputs:
  Arn: { Value: !GetAtt Queue.Arn }
  Url: { Value: !Ref Queue }
  Text: { Value: !Sub "${Queue} of ${Name}" }
  Both: { Value: [!GetAtt Queue.Arn, !GetAtt Dead.Arn] }
"#), @r"
    Parameters:
      Stage:
        Type: String
    Resources:
      Note:
        Type: AWS::SSM::Parameter
        Properties:
          Type: String
          Value: !Sub ${OrdersQueue.Arn} ${MailsQueue} ${OrdersQueue} of orders ${MailsQueue} of ${Stage}
          Both:
            - !GetAtt OrdersQueue.Arn
            - !GetAtt OrdersDead.Arn
          Predicted: !GetAtt OrdersQueue.Arn
          Given: !Ref Stage
      OrdersQueue:
        Type: AWS::SQS::Queue
        DependsOn: OrdersDead
        Properties:
          QueueName: !Sub ${AWS::StackName}-orders
          MessageRetentionPeriod: 100
          Tags:
            - Key: stage
              Value: !Ref Stage
          Peer: to none
          RedrivePolicy:
            deadLetterTargetArn: !GetAtt OrdersDead.Arn
      OrdersDead:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: orders-dead
      MailsQueue:
        Type: AWS::SQS::Queue
        DependsOn: MailsDead
        Properties:
          QueueName: !Sub ${AWS::StackName}-${Stage}
          MessageRetentionPeriod: 60
          Tags: []
          Peer: !Sub to ${OrdersQueue.Arn}
          RedrivePolicy:
            deadLetterTargetArn: !GetAtt MailsDead.Arn
      MailsDead:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: !Sub ${Stage}-dead
    Outputs:
      Arn:
        Value: !GetAtt MailsQueue.Arn
    ");
}

#[test]
fn modules_within_modules() {
    insta::assert_snapshot!(shown(r#"
Parameters:
  Stage: { Type: String }
Modules:
  Net:
    Source: a/net.yaml
    Properties: { Env: !Ref Stage, Names: "x, y" }
    Overrides:
      OneQueue: { Properties: { DelaySeconds: 3 } }
Outputs:
  First: { Value: !GetAtt Net.First }
=== a/net.yaml
Parameters:
  Env: { Type: String }
  Names: { Type: CommaDelimitedList }
Modules:
  Each:
    Source: ../b/queue.yaml
    ForEach: !Ref Names
    Properties: { Name: !Sub "${Env}-$Identifier", Delay: $Index }
  One:
    Source: ../b/queue.yaml
    Properties: { Name: !Ref Env }
    Overrides:
      Queue: { DependsOn: Topic, Metadata: { Names: !Ref Names } }
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Subscription:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Topic
      Endpoint: !GetAtt One.Arn
      All: !GetAtt Each[*].Arn
      Old: !GetAtt Each[].Arn
      Predicted: !Ref OneQueue
Outputs:
  First: { Value: !GetAtt "Each[x].Arn" }
=== b/queue.yaml
Parameters:
  Name: { Type: String }
  Delay: { Type: Number, Default: 0 }
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: !Ref Name, DelaySeconds: !Ref Delay } }
Outputs:
  Arn: { Value: !GetAtt Queue.Arn }
"#), @r"
    Parameters:
      Stage:
        Type: String
    Resources:
      NetTopic:
        Type: AWS::SNS::Topic
      NetSubscription:
        Type: AWS::SNS::Subscription
        Properties:
          TopicArn: !Ref NetTopic
          Endpoint: !GetAtt NetOneQueue.Arn
          All:
            - !GetAtt NetEach0Queue.Arn
            - !GetAtt NetEach1Queue.Arn
          Old:
            - !GetAtt NetEach0Queue.Arn
            - !GetAtt NetEach1Queue.Arn
          Predicted: !Ref NetOneQueue
      NetEach0Queue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: !Sub ${Stage}-x
          DelaySeconds: '0'
      NetEach1Queue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: !Sub ${Stage}-y
          DelaySeconds: '1'
      NetOneQueue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: !Ref Stage
          DelaySeconds: 3
        DependsOn: NetTopic
        Metadata:
          Names:
            - x
            - 'y'
    Outputs:
      First:
        Value: !GetAtt NetEach0Queue.Arn
    ");
}

#[test]
fn loops_over_everything_that_is_known() {
    insta::assert_snapshot!(shown(r#"
Parameters:
  Names: { Type: CommaDelimitedList, Default: "a,b" }
Modules:
  Map:
    Source: queue.yaml
    ForEach: { red: { Size: 1, Owner: !Ref AWS::AccountId }, blue: { Size: 2, Owner: b } }
    Properties: { Name: !Sub "${Identifier}-${Value.Owner}-$Index", Size: $Value.Size }
  List:
    Source: queue.yaml
    ForEach: [{ Identifier: k, Size: 7 }]
    Properties: { Name: $Identifier, Size: !GetAtt $Value.Size }
  Fn::ForEach::Loop:
    - Id
    - [P, Q]
    - "Loop${Id}": { Source: queue.yaml, Properties: { Name: !Sub "loop-${Id}", Size: 3 } }
  Old:
    Source: queue.yaml
    Map: !Ref Names
    Properties: { Name: $MapValue, Size: $MapIndex }
  None: { Source: queue.yaml, ForEach: "", Properties: { Name: n, Size: 1 } }
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    ForEach: !Ref Names
    Properties: { BucketName: !Sub "${AWS::StackName}-${Identifier}" }
Outputs:
  ByKey: { Value: !GetAtt "Map[red].Arn" }
  ByDot: { Value: !GetAtt Map.blue.Arn }
  ByNumber: { Value: !Sub "${Map[1].Arn}" }
  ByName: { Value: !GetAtt Map0.Arn }
  All: { Value: !Join [" ", !GetAtt "Map.*.Arn"] }
  Loop: { Value: !GetAtt "Loop[Q].Arn" }
  Bucket: { Value: !GetAtt "Bucket[b].Arn" }
  Buckets: { Value: !Join [" ", !Ref "Bucket[*]"] }
=== queue.yaml
Parameters: { Name: { Type: String }, Size: { Type: Number } }
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: !Ref Name, Size: !Ref Size } }
Outputs: { Arn: { Value: !GetAtt Queue.Arn } }
"#), @r"
    Parameters:
      Names:
        Type: CommaDelimitedList
        Default: a,b
    Resources:
      Bucket0:
        Type: AWS::S3::Bucket
        Properties:
          BucketName: !Sub ${AWS::StackName}-a
      Bucket1:
        Type: AWS::S3::Bucket
        Properties:
          BucketName: !Sub ${AWS::StackName}-b
      Map0Queue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: !Sub red-${AWS::AccountId}-0
          Size: 1
      Map1Queue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: blue-b-1
          Size: 2
      List0Queue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: k
          Size: 7
      LoopPQueue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: loop-P
          Size: 3
      LoopQQueue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: loop-Q
          Size: 3
      Old0Queue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: a
          Size: '0'
      Old1Queue:
        Type: AWS::SQS::Queue
        Properties:
          QueueName: b
          Size: '1'
    Outputs:
      ByKey:
        Value: !GetAtt Map0Queue.Arn
      ByDot:
        Value: !GetAtt Map1Queue.Arn
      ByNumber:
        Value: !Sub ${Map1Queue.Arn}
      ByName:
        Value: !GetAtt Map0Queue.Arn
      All:
        Value: !Join
          - ' '
          - - !GetAtt Map0Queue.Arn
            - !GetAtt Map1Queue.Arn
      Loop:
        Value: !GetAtt LoopQQueue.Arn
      Bucket:
        Value: !GetAtt Bucket1.Arn
      Buckets:
        Value: !Join
          - ' '
          - - !Ref Bucket0
            - !Ref Bucket1
    ");
}

#[test]
fn a_loop_over_a_parameter_takes_the_value_of_the_environment() {
    let mut project = TestProject::new(
        r#"
Parameters: { Names: { Type: CommaDelimitedList, Default: a } }
Resources:
  Bucket: { Type: AWS::S3::Bucket, ForEach: !Ref Names }
"#,
    );
    let resources = |project: &TestProject| {
        let rendered = project.render("template.yaml").map(|r| r.resources.len());
        rendered.unwrap_or_default()
    };
    assert_eq!(resources(&project), 1);
    project
        .parameters
        .insert("Names".to_owned(), "a,b,c".to_owned());
    assert_eq!(resources(&project), 3);
}

#[test]
fn conditions_are_decided_or_emitted() {
    insta::assert_snapshot!(shown(r#"
Parameters:
  Stage: { Type: String }
Conditions:
  IsLocal: !Equals [!Ref Stage, local]
Modules:
  Yes: { Source: m.yaml, Properties: { Keep: true, Stage: !Ref Stage } }
  No: { Source: m.yaml, Properties: { Keep: "no", Stage: prod } }
=== m.yaml
Parameters:
  Keep: { Type: String }
  Stage: { Type: String }
Conditions:
  # Later ones may be used before they come.
  Both: !And [!Condition Keeps, !Condition IsProd]
  Either: !Or [!Condition Keeps, !Condition IsProd]
  Keeps: !Equals [!Ref Keep, "true"]
  IsProd: !Equals [!Ref Stage, prod]
  NotProd: !Not [Condition: IsProd]
Resources:
  Dead: { Type: AWS::SQS::Queue, Condition: Keeps }
  Queue:
    Type: AWS::SQS::Queue
    DependsOn: [Dead, Other]
    Properties:
      Redrive: !If [Keeps, !GetAtt Dead.Arn, !Ref AWS::NoValue]
      Delay: !If [IsProd, 1, 2]
      Items: [!If [Keeps, one, !Ref AWS::NoValue], two]
      Local: !If [IsLocal, 1, !Ref AWS::NoValue]
  Other: { Type: AWS::SQS::Queue, Condition: Both }
  Third: { Type: AWS::SQS::Queue, Condition: Either }
  Fourth: { Type: AWS::SQS::Queue, Condition: NotProd }
"#), @r"
    Parameters:
      Stage:
        Type: String
    Conditions:
      IsLocal: !Equals
        - !Ref Stage
        - local
      YesIsProd: !Equals
        - !Ref Stage
        - prod
      YesNotProd: !Not
        - !Condition YesIsProd
    Resources:
      YesDead:
        Type: AWS::SQS::Queue
      YesQueue:
        Type: AWS::SQS::Queue
        DependsOn:
          - YesDead
          - YesOther
        Properties:
          Redrive: !GetAtt YesDead.Arn
          Delay: !If
            - YesIsProd
            - 1
            - 2
          Items:
            - one
            - two
          Local: !If
            - IsLocal
            - 1
            - !Ref AWS::NoValue
      YesOther:
        Type: AWS::SQS::Queue
        Condition: YesIsProd
      YesThird:
        Type: AWS::SQS::Queue
      YesFourth:
        Type: AWS::SQS::Queue
        Condition: YesNotProd
      NoQueue:
        Type: AWS::SQS::Queue
        Properties:
          Delay: 1
          Items:
            - two
          Local: !If
            - IsLocal
            - 1
            - !Ref AWS::NoValue
      NoThird:
        Type: AWS::SQS::Queue
    ");
}

#[test]
fn mappings_are_read_or_emitted() {
    insta::assert_snapshot!(shown(r#"
Mappings: { Own: { a: { b: 1 } } }
Modules:
  A: { Source: m.yaml, Properties: { Size: small } }
Resources:
  Q: { Type: AWS::SQS::Queue, Properties: { DelaySeconds: !FindInMap [Own, a, b] } }
=== m.yaml
Parameters: { Size: { Type: String } }
Mappings:
  Sizes: { small: { Memory: 128 }, large: { Memory: 512 } }
  Regions: { us-east-1: { Zones: [a, b] } }
Resources:
  R:
    Type: AWS::SSM::Parameter
    Properties:
      Memory: !FindInMap [Sizes, !Ref Size, Memory]
      Zones: !FindInMap [Regions, !Ref AWS::Region, Zones]
"#), @r"
    Mappings:
      Own:
        a:
          b: 1
      ARegions:
        us-east-1:
          Zones:
            - a
            - b
    Resources:
      Q:
        Type: AWS::SQS::Queue
        Properties:
          DelaySeconds: !FindInMap
            - Own
            - a
            - b
      AR:
        Type: AWS::SSM::Parameter
        Properties:
          Memory: 128
          Zones: !FindInMap
            - ARegions
            - !Ref AWS::Region
            - Zones
    ");
}

#[test]
fn overrides_change_what_is_written() {
    insta::assert_snapshot!(shown(r#"
Modules:
  M:
    Source: m.yaml
    Properties: { Tags: [{ Key: a, Value: b }] }
    Overrides:
      Policy:
        Properties:
          Document: { Statement: [{ Effect: Deny }] }
          Text: new
          Tags: [{ Key: c, Value: d }]
        DependsOn: [Topic]
        DeletionPolicy: Retain
      Bucket: { Properties: { Versioned: true } }
      Bucket1: { Properties: { Versioned: false } }
      Gone: { Properties: { Any: thing } }
Resources:
  Topic: { Type: AWS::SNS::Topic }
=== m.yaml
Parameters: { Tags: { Type: List } }
Conditions: { Never: !Equals [a, b] }
Resources:
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Document: { Version: "2012-10-17", Statement: [{ Effect: Allow }] }
      Text: !Sub "old ${AWS::Region}"
      Tags: !Ref Tags
  Bucket: { Type: AWS::S3::Bucket, ForEach: "x,y" }
  Gone: { Type: AWS::S3::Bucket, Condition: Never }
"#), @r"
    Resources:
      Topic:
        Type: AWS::SNS::Topic
      MPolicy:
        Type: AWS::IAM::ManagedPolicy
        Properties:
          Document:
            Version: '2012-10-17'
            Statement:
              - Effect: Allow
              - Effect: Deny
          Text: new
          Tags:
            - Key: c
              Value: d
        DependsOn:
          - Topic
        DeletionPolicy: Retain
      MBucket0:
        Type: AWS::S3::Bucket
        Properties:
          Versioned: true
      MBucket1:
        Type: AWS::S3::Bucket
        Properties:
          Versioned: false
    ");
}

#[test]
fn constants_and_functions_of_the_renderer() {
    insta::assert_snapshot!(shown(r#"
Constants:
  Stem: "${AWS::StackName}-x"
  Full: "${Const::Stem}-${Own}"
  Plain: "a${!b}"
  Tags: [{ Key: app, Value: !Sub "${Const::Stem}" }]
Modules:
  Label: { Source: label.yaml, Properties: { App: shop } }
Resources:
  Own: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Const::Stem } }
  R:
    Type: AWS::SSM::Parameter
    Properties:
      Full: !Sub "${Const::Full}/${!Const::Stem}"
      Plain: !Sub "${Const::Plain}"
      Tags: !Merge [!Ref Const::Tags, [{ Key: b, Value: c }]]
      Merged: !Merge [{ a: { b: 1, c: [1] } }, { a: { b: 2, c: [2] } }, { d: e }]
      One: !Invoke [Label, { Part: one }, Id]
      Two: !Invoke [Label, { Part: !Ref Own, App: other }, [Id, Path]]
      Text: !InsertFile files/text.txt
      Untouched: !Join ["-", [a, b]]
      Items: { Fn::Flatten: { Source: { x: [{ n: 1 }, { n: 2 }], y: [{ n: 3 }] }, Pattern: "$.*[*].n" } }
      Shaped:
        Fn::Flatten:
          Source: [{ n: a, k: [1, 2] }, { n: b, k: [3] }]
          Transform: { Template: { Name: "$item.n-$k", Number: $k }, Variables: { k: "$item.k[*]" } }
          GroupBy: Number
=== label.yaml
Parameters: { App: { Type: String }, Part: { Type: String } }
Outputs:
  Id: { Value: !Join ["-", [!Ref App, !Ref Part]] }
  Path: { Value: !Sub "/${App}/${Part}" }
=== files/text.txt
line one
  "two": 2
"#), @r#"
    Resources:
      Own:
        Type: AWS::SNS::Topic
        Properties:
          TopicName: !Sub ${AWS::StackName}-x
      R:
        Type: AWS::SSM::Parameter
        Properties:
          Full: !Sub ${AWS::StackName}-x-${Own}/${!Const::Stem}
          Plain: a${b}
          Tags:
            - Key: app
              Value: !Sub ${AWS::StackName}-x
            - Key: b
              Value: c
          Merged:
            a:
              b: 2
              c:
                - 1
                - 2
            d: e
          One: shop-one
          Two:
            - !Join
              - '-'
              - - other
                - !Ref Own
            - !Sub /other/${Own}
          Text: |
            line one
              "two": 2
          Untouched: !Join
            - '-'
            - - a
              - b
          Items:
            - 1
            - 2
            - 3
          Shaped:
            '1':
              - Name: a-1
                Number: 1
            '2':
              - Name: a-2
                Number: 2
            '3':
              - Name: b-3
                Number: 3
    "#);
}

/// Where the AWS CLI writes something that CloudFormation refuses or reads differently.
#[test]
fn sub_puts_in_values_of_every_kind() {
    insta::assert_snapshot!(shown(r#"
Parameters: { Stage: { Type: String } }
Modules:
  M:
    Source: m.yaml
    Properties:
      Text: "a ${b} c"
      Choice: !If [IsLocal, x, y]
      Inner: !Sub "in ${Stage} ${!Lit}"
      Zones: "a, b"
Conditions: { IsLocal: !Equals [!Ref Stage, local] }
=== m.yaml
Parameters:
  Text: { Type: String }
  Choice: { Type: String }
  Inner: { Type: String }
  Zones: { Type: CommaDelimitedList }
Resources:
  R:
    Type: AWS::SSM::Parameter
    Properties:
      PlainText: !Sub "1 ${Text} ${!Kept}"
      StillSub: !Sub "2 ${Text} ${AWS::Region}"
      Function: !Sub "3 ${Choice} and ${ Choice }"
      InSub: !Sub "4 ${Inner}"
      Variables: !Sub ["5 ${Here} ${Text} ${There}", { Here: !Ref R2, There: !Select [0, !Ref Zones] }]
      List: !Ref Zones
      Zones: !Sub "6 ${Zones}"
      First: !Select [0, !Ref Zones]
      Joined: !Join ["+", !Ref Zones]
  R2: { Type: AWS::SNS::Topic }
"#), @r"
    Parameters:
      Stage:
        Type: String
    Conditions:
      IsLocal: !Equals
        - !Ref Stage
        - local
    Resources:
      MR:
        Type: AWS::SSM::Parameter
        Properties:
          PlainText: 1 a ${b} c ${Kept}
          StillSub: !Sub 2 a ${!b} c ${AWS::Region}
          Function: !Sub
            - 3 ${Choice} and ${Choice}
            - Choice: !If
                - IsLocal
                - x
                - y
          InSub: !Sub 4 in ${Stage} ${!Lit}
          Variables: !Sub 5 ${MR2} a ${!b} c a
          List:
            - a
            - b
          Zones: 6 a, b
          First: a
          Joined: a+b
      MR2:
        Type: AWS::SNS::Topic
    ");
}

#[test]
fn folders_as_packages_and_transforms() {
    insta::assert_snapshot!(shown(r#"
Transform: AWS::LanguageExtensions
Packages: { kit: { Source: ./vendor/kit } }
Modules:
  M: { Source: $kit/deep/m.yaml }
=== vendor/kit/deep/m.yaml
Transform: [AWS::SecretsManager-2024-09-16, AWS::LanguageExtensions]
Resources:
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !InsertFile ../name.txt } }
=== vendor/kit/name.txt
hello
"#), @r#"
    Transform:
      - AWS::SecretsManager-2024-09-16
      - AWS::LanguageExtensions
    Resources:
      MTopic:
        Type: AWS::SNS::Topic
        Properties:
          TopicName: "hello\n"
    "#);
}
