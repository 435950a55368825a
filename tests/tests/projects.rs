//! Projects other than the shop, each from nothing to nothing: deployed, deployed again, changed,
//! broken, mended and taken down. What they differ in is what their templates are made of.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use serde_json::{Value, json};
use shopctl_tests::{Emulator, Http, Output, TestProject};

/// A condition that nobody fulfils: CloudFormation gives up after a second and rolls back.
const NEVER: &str = r#"
  Handle:
    Type: AWS::CloudFormation::WaitConditionHandle

  Never:
    Type: AWS::CloudFormation::WaitCondition
    Properties:
      Handle: !Ref Handle
      Timeout: "1"
"#;

/// A project on a local cloud that holds nothing yet.
struct Life {
    project: TestProject,
    emulator: Emulator,
    nothing: Value,
}

impl Life {
    fn of(name: &str) -> Self {
        let project = TestProject::small(name);
        project.run(&["local", "start"]);
        let emulator = project.emulator();
        let nothing = emulator.inventory();
        Self {
            project,
            emulator,
            nothing,
        }
    }

    /// A deploy that ends well.
    #[track_caller]
    fn deploys(&self, outcome: &str) -> Output {
        let done = self.project.deploy().run();
        done.expect_code(0).expect_outcome(outcome)
    }

    /// A deploy that fails, says all of these, and leaves everything as it was.
    #[track_caller]
    fn fails(&self, code: i32, says: &[&str]) {
        let before = self.holds();
        let done = self.project.deploy().run().expect_code(code);
        let done = done.expect_outcome("failed");
        let told = format!("{}{}", done.stdout, done.stderr);
        for part in says {
            assert!(told.contains(part), "not said: {part:?}\n{done}");
        }
        assert_eq!(self.holds(), before, "{done}");
    }

    /// All that is there; how a stack got into the state it is in does not count, nor the change
    /// set that failed.
    fn holds(&self) -> Value {
        let mut all = self.emulator.inventory();
        let stacks = all.get_mut("stacks").and_then(Value::as_object_mut);
        for status in stacks.into_iter().flat_map(|stacks| stacks.values_mut()) {
            let text = status.as_str().unwrap();
            if let Some("CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE") =
                text.split(' ').next()
            {
                *status = json!("settled");
            }
        }
        all
    }

    /// The output of a stack, as `status` prints it.
    #[track_caller]
    fn output(&self, stack: &str, output: &str) -> String {
        let status = self.project.status();
        let stacks = status["stacks"].as_array().unwrap();
        let stack = stacks.iter().find(|found| found["name"] == stack).unwrap();
        stack["outputs"][output].as_str().unwrap().to_owned()
    }

    fn attribute(&self, queue: &str, attribute: &str) -> Value {
        let url = self
            .emulator
            .call("sqs", "get_queue_url", &json!({ "QueueName": queue }));
        let asked = json!({ "QueueUrl": url["QueueUrl"], "AttributeNames": ["All"] });
        let mut found = self.emulator.call("sqs", "get_queue_attributes", &asked);
        found["Attributes"][attribute].take()
    }

    fn count(&self, kind: &str) -> usize {
        self.emulator.inventory()[kind]
            .as_array()
            .map_or(0, Vec::len)
    }

    /// Takes it down; nothing is left.
    #[track_caller]
    fn ends(self) {
        self.ends_as("succeeded");
    }

    #[track_caller]
    fn ends_as(self, outcome: &str) {
        let done = self.project.teardown().run();
        let done = done.expect_code(0).expect_outcome(outcome);
        assert_eq!(self.emulator.inventory(), self.nothing, "{done}");
    }
}

#[test]
fn without_handlers() {
    let life = Life::of("minimal");
    let template = "stacks/messages/template.yaml";
    assert_eq!(
        life.deploys("succeeded")
            .stack_result("messages")
            .as_deref(),
        Some("created")
    );
    life.deploys("unchanged");

    life.project.edit(
        template,
        "MessageRetentionPeriod: 3600",
        "MessageRetentionPeriod: 7200",
    );
    assert_eq!(
        life.deploys("succeeded")
            .stack_result("messages")
            .as_deref(),
        Some("updated")
    );
    let url = life.output("messages", "QueueUrl");
    let queue = url.rsplit('/').next().unwrap();
    assert_eq!(life.attribute(queue, "MessageRetentionPeriod"), "7200");

    let good = life.project.read(template);
    life.project
        .edit(template, "\nOutputs:", &format!("{NEVER}\nOutputs:"));
    life.fails(1, &["Never", "timed out", "UPDATE_ROLLBACK_COMPLETE"]);
    life.project.write(template, &good);
    life.deploys("unchanged");
    life.ends();
}

