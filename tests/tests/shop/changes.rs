//! Deploys after the first one: nothing, a handler, a file of the page.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{COLD, Shop, step};

pub(crate) fn second_deploy_changes_nothing(shop: &Shop) {
    let before = shop.emulator.inventory();
    let operations = operations(shop);
    let done = shop.project.deploy().run().expect_code(0);
    let done = done.expect_outcome("unchanged");
    step("nothing changed", done.took);
    assert_eq!(done.events_of("stack_started"), Vec::<Value>::new());
    assert_eq!(done.events_of("resource_changed"), Vec::<Value>::new());
    assert_eq!(shop.emulator.inventory(), before);
    assert_eq!(
        self::operations(shop),
        operations,
        "events in CloudFormation"
    );
    for (stack, sets) in change_sets(shop) {
        assert!(sets <= 1, "{stack} had {sets} change sets");
    }
}

pub(crate) fn changed_handler_redeploys_its_own_stack(shop: &Shop) {
    let file = "handlers/orders/src/main.rs";
    let source = shop.project.read(file);
    // Text that gets into the binary.
    let added = "\n#[used]\nstatic CHANGED: &str = \"changed by a test\";\n";
    shop.project.write(file, &format!("{source}{added}"));
    let before = operations(shop);
    let done = shop.project.deploy().within(COLD).run().expect_code(0);
    let done = done.expect_outcome("succeeded");
    step("a handler changed", done.took);
    assert_eq!(
        done.stack_result("orders").as_deref(),
        Some("updated"),
        "{done}"
    );
    let touched: Vec<Value> = done
        .events_of("stack_started")
        .iter()
        .map(|event| event["stack"].clone())
        .collect();
    assert_eq!(touched, ["orders"], "{done}");
    for (stack, newest) in operations(shop) {
        let touched = newest != before[&stack];
        assert_eq!(touched, stack == "shop-local-orders", "{stack}");
    }
    shop.http.get(&shop.api("/products?limit=1")).expect(200);
    shop.project.write(file, &source);
}

pub(crate) fn changed_page_uploads_what_changed(shop: &Shop) {
    // The handler is as before again, so that this deploy shows the page alone.
    shop.project.deploy().within(COLD).run().expect_code(0);
    let bucket = shop.output("site", "BucketName");
    let before = objects(shop, bucket);
    shop.project.edit(
        "frontend/index.html",
        "</head>",
        "<meta name=\"changed\" content=\"yes\" /></head>",
    );
    let done = shop.project.deploy().run().expect_code(0);
    let done = done.expect_outcome("succeeded");
    step("the page changed", done.took);
    assert_eq!(
        done.events_of("stack_started"),
        Vec::<Value>::new(),
        "{done}"
    );
    let after = objects(shop, bucket);
    let changed: Vec<&String> = after
        .iter()
        .filter(|(key, written)| before.get(*key) != Some(written))
        .map(|(key, _)| key)
        .collect();
    let forms = ["index.html", "index.html.br", "index.html.gz"];
    assert_eq!(changed, forms, "{done}");
    let page = shop.http.get(shop.url("site")).expect(200);
    assert!(page.body.contains("name=\"changed\""), "{}", page.body);
}

/// Keys of a bucket with the time of their last write.
fn objects(shop: &Shop, bucket: &str) -> BTreeMap<String, String> {
    let listing = shop
        .emulator
        .call("s3", "list_objects_v2", &json!({"Bucket": bucket}));
    listing["Contents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| (text(&object["Key"]), text(&object["LastModified"])))
        .collect()
}

/// How many events CloudFormation has for each stack.
/// The newest event of each stack: another one when anything was done to it. Counting them would
/// not do, because an answer has a hundred at most.
fn operations(shop: &Shop) -> BTreeMap<String, Value> {
    per_stack(shop, "describe_stack_events", |answer| {
        answer["StackEvents"][0]["EventId"].clone()
    })
}

fn change_sets(shop: &Shop) -> BTreeMap<String, usize> {
    per_stack(shop, "list_change_sets", |answer| {
        answer["Summaries"].as_array().unwrap().len()
    })
}

fn per_stack<T>(shop: &Shop, operation: &str, told: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    let stacks = shop.status["stacks"].as_array().unwrap();
    let of_stack = |stack: &Value| {
        let name = text(&stack["stackName"]);
        let answer = shop
            .emulator
            .call("cloudformation", operation, &json!({"StackName": name}));
        (name, told(&answer))
    };
    stacks.iter().map(of_stack).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
