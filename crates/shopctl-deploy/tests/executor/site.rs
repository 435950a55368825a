//! The site: files, configuration, invalidation, URLs.

use std::collections::BTreeMap;

use shopctl_core::event::Event;
use shopctl_testing::{
    FakeCloud, Fault, FaultRule, TestProject, TestResource, TestSite, TestStack,
};

use crate::support::{assert_gone, deploy, errors};

const URL: &str = "http://shop.example";

fn project() -> TestProject {
    let stack = TestStack::new("site")
        .with(TestResource::new("Files").of_type("AWS::S3::Bucket"))
        .with(TestResource::new("Door").of_type("AWS::CloudFront::Distribution"))
        .with_output("Bucket", "!Ref Files")
        .with_output("Distribution", "!Ref Door")
        .with_output("Url", URL);
    let mut project = TestProject::new([stack]);
    let files = [
        ("index.html", "one"),
        ("assets/a.js", "a"),
        ("logo.svg", "logo"),
    ];
    project.site = Some(TestSite {
        stack: "site".into(),
        files: files
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .into(),
    });
    project.url = Some(("site".into(), "Url".to_owned()));
    project
}

fn files(project: &mut TestProject) -> &mut BTreeMap<String, String> {
    &mut project.site.as_mut().unwrap().files
}

#[tokio::test(start_paused = true)]
async fn only_what_changed_is_uploaded_and_invalidated() {
    let cloud = FakeCloud::default();
    cloud.serve(&format!("{URL}/"), 200);
    let mut project = project();
    deploy(&cloud, &project).await;
    let bucket = cloud.physical_id("test-site", "Files").unwrap();
    assert_eq!(
        cloud.keys(&bucket),
        ["assets/a.js", "index.html", "logo.svg"]
    );
    assert_eq!(cloud.invalidations().len(), 0, "nothing was cached before");

    cloud.forget_calls();
    let run = deploy(&cloud, &project).await;
    assert!(!run.report().changed);
    // One look at the stack, the record, the files, and the page itself.
    assert_eq!(cloud.calls().len(), 4, "{:?}", cloud.calls().by_operation());

    let files = files(&mut project);
    files.insert("index.html".to_owned(), "two".to_owned());
    files.remove("assets/a.js");
    files.insert("assets/b.js".to_owned(), "b".to_owned());
    cloud.forget_calls();
    deploy(&cloud, &project).await;
    assert_eq!(
        cloud.keys(&bucket),
        ["assets/b.js", "index.html", "logo.svg"]
    );
    let made: Vec<_> = cloud
        .invalidations()
        .into_values()
        .map(|(_, paths)| paths)
        .collect();
    assert_eq!(made, [["/", "/index.html"]]);
    let order: Vec<_> = cloud
        .calls()
        .0
        .into_iter()
        .filter(|call| call.subject == bucket || call.operation == "CreateInvalidation")
        .map(|call| call.operation)
        .collect();
    assert_eq!(
        order,
        [
            "ListObjectsV2",
            "PutObject",
            "PutObject",
            "CreateInvalidation",
            "DeleteObjects"
        ]
    );
    assert!(project.teardown(&cloud).await.succeeded());
    assert_gone(&cloud).await;
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_changed_is_put_right() {
    let cloud = FakeCloud::default();
    cloud.serve(&format!("{URL}/"), 200);
    let project = project();
    deploy(&cloud, &project).await;
    let bucket = cloud.physical_id("test-site", "Files").unwrap();
    cloud.write(&bucket, "logo.svg", b"painted over");
    cloud.write(&bucket, "stranger.html", b"?");
    cloud.erase(&bucket, "assets/a.js");
    let run = deploy(&cloud, &project).await;
    assert!(run.report().changed);
    assert_eq!(
        cloud.keys(&bucket),
        ["assets/a.js", "index.html", "logo.svg"]
    );
    assert!(!deploy(&cloud, &project).await.report().changed);
}

#[tokio::test(start_paused = true)]
async fn a_site_survives_broken_calls() {
    let cloud = FakeCloud::new(3);
    cloud.serve(&format!("{URL}/"), 200);
    let mut project = project();
    for fault in [
        Fault::Throttled,
        Fault::ServiceErrorAfterEffect,
        Fault::AnswerLost,
    ] {
        deploy(&cloud, &project).await;
        cloud.heal();
        files(&mut project).insert("index.html".to_owned(), format!("{fault:?}"));
        for operation in [
            "ListObjectsV2",
            "PutObject",
            "CreateInvalidation",
            "DeleteObjects",
        ] {
            cloud.inject(FaultRule::new(fault).on(operation).times(2));
        }
        let run = deploy(&cloud, &project).await;
        assert!(run.report().changed);
        cloud.heal();
        assert!(!deploy(&cloud, &project).await.report().changed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_does_not_answer_is_told() {
    let cloud = FakeCloud::default();
    cloud.serve(&format!("{URL}/"), 503);
    let run = project().deploy(&cloud).await;
    assert!(run.report().failed, "{}", errors(&run));
    let told = run.events.iter().find_map(|event| match event {
        Event::StepFailed { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert_eq!(told.unwrap(), "site (http://shop.example/) answers 503");
    // The stack itself is done and stays so.
    cloud.serve(&format!("{URL}/"), 200);
    let run = deploy(&cloud, &project()).await;
    assert!(!run.report().changed);
    let late = FakeCloud::default();
    let answer = async {
        tokio::time::sleep(std::time::Duration::from_secs(40)).await;
        late.serve(&format!("{URL}/"), 200);
    };
    let project = project();
    let (run, ()) = tokio::join!(project.deploy(&late), answer);
    assert!(run.succeeded(), "{}", errors(&run));
}
