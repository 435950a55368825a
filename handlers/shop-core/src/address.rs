//! Where to deliver, as a client may write it.

use serde::Deserialize;

use crate::check::Check;
use crate::order::Address;

/// An address as a client writes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "testing", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "testing", schemars(extend("required" = ["name", "street", "city", "postalCode", "country"])))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AddressRequest {
    /// See [`Address`].
    pub name: String,
    /// See [`Address`].
    pub company_name: Option<String>,
    /// See [`Address`].
    pub street: String,
    /// See [`Address`].
    pub city: String,
    /// See [`Address`].
    pub postal_code: String,
    /// See [`Address`].
    pub state: Option<String>,
    /// See [`Address`].
    pub country: String,
    /// See [`Address`].
    pub phone_number: Option<String>,
}

impl AddressRequest {
    /// The address, tidied; what is wrong is noted in `check` below `pointer`.
    pub fn check(self, check: &mut Check, pointer: &str) -> Address {
        let at = |field: &str| format!("{pointer}/{field}");
        let country = self.country.trim().to_ascii_uppercase();
        let two_letters = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        let name = check.line(&at("name"), &self.name, 100);
        let company_name = maybe(check, &at("companyName"), self.company_name, 100);
        let street = check.line(&at("street"), &self.street, 200);
        let city = check.line(&at("city"), &self.city, 100);
        let postal_code = check.line(&at("postalCode"), &self.postal_code, 20);
        let state = maybe(check, &at("state"), self.state, 100);
        check.require(
            two_letters,
            at("country"),
            "two letters are expected, for instance DE",
        );
        let phone_number = maybe(check, &at("phoneNumber"), self.phone_number, 30);
        let dialled = phone_number.as_deref().is_none_or(|number| {
            let digits = number.bytes().filter(u8::is_ascii_digit).count();
            digits >= 3
                && number
                    .chars()
                    .all(|c| c.is_ascii_digit() || " +-/().".contains(c))
        });
        check.require(dialled, at("phoneNumber"), "digits are expected");
        Address {
            name,
            company_name,
            street,
            city,
            postal_code,
            state,
            country,
            phone_number,
        }
    }
}

/// One line, or nothing when it is empty.
fn maybe(
    check: &mut Check,
    pointer: &str,
    value: Option<String>,
    longest: usize,
) -> Option<String> {
    let value = check.optional_line(pointer, &value?, longest);
    Some(value).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::{Value, json};

    use super::*;

    fn read(body: Value) -> Result<Address, Vec<String>> {
        let request: AddressRequest = serde_json::from_value(body).unwrap();
        let mut check = Check::new();
        let address = request.check(&mut check, "/address");
        check.finish(address).map_err(|violations| {
            let text = violations
                .iter()
                .map(|v| format!("{}: {}", v.pointer, v.detail));
            text.collect()
        })
    }

    #[test]
    fn an_address_is_tidied() {
        let address = read(json!({
            "name": " Eve ", "companyName": " ", "street": "1 Main Street", "city": "Dublin",
            "postalCode": "D02", "country": "ie", "phoneNumber": "+353 (1) 555-0100",
        }))
        .unwrap();
        let json = serde_json::to_string(&address).unwrap();
        insta::assert_snapshot!(json, @r#"{"name":"Eve","street":"1 Main Street","city":"Dublin","postalCode":"D02","country":"IE","phoneNumber":"+353 (1) 555-0100"}"#);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let wrong = read(json!({
            "street": "1 Main Street\nBcc: everybody", "city": "x".repeat(101),
            "country": "D1", "phoneNumber": "ask Eve",
        }));
        insta::assert_snapshot!(wrong.unwrap_err().join("\n"), @r"
        /address/name: this is needed
        /address/street: only one line of text
        /address/city: at most 100 characters
        /address/postalCode: this is needed
        /address/country: two letters are expected, for instance DE
        /address/phoneNumber: digits are expected
        ");
    }
}
