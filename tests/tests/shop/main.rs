//! The shop of this repository, from nothing to nothing: deployed, used as a customer does,
//! changed, and taken down. One test, because one deployed shop serves all its steps.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod access;
mod after;
mod books;
mod browser;
mod bus;
mod catalogue;
mod changes;
mod consumers;
mod crowd;
mod customer;
mod delivery;
mod life;
mod listener;
mod orders;
mod page;
mod payment;
mod platform;
mod roles;
mod shaken;
mod shaker;
mod spare;
mod unwritten;
mod users;
mod warehouse;

use std::time::Duration;

use serde_json::Value;
use shopctl_tests::{Emulator, Http, TestProject};

/// Compiling the handlers from nothing takes a few minutes.
const COLD: Duration = Duration::from_secs(1500);

/// A shop that is deployed.
struct Shop {
    project: TestProject,
    http: Http,
    emulator: Emulator,
    status: Value,
}

impl Shop {
    fn url(&self, name: &str) -> &str {
        self.status["urls"][name].as_str().unwrap()
    }

    /// A URL of the API.
    fn api(&self, path: &str) -> String {
        format!("{}{path}", self.url("api"))
    }

    /// A URL of the site.
    fn site(&self, path: &str) -> String {
        format!("{}{path}", self.url("site").trim_end_matches('/'))
    }

    fn output(&self, stack: &str, output: &str) -> &str {
        let stacks = self.status["stacks"].as_array().unwrap();
        let stack = stacks.iter().find(|s| s["name"] == stack).unwrap();
        stack["outputs"][output].as_str().unwrap()
    }
}

#[test]
fn the_shop_is_deployed_used_changed_and_taken_down() {
    let project = TestProject::shop();
    let nothing = nothing_is_deployed(&project);

    let deployed = project.deploy().within(COLD).run();
    let deployed = deployed.expect_code(0).expect_outcome("succeeded");
    step("deployed", deployed.took);

    let shop = Shop {
        http: Http::new(),
        emulator: project.emulator(),
        status: project.status(),
        project,
    };
    status_keeps_its_contract(&shop);
    roles::policies_are_enforced(&shop);
    page::page_is_served(&shop);
    let bus = bus::Tap::open(&shop);
    orders::catalogue_is_public(&shop);
    catalogue::administrators_run_the_catalogue(&shop, &bus);
    catalogue::stock_is_shown(&shop);
    users::everybody_has_a_profile(&shop, &bus);
    users::administrators_give_roles(&shop);
    platform::administrators_look_into_the_tables(&shop);
    platform::parts_are_found_by_name(&shop);
    orders::orders_are_placed(&shop);
    payment::provider_holds_money(&shop);
    payment::payment_follows_its_order(&shop, &bus);
    listener::developers_hear_what_the_services_tell(&shop);
    delivery::delivery_is_priced(&shop);
    delivery::package_reaches_its_customer(&shop, &bus);
    warehouse::stock_is_kept_and_orders_are_packed(&shop, &bus);
    life::orders_live_and_end(&shop);
    after::what_comes_after_the_end(&shop, &bus);
    access::everybody_may_do_what_the_documents_say(&shop);
    shaken::every_consumer_bears_everything_twice_and_in_any_order(&shop);
    let mut refused = unwritten::orders_come_from_the_queue_when_the_table_is_down(&shop);
    bus.is_as_documented();
    drop(bus);
    crowd::a_crowd_buys_what_there_is(&shop);
    refused.extend(roles::producers_publish_as_themselves_only(&shop));
    refused.push(roles::a_role_that_lacks_something_is_noticed(&shop));
    roles::roles_suffice(&shop, &refused);
    changes::second_deploy_changes_nothing(&shop);
    browser::customer_walks_through(&shop);
    changes::changed_handler_redeploys_its_own_stack(&shop);
    changes::changed_page_uploads_what_changed(&shop);
    taken_down(shop, &nothing);
}

/// Before the first deploy there is nothing, which is no failure; answers the document.
fn nothing_is_deployed(project: &TestProject) -> Value {
    let status = project.run(&["status", "--env", "local", "--output", "json"]);
    let status = status.json();
    for (field, value) in [
        ("version", Value::from(1)),
        ("project", Value::from("shop")),
        ("environment", Value::from("local")),
        ("healthy", Value::from(false)),
        ("stacks", Value::Array(Vec::new())),
        ("urls", Value::Object(serde_json::Map::new())),
    ] {
        assert_eq!(status[field], value, "{field} of {status}");
    }
    status
}

fn status_keeps_its_contract(shop: &Shop) {
    let status = &shop.status;
    assert_eq!(status["version"], 1);
    assert_eq!(status["project"], "shop");
    assert_eq!(status["environment"], "local");
    assert_eq!(status["healthy"], true, "{status}");
    let names: Vec<&str> = status["stacks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stack| {
            let name = stack["name"].as_str().unwrap();
            assert_eq!(stack["stackName"], format!("shop-local-{name}"));
            assert_eq!(stack["status"], "CREATE_COMPLETE", "{stack}");
            assert!(stack["resources"].as_u64().unwrap() > 0, "{stack}");
            assert!(stack["outputs"].is_object(), "{stack}");
            name
        })
        .collect();
    for stack in [
        "platform",
        "accounts",
        "identity",
        "api",
        "users",
        "products",
        "orders",
        "notifications",
        "payment-3p",
        "payment",
        "delivery-pricing",
        "delivery",
        "network",
        "database",
        "inventory",
        "sales-report",
        "listener",
        "site",
        "admin",
        "stage",
        "discovery",
    ] {
        assert!(names.contains(&stack), "{stack} is missing in {names:?}");
    }
    assert_eq!(status["unknown"], Value::Null, "{status}");
    for kind in ["functions", "alarms"] {
        assert!(status[kind].as_array().unwrap().len() >= 6, "{status}");
    }
    for url in ["site", "api"] {
        assert!(shop.url(url).starts_with("http://"), "{status}");
    }
}

fn taken_down(shop: Shop, nothing: &Value) {
    let Shop {
        project, emulator, ..
    } = shop;
    let done = project.teardown().run().expect_code(0);
    step("taken down", done.took);
    let finished = done.expect_outcome("succeeded").finished();
    assert_eq!(finished["left"], Value::Array(Vec::new()), "{finished}");
    assert_eq!(
        emulator.inventory(),
        serde_json::json!({}),
        "left in the local cloud"
    );
    assert_eq!(&nothing_is_deployed(&project), nothing);

    let again = project.teardown().run().expect_code(0);
    again.expect_outcome("unchanged");

    let back = project.deploy().run().expect_code(0);
    step("deployed again", back.expect_outcome("succeeded").took);
    // The local cloud gives what it makes again the names of before, so that an alarm may hear of an
    // error of the minute before the teardown.
    shopctl_tests::eventually_right("the shop that is there again is healthy", || {
        let status = project.status();
        if status["healthy"] == true {
            Ok(())
        } else {
            Err(status)
        }
    });
}

/// Says how long a step took, for whoever reads the log.
fn step(what: &str, took: Duration) {
    eprintln!("shop: {what} after {:.1} s", took.as_secs_f32());
}
