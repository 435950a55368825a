//! A customer: signs up at Cognito as the page does, and calls the API with a token.

use std::collections::HashMap;
use std::sync::Mutex;

use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::Answer;

use crate::Shop;
use crate::payment::{GOOD, preauthorised};

const PASSWORD: &str = "Forest-walk-2026";

/// Someone with an account.
pub(crate) struct Customer<'a> {
    shop: &'a Shop,
    pub(crate) email: String,
    token: String,
    /// What was paid with, by idempotency key.
    payments: Mutex<HashMap<String, String>>,
}

impl<'a> Customer<'a> {
    /// Signs up, confirms the address and logs in.
    pub(crate) fn sign_up(shop: &'a Shop, email: &str) -> Self {
        let client = shop.output("identity", "UserPoolClientId");
        try_sign_up(shop, email, None).expect(200);
        let code = json!({"ClientId": client, "Username": email, "ConfirmationCode": "123456"});
        cognito(shop, "ConfirmSignUp", &code).expect(200);
        Self {
            shop,
            email: email.to_owned(),
            token: log_in(shop, email).expect("the account is confirmed"),
            payments: Mutex::default(),
        }
    }

    /// Someone of the staff. Nobody gives himself a role: here the first one gets it from whoever
    /// runs the cloud.
    pub(crate) fn staff(shop: &'a Shop, email: &str, group: &str) -> Self {
        let mut staff = Self::sign_up(shop, email);
        let asked = json!({
            "UserPoolId": shop.output("identity", "UserPoolId"),
            "Username": staff.email, "GroupName": group,
        });
        shop.emulator
            .call("cognito-idp", "admin_add_user_to_group", &asked);
        staff.log_in_again();
        staff
    }

    /// Someone who has an account already.
    pub(crate) fn returning(shop: &'a Shop, email: &str) -> Self {
        Self {
            shop,
            email: email.to_owned(),
            token: log_in(shop, email).expect("the account is there"),
            payments: Mutex::default(),
        }
    }

    /// Gets a token that knows of changes since the last one.
    pub(crate) fn log_in_again(&mut self) {
        self.token = log_in(self.shop, &self.email).expect("the account is there");
    }

    /// POSTs an order, with a payment that covers whatever it costs unless it brings one. A request
    /// that is repeated under its key has the same payment, as a page that lost the answer sends it.
    pub(crate) fn order(&self, order: &Value, idempotency_key: Option<&str>) -> Answer {
        let mut order = order.clone();
        if order.is_object() && order.get("paymentToken").is_none() {
            let pay = || preauthorised(self.shop, GOOD, 1_000_000);
            let token = match idempotency_key {
                Some(key) => {
                    let mut payments = self.payments.lock().unwrap();
                    payments.entry(key.to_owned()).or_insert_with(pay).clone()
                }
                None => pay(),
            };
            order["paymentToken"] = token.into();
        }
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(idempotency_key.map(|key| ("idempotency-key", key)));
        self.shop
            .http
            .post(&self.shop.site("/api/orders"), &headers, &order)
    }

    /// GETs with the token.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None)
    }

    /// POSTs JSON with the token.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body))
    }

    /// Sends any request with the token.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let url = self.shop.site(path);
        self.shop.http.request(method, &url, |request| {
            let request = headers.iter().fold(request, |request, (name, value)| {
                request.header(*name, *value)
            });
            let request = request.bearer_auth(&self.token);
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        })
    }
}

/// Asks for an account, perhaps with a username.
pub(crate) fn try_sign_up(shop: &Shop, email: &str, username: Option<&str>) -> Answer {
    let mut attributes = vec![json!({"Name": "email", "Value": email})];
    attributes.extend(username.map(|name| json!({"Name": "preferred_username", "Value": name})));
    let request = json!({
        "ClientId": shop.output("identity", "UserPoolClientId"),
        "Username": email, "Password": PASSWORD, "UserAttributes": attributes,
    });
    cognito(shop, "SignUp", &request)
}

/// An ID token, if there is such an account.
pub(crate) fn log_in(shop: &Shop, email: &str) -> Option<String> {
    let request = json!({
        "ClientId": shop.output("identity", "UserPoolClientId"),
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": email, "PASSWORD": PASSWORD},
    });
    let answer = cognito(shop, "InitiateAuth", &request);
    let session = (answer.status == 200).then(|| answer.json())?;
    let token = session["AuthenticationResult"]["IdToken"].as_str()?;
    Some(token.to_owned())
}

fn cognito(shop: &Shop, operation: &str, body: &Value) -> Answer {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let endpoint = format!("{}/", shop.output("identity", "Endpoint"));
    let body = body.to_string();
    shop.http.request(Method::POST, &endpoint, |request| {
        request
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(body)
    })
}
