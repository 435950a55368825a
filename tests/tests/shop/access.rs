//! Every endpoint and every role: who may do what is what the documents of the API say, and so is what
//! is answered.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::{Answer, checkout};

use crate::Shop;
use crate::customer::Customer;
use crate::orders::{all_products, order_of};

/// An order, a product and a user that do not exist.
const NO_ID: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";
const NOBODY: &str = "nobody-of-that-name";

/// Who asks. A service signs its requests, and has no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Nobody,
    Service,
    Customer,
    OtherCustomer,
    Warehouse,
    Delivery,
    Admin,
}

impl Role {
    const ALL: [(Role, &'static str); 7] = [
        (Role::Nobody, "nobody"),
        (Role::Service, "service"),
        (Role::Customer, "owner"),
        (Role::OtherCustomer, "other"),
        (Role::Warehouse, "warehouse"),
        (Role::Delivery, "delivery"),
        (Role::Admin, "admin"),
    ];
}

/// A route of a document.
struct Operation {
    /// As the gateway has it: method, space, path.
    key: String,
    method: Method,
    path: String,
    /// What the document says of it.
    document: Value,
    /// The parts that it refers to.
    components: Value,
}

pub(crate) fn everybody_may_do_what_the_documents_say(shop: &Shop) {
    let mut operations: Vec<_> = documents(shop).iter().flat_map(operations).collect();
    assert!(operations.len() > 50, "{} routes", operations.len());
    // Whoever leaves asks nothing afterwards.
    operations.sort_by_key(|it| it.key == "DELETE /api/users/me");
    let people = People::come(shop);
    let mut table = String::new();
    let mut faults = Vec::new();
    for operation in &operations {
        let _ = write!(table, "\n{:60}", operation.key);
        for (role, name) in Role::ALL {
            let answer = people.ask(shop, operation, role);
            let _ = write!(table, " {name} {:3} ", answer.status);
            let found = operation.check_access(role, name, answer.status);
            let found = found.and_then(|()| operation.check_answer(&answer));
            faults.extend(
                found
                    .err()
                    .map(|why| format!("{} by {name}: {why}", operation.key)),
            );
        }
    }
    assert!(faults.is_empty(), "{}\n{table}", faults.join("\n"));
}

/// The documents of this checkout as the site has them.
fn documents(shop: &Shop) -> Vec<Value> {
    let files = fs::read_dir(checkout().join("frontend/public/openapi")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names
        .map(|name| shop.http.get(&shop.site(&format!("/openapi/{name}"))))
        .map(|answer| answer.expect(200).json())
        .collect()
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            // What services call directly is no route.
            if path.starts_with("/api/") {
                let method = method.to_uppercase();
                found.push(Operation {
                    key: format!("{method} {path}"),
                    method: method.parse().unwrap(),
                    path: path.clone(),
                    document: operation.clone(),
                    components: document["components"].clone(),
                });
            }
        }
    }
    found
}

impl Operation {
    /// The roles of which one is needed; `None` when the route is open, none when an account is
    /// enough.
    fn roles(&self) -> Option<BTreeSet<&str>> {
        let ways = self.document["security"].as_array().unwrap();
        let roles = ways.iter().flat_map(|way| way["login"].as_array().unwrap());
        (!ways.is_empty()).then(|| roles.map(|role| role.as_str().unwrap()).collect())
    }

    fn check_access(&self, role: Role, name: &str, status: u16) -> Result<(), String> {
        let needed = self.roles();
        let documented = self.document["responses"].as_object().unwrap();
        let allowed = match (&needed, role) {
            (None, _) => true,
            (Some(_), Role::Nobody | Role::Service) => false,
            (Some(roles), _) => roles.is_empty() || roles.contains(name),
        };
        let refusal = match role {
            Role::Nobody | Role::Service => 401,
            _ if documented.contains_key("403") => 403,
            // Somebody else's does not exist.
            _ => 404,
        };
        match allowed {
            true if [401, 403].contains(&status) => Err(format!("refused with {status}")),
            false if status != refusal => Err(format!("answered with {status}")),
            _ => Ok(()),
        }
    }