#[test]
fn first_deploy_that_fails() {
    let life = Life::of("minimal");
    let template = "stacks/messages/template.yaml";
    let good = life.project.read(template);
    life.project
        .edit(template, "\nOutputs:", &format!("{NEVER}\nOutputs:"));
    let done = life
        .project
        .deploy()
        .run()
        .expect_code(1)
        .expect_outcome("failed");
    assert!(done.stdout.contains("ROLLBACK_COMPLETE"), "{done}");
    assert_eq!(life.count("queues"), 0, "{done}");
    // What is left of it, a stack that cannot be updated, is in nobody's way.
    life.project.write(template, &good);
    assert_eq!(
        life.deploys("succeeded")
            .stack_result("messages")
            .as_deref(),
        Some("created")
    );
    life.ends();
}

#[test]
fn a_single_function() {
    let life = Life::of("greeter");
    let main = "handlers/greeter/src/main.rs";
    let http = Http::new();
    life.deploys("succeeded");
    let url = format!("{}/greeting", life.output("greeting", "Url"));
    let greeting = || http.get(&url).expect(200).body;
    assert_eq!(greeting(), "hello");
    life.deploys("unchanged");

    life.project.edit(main, "\"hello\"", "\"good morning\"");
    let done = life.deploys("succeeded");
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
    assert_eq!(greeting(), "good morning");

    let good = life.project.read(main);
    life.project.edit(main, "&str = \"good", "&u8 = \"good");
    life.fails(4, &["does not compile", "mismatched types"]);
    assert_eq!(greeting(), "good morning");
    life.project.write(main, &good);
    life.deploys("unchanged");
    life.ends();
}

#[test]
fn nested_stacks() {
    let life = Life::of("nested");
    let store = "stacks/app/store.yaml";
    life.deploys("succeeded");
    let queue = life.output("app", "QueueName");
    assert_eq!(life.attribute(&queue, "MessageRetentionPeriod"), "3600");
    let stacks = life.emulator.inventory()["stacks"]
        .as_object()
        .unwrap()
        .len();
    assert_eq!(stacks, 3, "one and the two in it");
    life.deploys("unchanged");

    // Its own template is as before: the nested one has another content and so another place.
    life.project.edit(store, "!Ref Retention", "7200");
    assert_eq!(
        life.deploys("succeeded").stack_result("app").as_deref(),
        Some("updated")
    );
    assert_eq!(life.attribute(&queue, "MessageRetentionPeriod"), "7200");

    let bell = "stacks/app/bell.yaml";
    let good = life.project.read(bell);
    life.project.write(bell, &format!("{good}{NEVER}"));
    life.fails(1, &["Bell", "timed out"]);
    life.project.write(bell, &good);
    life.deploys("unchanged");
    assert_eq!(life.attribute(&queue, "MessageRetentionPeriod"), "7200");

    let good = life.project.read(store);
    // A mistake in it is told before anything is deployed, with the place in its file.
    life.project
        .edit(store, "!GetAtt Queue.Arn", "!GetAtt Queu.Arn");
    let done = life.project.deploy().run().expect_code(4);
    done.expect_stderr(&["stacks/app/store.yaml:15:", "Queu"]);
    life.project.write(store, &good);
    life.ends();
}

#[test]
fn exports_and_imports() {
    let life = Life::of("exports");
    let owner = "stacks/owner/template.yaml";
    life.deploys("succeeded");
    life.deploys("unchanged");

    // Outputs alone are a change.
    life.project.edit(
        owner,
        "Outputs:\n",
        "Outputs:\n  QueueName:\n    Value: !GetAtt Queue.QueueName\n",
    );
    let done = life.deploys("succeeded");
    assert_eq!(
        done.stack_result("owner").as_deref(),
        Some("updated"),
        "{done}"
    );
    assert_eq!(
        done.stack_result("user").as_deref(),
        Some("unchanged"),
        "{done}"
    );
    let queue = life.output("owner", "QueueName");
    assert_eq!(life.attribute(&queue, "MessageRetentionPeriod"), "3600");

    // Somebody imports it: a guard says so, or CloudFormation does and rolls back.
    let good = life.project.read(owner);
    life.project
        .edit(owner, "    Export:\n      Name: exports-queue\n", "");
    let before = life.holds();
    let done = life.project.deploy().run();
    assert!(matches!(done.code(), Some(1 | 3)), "{done}");
    assert_eq!(life.holds(), before, "{done}");
    life.project.write(owner, &good);
    life.deploys("unchanged");
    // The importer goes first.
    life.ends();
}

