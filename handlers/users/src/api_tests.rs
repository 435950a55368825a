//! The routes against a table and a user pool in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use serde_json::{Value, json};
use shop_core::testing::{Endpoint, Role, table};

use super::*;
use crate::fake::{FakeWorld, profile};
use crate::groups::Groups;

/// Everybody of the roles has an account and a profile, and there is one more customer and one
/// more administrator.
fn world() -> FakeWorld {
    let names = ["customer", "warehouse", "delivery", "admin", "anna", "boss"];
    let world = FakeWorld::with(names.map(profile));
    for (name, group) in [
        ("warehouse", "warehouse"),
        ("delivery", "delivery"),
        ("admin", "admin"),
        ("boss", "admin"),
    ] {
        let groups = Groups::from([group.to_owned()]);
        world.accounts.borrow_mut().insert(name.to_owned(), groups);
    }
    world
}

async fn ask(world: &FakeWorld, role: Role, endpoint: &Endpoint) -> (u16, Value, Option<String>) {
    match answer(world, world, &endpoint.request(role), now()).await {
        Ok(answer) => {
            let body = serde_json::from_str(answer.body()).unwrap_or(Value::Null);
            let etag = answer.header("etag").map(str::to_owned);
            (answer.status(), body, etag)
        }
        Err(Refusal::Problem(problem)) => {
            let status = problem.status;
            (status, serde_json::to_value(problem).unwrap(), None)
        }
        Err(Refusal::Unexpected(error)) => (500, json!(error.to_string()), None),
    }
}

async fn status(world: &FakeWorld, role: Role, endpoint: &Endpoint) -> u16 {
    ask(world, role, endpoint).await.0
}

fn good(route_key: &str) -> Endpoint {
    let endpoint = Endpoint::new(route_key).path("username", "anna");
    match route_key {
        "PUT /api/users/me" => endpoint.body(json!({"username": "somebody"})),
        "PUT /api/users/{username}/groups" => endpoint.body(json!({"groups": ["delivery"]})),
        _ => endpoint,
    }
}

fn put_me(body: Value) -> Endpoint {
    Endpoint::new("PUT /api/users/me").body(body)
}

fn groups_of(name: &str, groups: &[&str]) -> Endpoint {
    Endpoint::new("PUT /api/users/{username}/groups")
        .path("username", name)
        .body(json!({ "groups": groups }))
}