    /// Whether status, type and body are as the document says.
    fn check_answer(&self, answer: &Answer) -> Result<(), String> {
        let status = answer.status;
        let mut said = &self.document["responses"][status.to_string()];
        if let Some(reference) = said["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            said = &self.components["responses"][name];
        }
        if said.is_null() {
            return Err(format!("{status} is not documented: {answer:?}"));
        }
        for (name, header) in said["headers"].as_object().into_iter().flatten() {
            if header["required"] == true && answer.header(&name.to_lowercase()).is_empty() {
                return Err(format!("{name} is missing: {answer:?}"));
            }
        }
        let Some(content) = said["content"].as_object() else {
            let empty = answer.body.is_empty();
            return empty.then_some(()).ok_or(format!("a body: {answer:?}"));
        };
        let kind = answer.header("content-type").split(';').next().unwrap();
        let Some(schema) = content.get(kind) else {
            return Err(format!("{kind:?} is not documented: {answer:?}"));
        };
        let mut schema = schema["schema"].clone();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("components".to_owned(), self.components.clone());
        }
        let judge = jsonschema::draft202012::new(&schema).map_err(|error| error.to_string())?;
        let errors: Vec<_> = judge
            .iter_errors(&answer.json())
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        match errors.is_empty() {
            true => Ok(()),
            false => Err(format!("{errors:?}: {answer:?}")),
        }
    }
}

/// One of each role, with accounts of their own, and an order of the customer's.
struct People<'a> {
    customer: Customer<'a>,
    other: Customer<'a>,
    warehouse: Customer<'a>,
    delivery: Customer<'a>,
    admin: Customer<'a>,
    order: String,
    username: String,
}

impl<'a> People<'a> {
    fn come(shop: &'a Shop) -> Self {
        let customer = Customer::sign_up(shop, "owner-of-all@example.com");
        let order = order_of(&[(&all_products(shop)[1], 1)]);
        let order = customer.order(&order, None).expect(202).json();
        let profile = customer.get("/api/users/me").expect(200).json();
        People {
            other: Customer::sign_up(shop, "other-one@example.com"),
            warehouse: Customer::staff(shop, "role-warehouse@example.com", "warehouse"),
            delivery: Customer::staff(shop, "role-delivery@example.com", "delivery"),
            admin: Customer::staff(shop, "role-admin@example.com", "admin"),
            order: order["orderId"].as_str().unwrap().to_owned(),
            username: profile["username"].as_str().unwrap().to_owned(),
            customer,
        }
    }

    /// What belongs to somebody is asked for by its name. All else is asked of what does not exist and
    /// with an empty body: who is let in is told so, and nothing changes.
    fn ask(&self, shop: &Shop, operation: &Operation, role: Role) -> Answer {
        let owned = operation
            .roles()
            .is_some_and(|roles| roles.contains("owner"));
        let (order, username) = match owned {
            true => (self.order.as_str(), self.username.as_str()),
            false => (NO_ID, NOBODY),
        };
        let path = operation
            .path
            .replace("{orderId}", order)
            .replace("{productId}", NO_ID)
            .replace("{username}", username)
            .replace("{code}", "NO-SUCH-CODE");
        assert!(!path.contains('{'), "{path}: which one?");
        let body = operation.document.get("requestBody").map(|_| json!({}));
        let who = match role {
            Role::Nobody | Role::Service => {
                return shop
                    .http
                    .request(operation.method.clone(), &shop.site(&path), |request| {
                        let request = match role {
                            Role::Service => request.header("authorization", SIGNATURE),
                            _ => request,
                        };
                        match body {
                            Some(body) => request.json(&body),
                            None => request,
                        }
                    });
            }
            Role::Customer => &self.customer,
            Role::OtherCustomer => &self.other,
            Role::Warehouse => &self.warehouse,
            Role::Delivery => &self.delivery,
            Role::Admin => &self.admin,
        };
        who.send(operation.method.clone(), &path, &[], body.as_ref())
    }
}

/// What another service's request would carry: it opens functions and not routes.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 \
    Credential=test/20260101/us-east-1/execute-api/aws4_request, \
    SignedHeaders=host;x-amz-date, \
    Signature=0000000000000000000000000000000000000000000000000000000000000000";
