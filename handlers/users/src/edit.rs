//! What somebody writes about himself, checked.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use shop_core::address::AddressRequest;
use shop_core::check::Check;
use shop_core::problem::Violation;

use crate::profile::{Profile, SavedAddress, Username};

/// How many addresses fit into an address book.
const MAX_ADDRESSES: usize = 10;

/// The part of a profile that its owner writes. What is absent goes.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileRequest {
    username: String,
    #[serde(default)]
    full_name: Option<String>,
    #[serde(default)]
    addresses: Vec<SavedAddressRequest>,
}

/// Flattened by hand: serde's own way does not refuse unknown fields.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("required" = ["name", "street", "city", "postalCode", "country"])))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedAddressRequest {
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    name: String,
    #[serde(default)]
    company_name: Option<String>,
    #[serde(default)]
    street: String,
    #[serde(default)]
    city: String,
    #[serde(default)]
    postal_code: String,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    country: String,
    #[serde(default)]
    phone_number: Option<String>,
}

impl ProfileRequest {
    /// `old` as its owner wants it, or everything that is wrong. `None` when nothing changes.
    pub fn apply(
        self,
        old: &Profile,
        now: DateTime<Utc>,
    ) -> Result<Option<Profile>, Vec<Violation>> {
        let mut check = Check::new();
        let username = Username::new(&self.username);
        if let Err(error) = &username {
            check.refuse("/username", error.to_string());
        }
        let full_name = self.full_name.unwrap_or_default();
        let full_name = check.optional_line("/fullName", &full_name, 100);
        let addresses = addresses(&mut check, self.addresses);
        let new = Profile {
            username: username.unwrap_or_else(|_| old.username.clone()),
            full_name: Some(full_name).filter(|name| !name.is_empty()),
            addresses,
            ..old.clone()
        };
        let new = check.finish(new)?;
        Ok((new != *old).then(|| Profile {
            modified_date: now,
            version: old.version + 1,
            ..new
        }))
    }
}

fn addresses(check: &mut Check, requests: Vec<SavedAddressRequest>) -> Vec<SavedAddress> {
    let mut addresses: Vec<SavedAddress> = Vec::new();
    for (position, request) in check
        .most("/addresses", requests, MAX_ADDRESSES)
        .into_iter()
        .enumerate()
    {
        let pointer = format!("/addresses/{position}");
        let label = request.label.as_deref().unwrap_or_default();
        let label = check.optional_line(&format!("{pointer}/label"), label, 30);
        if request.default && addresses.iter().any(|address| address.default) {
            check.refuse(
                format!("{pointer}/default"),
                "another address is the default",
            );
        }
        addresses.push(SavedAddress {
            label: Some(label).filter(|label| !label.is_empty()),
            default: request.default,
            address: AddressRequest {
                name: request.name,
                company_name: request.company_name,
                street: request.street,
                city: request.city,
                postal_code: request.postal_code,
                state: request.state,
                country: request.country,
                phone_number: request.phone_number,
            }
            .check(check, &pointer),
        });
    }
    // Somebody who names none means the first.
    if !addresses.iter().any(|address| address.default)
        && let Some(first) = addresses.first_mut()
    {
        first.default = true;
    }
    addresses
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use serde_json::{Value, json};
    use shop_core::order::now;

    use super::*;
    use crate::fake::profile;

    fn apply(body: Value) -> Result<Option<Profile>, Vec<Violation>> {
        let request: ProfileRequest = serde_json::from_value(body).unwrap();
        request.apply(&profile("anna"), now())
    }

    fn address(changes: Value) -> Value {
        let mut address = json!({
            "name": "Anna Berg", "street": "Seestraße 12", "city": "Lindau",
            "postalCode": "88131", "country": "DE",
        });
        for (name, value) in changes.as_object().unwrap() {
            address[name] = value.clone();
        }
        address
    }

    #[test]
    fn what_is_absent_goes_and_what_the_shop_keeps_stays() {
        let body = json!({
            "username": "Anna.Berg", "fullName": " Anna Berg ",
            "addresses": [address(json!({"label": "home"})), address(json!({"postalCode": "1"}))],
        });
        let new = apply(body).unwrap().unwrap();
        assert_eq!(new.username.as_str(), "anna.berg");
        assert_eq!(new.full_name.as_deref(), Some("Anna Berg"));
        assert_eq!(new.email, "anna@example.com");
        assert_eq!(new.version, 2);
        let defaults: Vec<_> = new
            .addresses
            .iter()
            .map(|address| address.default)
            .collect();
        assert_eq!(defaults, [true, false], "the first, where none is named");

        let request: ProfileRequest =
            serde_json::from_value(json!({"username": "anna.berg"})).unwrap();
        let bare = request.apply(&new, now()).unwrap().unwrap();
        assert_eq!((bare.full_name, bare.addresses), (None, Vec::new()));
    }

    #[test]
    fn the_default_address_is_the_one_that_is_named() {
        let body = json!({
            "username": "anna",
            "addresses": [address(json!({})), address(json!({"default": true}))],
        });
        let new = apply(body).unwrap().unwrap();
        assert!(new.addresses[1].default && !new.addresses[0].default);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let two = [
            address(json!({"default": true})),
            address(json!({"default": true, "city": ""})),
        ];
        let wrong = apply(json!({"username": "me", "fullName": "a\nb", "addresses": two}));
        let text = |v: &Violation| format!("{}: {}", v.pointer, v.detail);
        let told: Vec<_> = wrong.unwrap_err().iter().map(text).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        /username: a username has 3 to 30 characters a-z, 0-9, '.', '_' and '-', and begins with a letter or digit
        /fullName: only one line of text
        /addresses/1/default: another address is the default
        /addresses/1/city: this is needed
        ");
        let many: Vec<_> = (0..11).map(|_| address(json!({}))).collect();
        let many = apply(json!({"username": "anna", "addresses": many})).unwrap_err();
        assert_eq!(text(&many[0]), "/addresses: at most 10 of them");
    }

    #[test]
    fn what_changes_nothing_makes_no_version() {
        assert_eq!(apply(json!({"username": "ANNA"})), Ok(None));
    }

    #[test]
    fn a_role_or_another_address_for_mails_is_not_read_from_a_request() {
        for (field, value) in [
            ("groups", json!(["admin"])),
            ("isAdmin", json!(true)),
            ("email", json!("eve@example.com")),
            ("userId", json!("eve")),
            ("addresses", json!([{"isAdmin": true}])),
        ] {
            let mut body = json!({"username": "anna"});
            body[field] = value;
            assert!(
                serde_json::from_value::<ProfileRequest>(body).is_err(),
                "{field}"
            );
        }
    }
}