#[tokio::test]
async fn everybody_has_his_own_and_administrators_have_all() {
    let own = Endpoint::new("GET /api/users/{username}").path("username", "customer");
    let mut endpoints: Vec<_> = ROUTES.iter().map(|(key, _)| good(key)).collect();
    endpoints.push(own);
    let text = table(&endpoints, async |_, request| {
        let world = world();
        answer(&world, &world, &request, now()).await
    })
    .await;
    insta::assert_snapshot!(text, @r"
                                      nobody  customer  warehouse  delivery  admin
    GET /api/users/me                 401     200       200        200       200
    PUT /api/users/me                 401     200       200        200       200
    DELETE /api/users/me              401     204       204        204       204
    GET /api/users                    401     403       403        403       200
    GET /api/users/{username}         401     403       403        403       200
    DELETE /api/users/{username}      401     403       403        403       204
    GET /api/users/{username}/groups  401     403       403        403       200
    PUT /api/users/{username}/groups  401     403       403        403       200
    GET /api/users/{username}         401     200       403        403       200
    ");
}

#[tokio::test]
async fn the_first_request_makes_the_profile_and_the_next_ones_find_it() {
    let world = FakeWorld::default();
    let me = Endpoint::new("GET /api/users/me");
    let (created, profile, etag) = ask(&world, Role::Customer, &me).await;
    assert_eq!((created, etag.as_deref()), (200, Some("\"1\"")));
    assert_eq!(profile["username"], "customer");
    assert_eq!(profile["email"], "customer@example.com");
    assert_eq!(profile["addresses"], json!([]));
    // The user pool says so at the same time: both find the same.
    let again = ask(&world, Role::Customer, &me).await;
    assert_eq!(again.1, profile);
}

#[tokio::test]
async fn a_profile_that_another_request_makes_at_the_same_time_is_found() {
    let world = FakeWorld::with([profile("customer")]);
    let newcomer = Newcomer {
        user_id: "customer".to_owned(),
        email: "customer@example.com".to_owned(),
        username: None,
        full_name: None,
    };
    let found = enrol(&world, &newcomer, now()).await.unwrap();
    assert_eq!(found, profile("customer"));
}

#[tokio::test]
async fn an_address_that_was_changed_in_the_pool_moves_with_its_guard() {
    let old = Profile {
        email: "old@example.com".to_owned(),
        ..profile("customer")
    };
    let world = FakeWorld::with([old]);
    let (_, profile, _) = ask(&world, Role::Customer, &Endpoint::new("GET /api/users/me")).await;
    assert_eq!(profile["email"], "customer@example.com");
    assert_eq!(
        world.guarded(),
        ["username/customer", "email/customer@example.com"]
    );
}

#[tokio::test]
async fn a_profile_is_written_as_a_whole() {
    let world = world();
    let body = json!({
        "username": "Berg", "fullName": "Anna Berg",
        "addresses": [{
            "label": "home", "name": "Anna Berg", "street": "Seestraße 12", "city": "Lindau",
            "postalCode": "88131", "country": "de",
        }],
    });
    let (written, profile, etag) = ask(&world, Role::Customer, &put_me(body)).await;
    assert_eq!((written, etag.as_deref()), (200, Some("\"2\"")));
    assert_eq!(profile["username"], "berg");
    assert_eq!(profile["addresses"][0]["default"], true);
    assert_eq!(profile["addresses"][0]["country"], "DE");
    let by_name = Endpoint::new("GET /api/users/{username}");
    let found = ask(
        &world,
        Role::Customer,
        &by_name.clone().path("username", "BERG"),
    )
    .await;
    assert_eq!(found.1, profile);
    let old_name = by_name.path("username", "customer");
    assert_eq!(status(&world, Role::Admin, &old_name).await, 404);
}

#[tokio::test]
async fn what_somebody_has_nobody_else_gets() {
    let world = world();
    let (taken, problem, _) =
        ask(&world, Role::Customer, &put_me(json!({"username": "Anna"}))).await;
    assert_eq!(taken, 409);
    assert_eq!(problem["errors"][0]["pointer"], "/username");
}

#[tokio::test]
async fn g27_an_address_twice_is_a_conflict() {
    // The pool has it once, so the other profile is a leftover.
    let leftover = Profile {
        email: "customer@example.com".to_owned(),
        ..profile("leftover")
    };
    let world = FakeWorld::with([leftover]);
    let (taken, problem, _) =
        ask(&world, Role::Customer, &Endpoint::new("GET /api/users/me")).await;
    assert_eq!(
        (taken, &problem["errors"][0]["pointer"]),
        (409, &json!("/email"))
    );
}

#[tokio::test]
async fn of_two_writers_the_later_one_has_to_look_again() {
    let world = world();
    let put = put_me(json!({"username": "first"})).header("if-match", "\"1\"");
    assert_eq!(status(&world, Role::Customer, &put).await, 200);
    let late = put_me(json!({"username": "second"})).header("if-match", "\"1\"");
    assert_eq!(status(&world, Role::Customer, &late).await, 412);
    world.overtaken.set(true);
    let blind = put_me(json!({"username": "third"}));
    assert_eq!(status(&world, Role::Customer, &blind).await, 412);
}

#[tokio::test]
async fn a_deleted_user_leaves_nothing_behind_and_does_not_come_back() {
    let world = world();
    let delete = Endpoint::new("DELETE /api/users/me");
    assert_eq!(status(&world, Role::Customer, &delete).await, 204);
    assert!(!world.accounts.borrow().contains_key("customer"));
    assert!(
        world
            .guarded()
            .iter()
            .all(|guard| !guard.contains("customer"))
    );
    // A token lives for an hour after that.
    let me = Endpoint::new("GET /api/users/me");
    assert_eq!(status(&world, Role::Customer, &me).await, 404);
    assert_eq!(
        status(
            &world,
            Role::Customer,
            &put_me(json!({"username": "again"}))
        )
        .await,
        404
    );
    assert_eq!(
        status(&world, Role::Customer, &delete).await,
        204,
        "a repeated request"
    );
    // The name is free again.
    assert_eq!(
        status(
            &world,
            Role::Delivery,
            &put_me(json!({"username": "customer"}))
        )
        .await,
        200
    );
}

#[tokio::test]
async fn whoever_never_saw_his_profile_does_not_come_back_either() {
    let world = FakeWorld::with([profile("boss")]);
    let account = Groups::default();
    world
        .accounts
        .borrow_mut()
        .insert("customer".to_owned(), account);
    let delete = Endpoint::new("DELETE /api/users/me");
    for _ in 0..2 {
        assert_eq!(status(&world, Role::Customer, &delete).await, 204);
    }
    let me = Endpoint::new("GET /api/users/me");
    assert_eq!(status(&world, Role::Customer, &me).await, 404);
}

#[tokio::test]
async fn a_deletion_that_stopped_half_way_is_finished_by_asking_again() {
    for broken in [true, false] {
        let world = world();
        let delete = Endpoint::new("DELETE /api/users/{username}").path("username", "anna");
        if broken {
            world.pool_down.set(true);
            assert_eq!(status(&world, Role::Admin, &delete).await, 500);
            world.pool_down.set(false);
        } else {
            world.overtaken.set(true);
            assert_eq!(status(&world, Role::Admin, &delete).await, 412);
            assert!(
                !world.accounts.borrow().contains_key("anna"),
                "nobody can log in any more"
            );
        }
        assert_eq!(status(&world, Role::Admin, &delete).await, 204);
        assert!(world.guarded().iter().all(|guard| !guard.contains("anna")));
    }
}

#[tokio::test]
async fn roles_are_given_and_taken() {
    let world = world();
    let groups = |name: &str| world.accounts.borrow()[name].clone();
    let given = ask(
        &world,
        Role::Admin,
        &groups_of("anna", &["warehouse", "delivery"]),
    )
    .await;
    assert_eq!(
        (given.0, given.1),
        (200, json!({"groups": ["delivery", "warehouse"]}))
    );
    assert_eq!(groups("anna").len(), 2);
    let read = Endpoint::new("GET /api/users/{username}/groups").path("username", "anna");
    assert_eq!(
        ask(&world, Role::Admin, &read).await.1["groups"],
        json!(["delivery", "warehouse"])
    );
    assert_eq!(
        status(&world, Role::Admin, &groups_of("anna", &["delivery"])).await,
        200
    );
    assert_eq!(groups("anna"), Groups::from(["delivery".to_owned()]));
    assert_eq!(
        status(&world, Role::Admin, &groups_of("anna", &["root"])).await,
        422
    );
    assert_eq!(
        status(&world, Role::Admin, &groups_of("nobody", &[])).await,
        404
    );
    world.accounts.borrow_mut().remove("anna");
    assert_eq!(
        status(&world, Role::Admin, &groups_of("anna", &[])).await,
        409
    );
}

#[tokio::test]
async fn one_administrator_stays() {
    let world = world();
    assert_eq!(
        status(&world, Role::Admin, &groups_of("boss", &[])).await,
        200
    );
    let delete_me = Endpoint::new("DELETE /api/users/me");
    let delete = Endpoint::new("DELETE /api/users/{username}").path("username", "admin");
    for last in [&groups_of("admin", &["warehouse"]), &delete_me, &delete] {
        let (status, problem, _) = ask(&world, Role::Admin, last).await;
        assert_eq!(
            (status, &problem["detail"]),
            (409, &json!("this is the last administrator"))
        );
    }
    assert!(world.accounts.borrow()["admin"].contains("admin"));
    // With another one the way is free, and nothing of the refusals is left in it.
    assert_eq!(
        status(&world, Role::Admin, &groups_of("anna", &["admin"])).await,
        200
    );
    assert_eq!(status(&world, Role::Admin, &delete_me).await, 204);
}

#[tokio::test]
async fn two_administrators_do_not_take_the_role_from_each_other_at_the_same_time() {
    let world = world();
    assert!(world.lock(now()).await.unwrap());
    assert_eq!(
        status(&world, Role::Admin, &groups_of("boss", &[])).await,
        503
    );
    world.unlock().await.unwrap();
    assert_eq!(
        status(&world, Role::Admin, &groups_of("boss", &[])).await,
        200
    );
}

#[tokio::test]
async fn users_are_listed_page_by_page() {
    let world = world();
    let mut names = Vec::new();
    let mut endpoint = Endpoint::new("GET /api/users").query("limit", 4);
    loop {
        let page = ask(&world, Role::Admin, &endpoint).await.1;
        for user in page["users"].as_array().unwrap() {
            names.push(user["username"].as_str().unwrap().to_owned());
        }
        match page["nextToken"].as_str() {
            Some(token) => endpoint = endpoint.query("nextToken", token),
            None => break,
        }
    }
    assert_eq!(
        names,
        ["admin", "anna", "boss", "customer", "delivery", "warehouse"]
    );
}
