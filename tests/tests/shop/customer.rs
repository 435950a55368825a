//! A customer: signs up at Cognito as the page does, and calls the API with a token.

use reqwest::Method;
use serde_json::{Value, json};
use shopctl_tests::Answer;

use crate::Shop;

const PASSWORD: &str = "Forest-walk-2026";

/// Someone with an account.
pub(crate) struct Customer<'a> {
    shop: &'a Shop,
    pub(crate) email: String,
    token: String,
}

impl<'a> Customer<'a> {
    /// Signs up, confirms the address and logs in.
    pub(crate) fn sign_up(shop: &'a Shop, email: &str) -> Self {
        let client = shop.output("identity", "UserPoolClientId");
        cognito(
            shop,
            "SignUp",
            &json!({
                "ClientId": client, "Username": email, "Password": PASSWORD,
                "UserAttributes": [{"Name": "email", "Value": email}],
            }),
        );
        let code = json!({"ClientId": client, "Username": email, "ConfirmationCode": "123456"});
        cognito(shop, "ConfirmSignUp", &code);
        Self::log_in(shop, email)
    }

    /// Someone who works for the shop: signs up, is taken into a group and logs in.
    pub(crate) fn staff(shop: &'a Shop, email: &str, group: &str) -> Self {
        Self::sign_up(shop, email);
        let pool = shop.output("identity", "UserPoolId");
        let member = json!({"UserPoolId": pool, "Username": email, "GroupName": group});
        shop.emulator
            .call("cognito-idp", "admin_add_user_to_group", &member);
        Self::log_in(shop, email)
    }

    fn log_in(shop: &'a Shop, email: &str) -> Self {
        let client = shop.output("identity", "UserPoolClientId");
        let session = cognito(
            shop,
            "InitiateAuth",
            &json!({
                "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": email, "PASSWORD": PASSWORD},
            }),
        );
        let token = session["AuthenticationResult"]["IdToken"].as_str().unwrap();
        Self {
            shop,
            email: email.to_owned(),
            token: token.to_owned(),
        }
    }

    /// POSTs an order.
    pub(crate) fn order(&self, order: &Value, idempotency_key: Option<&str>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(idempotency_key.map(|key| ("idempotency-key", key)));
        self.shop
            .http
            .post(&self.shop.site("/api/orders"), &headers, order)
    }

    /// GETs with the token.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None)
    }

    /// POSTs JSON with the token.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body))
    }

    /// Sends any request with the token.
    pub(crate) fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.shop
            .http
            .request(method, &self.shop.site(path), |request| {
                let request = request.bearer_auth(&self.token);
                match body {
                    Some(body) => request.json(body),
                    None => request,
                }
            })
    }
}

fn cognito(shop: &Shop, operation: &str, body: &Value) -> Value {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let endpoint = format!("{}/", shop.output("identity", "Endpoint"));
    let body = body.to_string();
    let answer = shop.http.request(Method::POST, &endpoint, |request| {
        request
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(body)
    });
    answer.expect(200).json()
}
