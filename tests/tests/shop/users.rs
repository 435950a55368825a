//! Profiles, unique names, address books, roles, and what is left of somebody who goes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::Shop;
use crate::bus::Tap;
use crate::customer::{Customer, log_in, try_sign_up};
use crate::orders::problem;

const ME: &str = "/api/users/me";

pub(crate) fn everybody_has_a_profile(shop: &Shop, bus: &Tap<'_>) {
    shop.http.get(&shop.site(ME)).expect(401);
    let cleo = Customer::sign_up(shop, "Cleo.Vane@example.com");
    let answer = cleo.get(ME).expect(200);
    assert_eq!(answer.header("etag"), "\"1\"");
    let profile = answer.json();
    assert_eq!(profile["username"], "cleo.vane");
    assert_eq!(profile["email"], "cleo.vane@example.com");
    let user_id = profile["userId"].as_str().unwrap();
    let told = bus.event("UserCreated", user_id);
    let public = json!({
        "userId": user_id, "email": "cleo.vane@example.com", "username": "cleo.vane",
    });
    assert_eq!(told["detail"], public);

    let address = |label: &str| {
        json!({
            "label": label, "name": "Cleo Vane", "street": "Seestraße 12", "city": "Lindau",
            "postalCode": "88131", "country": "de",
        })
    };
    let book = json!({
        "username": "Cleo", "fullName": "Cleo Vane",
        "addresses": [address("home"), address("office")],
    });
    let put = |who: &Customer<'_>, body: &Value| who.send(Method::PUT, ME, &[], Some(body));
    let written = put(&cleo, &book).expect(200).json();
    assert_eq!(written["addresses"][0]["default"], true);
    assert_eq!(written["addresses"][1]["country"], "DE");
    assert_eq!(cleo.get("/api/users/CLEO").expect(200).json(), written);
    let eleven: Vec<_> = (0..11).map(|n| address(&n.to_string())).collect();
    problem(
        put(&cleo, &json!({"username": "cleo", "addresses": eleven})),
        422,
    );
    problem(
        put(&cleo, &json!({"username": "cleo", "groups": ["admin"]})),
        400,
    );

    // Nobody else gets her name or address, neither at the sign-up nor later.
    for (email, username, said) in [
        ("CLEO.vane@example.com", None, "account"),
        (
            "dora@example.com",
            Some("Cleo"),
            "the username cleo is taken",
        ),
        (
            "dora@example.com",
            Some("me"),
            "a username has 3 to 30 characters",
        ),
    ] {
        let refused = try_sign_up(shop, email, username).expect(400);
        let refused = refused.body.to_lowercase();
        assert!(
            refused.contains(said) || refused.contains("already exists"),
            "{refused}"
        );
    }
    let dora = Customer::sign_up(shop, "dora@example.com");
    let taken = problem(put(&dora, &json!({"username": "cleo"})), 409);
    assert_eq!(taken["errors"][0]["pointer"], "/username");
    // Whether there is such a user is nobody else's business.
    problem(dora.get("/api/users/cleo"), 403);
    problem(dora.get("/api/users/nobody-of-that-name"), 403);

    cleo.send(Method::DELETE, ME, &[], None).expect(204);
    assert_eq!(log_in(shop, &cleo.email), None, "the account is gone");
    problem(cleo.get(ME), 404);
    assert_eq!(
        bus.event("UserDeleted", user_id)["detail"]["username"],
        "cleo"
    );
    // Name and address are free again.
    assert_eq!(
        put(&dora, &json!({"username": "cleo"})).expect(200).json()["username"],
        "cleo"
    );
    let again = Customer::sign_up(shop, "cleo.vane@example.com");
    assert_eq!(again.get(ME).expect(200).json()["username"], "cleo.vane");
}

pub(crate) fn administrators_give_roles(shop: &Shop) {
    let admin = Customer::returning(shop, "admin@shopctl.example");
    admin.get(ME).expect(200);
    let mut emma = Customer::sign_up(shop, "emma@example.com");
    emma.get(ME).expect(200);
    let groups = |who: &Customer<'_>, name: &str, groups: &[&str]| {
        let path = format!("/api/users/{name}/groups");
        who.send(Method::PUT, &path, &[], Some(&json!({ "groups": groups })))
    };
    problem(groups(&emma, "emma", &["admin"]), 403);
    problem(emma.get("/api/users"), 403);
    problem(groups(&admin, "emma", &["root"]), 422);
    problem(groups(&admin, "admin", &[]), 409);
    groups(&admin, "emma", &["admin", "delivery"]).expect(200);
    emma.log_in_again();
    let read = emma.get("/api/users/emma/groups").expect(200).json();
    assert_eq!(read["groups"], json!(["admin", "delivery"]));
    let page = emma.get("/api/users?limit=2").expect(200).json();
    assert_eq!(page["users"].as_array().unwrap().len(), 2, "{page}");
    assert!(page["nextToken"].is_string(), "{page}");
    groups(&admin, "emma", &[]).expect(200);
    admin
        .send(Method::DELETE, "/api/users/emma", &[], None)
        .expect(204);
    problem(admin.get("/api/users/emma"), 404);
    assert_eq!(log_in(shop, "emma@example.com"), None);
}
