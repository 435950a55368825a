//! A handler from its source to its answer.

use serde_json::Value;
use shopctl_tests::{Http, TestProject};

#[test]
fn a_changed_handler_answers_as_soon_as_it_is_deployed_and_moves_nothing_else() {
    let project = TestProject::small("greeter");
    let http = Http::new();
    project.deploy().run().expect_code(0);
    let greeting = |http: &Http| {
        let url = project.status()["urls"]["greeting"]
            .as_str()
            .unwrap()
            .to_owned();
        http.get(&format!("{url}/greeting")).expect(200).body
    };
    assert_eq!(greeting(&http), "hello");

    let source = "handlers/greeter/src/main.rs";
    let first = project.read(source);
    project.edit(source, "= \"hello\"", "= \"good day\"");
    let done = project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    assert_eq!(
        done.stack_result("greeting").as_deref(),
        Some("updated"),
        "{done}"
    );
    assert_eq!(
        done.stack_result("other").as_deref(),
        Some("unchanged"),
        "{done}"
    );
    assert_eq!(greeting(&http), "good day");

    // What a compiler does not see changes nothing.
    let text = project.read(source);
    project.write(source, &format!("{text}\n// A remark.\n"));
    let done = project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("unchanged");
    assert_eq!(
        done.events_of("stack_started"),
        Vec::<Value>::new(),
        "{done}"
    );

    // Back to what was deployed before: it is in the bucket already.
    project.write(source, &first);
    let back = project
        .deploy()
        .run()
        .expect_code(0)
        .expect_outcome("succeeded");
    let uploads = back.events_of("step_finished");
    let upload = uploads
        .iter()
        .find(|event| event["step"].as_str().unwrap().starts_with("upload:"));
    assert_eq!(upload.unwrap()["changed"], false, "{back}");
    assert_eq!(greeting(&http), "hello");
}

#[test]
fn what_is_built_twice_is_the_same_to_the_byte() {
    let [one, two] = [TestProject::small("greeter"), TestProject::small("greeter")];
    let keys = [&one, &two].map(|project| {
        project.run(&["render", "--env", "local", "--out", "rendered"]);
        let folder = project.root().join("rendered");
        let mut texts: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        texts.sort();
        texts
    });
    assert_eq!(keys[0], keys[1]);
    assert!(
        keys[0].iter().any(|text| text.contains("S3Key")),
        "{:?}",
        keys[0]
    );
}