#[test]
fn modules_and_loops() {
    let life = Life::of("loops");
    let project = "shopctl.yaml";
    life.deploys("succeeded");
    assert_eq!((life.count("topics"), life.count("queues")), (2, 4));
    life.deploys("unchanged");

    // One round more of the loop, and one in the middle less.
    life.project
        .edit(project, "[north, south]", "[north, east, west]");
    assert_eq!(
        life.deploys("succeeded").stack_result("fleet").as_deref(),
        Some("updated")
    );
    let topics = life.emulator.inventory()["topics"].take();
    let names: Vec<&str> = topics
        .as_array()
        .unwrap()
        .iter()
        .map(|arn| arn.as_str().unwrap().rsplit('-').next().unwrap())
        .collect();
    assert_eq!(names, ["east", "north", "west"]);
    life.project
        .edit("stacks/modules/worker.yaml", "Default: 5", "Default: 6");
    life.deploys("succeeded");
    let queue = life.output("fleet", "OrdersQueue");
    let policy = life.attribute(&queue, "RedrivePolicy");
    assert!(
        policy.as_str().unwrap().contains("\"maxReceiveCount\": 6")
            || policy.as_str().unwrap().contains("\"maxReceiveCount\":6"),
        "{policy}"
    );

    let good = life.project.read("stacks/modules/worker.yaml");
    life.project.edit(
        "stacks/modules/worker.yaml",
        "\nOutputs:",
        &format!("{NEVER}\nOutputs:"),
    );
    life.fails(1, &["Never", "timed out"]);
    life.project.write("stacks/modules/worker.yaml", &good);
    life.deploys("unchanged");
    life.ends();
}

#[test]
fn a_custom_resource() {
    let life = Life::of("custom");
    let template = "stacks/seeded/template.yaml";
    life.deploys("succeeded");
    assert_eq!(life.output("seeded", "Seeded"), "3 rows");
    life.deploys("unchanged");

    life.project.edit(template, "Rows: 3", "Rows: 7");
    life.deploys("succeeded");
    assert_eq!(life.output("seeded", "Seeded"), "7 rows");

    // It says itself why not, and is asked for the old rows again.
    life.project.edit(template, "Rows: 7", "Rows: 30");
    life.fails(1, &["Seed", "30 rows are too many, 10 is the most"]);
    assert_eq!(life.output("seeded", "Seeded"), "7 rows");
    life.project.edit(template, "Rows: 30", "Rows: 7");
    life.deploys("unchanged");
    life.ends();
}

#[test]
fn hooks_run_around_a_deploy_and_a_teardown() {
    let life = Life::of("minimal");
    let project = &life.project;
    let file = project.read("shopctl.yaml");
    let hooks = "
hooks:
  beforeDeploy: [sh, -c, 'test ! -e stop && echo before $SHOPCTL_ENV >> heard']
  afterDeploy: [sh, -c, 'cp $SHOPCTL_OUTPUTS outputs.json; echo $SHOPCTL_OUTCOME >> heard; test ! -e unwell']
  beforeTeardown: [sh, -c, 'echo $SHOPCTL_HOOK >> heard']
  afterTeardown: [sh, -c, 'echo gone >> heard']
";
    project.write("shopctl.yaml", &format!("{file}{hooks}"));
    project.write("stop", "");
    life.fails(1, &["hook 'beforeDeploy'", "failed (exit status: 1)"]);
    std::fs::remove_file(project.root().join("stop")).unwrap();

    life.deploys("succeeded");
    let outputs: Value = serde_json::from_str(&project.read("outputs.json")).unwrap();
    let url = life.output("messages", "QueueUrl");
    assert_eq!(outputs["messages"]["QueueUrl"], json!(url));

    project.write("unwell", "");
    life.fails(1, &["hook 'afterDeploy'", "it wrote nothing"]);
    let heard = project.read("heard");
    assert_eq!(heard, "before local\nsucceeded\nbefore local\nunchanged\n");
    let root = project.root().to_path_buf();
    let done = project.teardown().run().expect_code(0);
    let heard = std::fs::read_to_string(root.join("heard")).unwrap();
    assert!(heard.ends_with("beforeTeardown\ngone\n"), "{heard}\n{done}");
    life.ends_as("unchanged");
}

#[test]
fn the_local_cloud_starts_while_handlers_compile() {
    let project = TestProject::small("greeter");
    let done = project.deploy().run().expect_code(0);
    let place = |kind: &str, phase: &str| {
        let events = done.events();
        let found = events
            .iter()
            .position(|event| event["type"] == kind && event["phase"] == phase);
        found.unwrap_or_else(|| panic!("no {kind} of {phase}\n{done}"))
    };
    for (one, other) in [("local_cloud", "build"), ("build", "local_cloud")] {
        assert!(
            place("phase_started", one) < place("phase_finished", other),
            "{one} waits for {other}\n{done}"
        );
    }
    project.teardown().run().expect_code(0);
}
