//! The fields of a request, one by one, each with the message that the provider's clients know.

use serde_json::{Map, Value};
use shop_core::http::Request;
use shop_core::money::Currency;
use shop_core::problem::Problem;

/// The longest text that is read, in bytes.
const LONGEST: usize = 200;

/// A request that is refused, with one of the provider's messages.
pub fn refused(detail: impl Into<String>) -> Problem {
    Problem::bad_request(detail)
}

/// What the body of a request holds.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// The body of `request`, which may have the fields `known` and no other.
    pub fn read(request: &Request, known: &[&str]) -> Result<Self, Problem> {
        let body = request
            .body()?
            .ok_or_else(|| refused("Missing body in event."))?;
        let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(&body) else {
            return Err(refused("Failed to parse JSON body."));
        };
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(Fields(fields)),
            Some(_) => Err(refused(format!(
                "The request body may only have '{}'.",
                known.join("', '")
            ))),
        }
    }

    /// A text that has to be there.
    pub fn text(&self, name: &str) -> Result<&str, Problem> {
        self.optional_text(name)?.ok_or_else(|| missing(name))
    }

    /// A text that may be there. An empty one is none.
    pub fn optional_text(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.len() <= LONGEST => Ok(Some(text)),
            Some(Value::String(_)) => Err(refused(format!("'{name}' is too long."))),
            Some(_) => Err(refused(format!("'{name}' is not a string."))),
        }
    }

    /// The `amount` in minor units, which has to be there. Zero is an amount.
    pub fn amount(&self) -> Result<i64, Problem> {
        self.optional_amount()?.ok_or_else(|| missing("amount"))
    }

    /// The `amount` in minor units, which may be there.
    pub fn optional_amount(&self) -> Result<Option<i64>, Problem> {
        let Some(value) = self.value("amount") else {
            return Ok(None);
        };
        let Value::Number(number) = value else {
            return Err(refused("'amount' is not a number."));
        };
        match (number.as_i64(), number.as_f64()) {
            (Some(amount), _) if amount >= 0 => Ok(Some(amount)),
            (None, Some(amount)) if amount >= 0.0 => {
                Err(refused("'amount' is not a whole number of minor units."))
            }
            _ => Err(refused("'amount' should be a positive number.")),
        }
    }

    /// The ISO 4217 code in `currency`; euro when there is none.
    pub fn currency(&self) -> Result<Currency, Problem> {
        match self.optional_text("currency")? {
            None => Ok(Currency::EUR),
            Some(code) => code
                .parse()
                .map_err(|_| refused("'currency' is not an ISO 4217 code.")),
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }
}

fn missing(name: &str) -> Problem {
    refused(format!("Missing '{name}' in request body."))
}
