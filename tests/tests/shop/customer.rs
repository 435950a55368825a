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

    /// Someone of the staff.
    pub(crate) fn of_group(shop: &'a Shop, email: &str, group: &str) -> Self {
        Self::sign_up(shop, email);
        let pool = shop.output("identity", "UserPoolId");
        let member = json!({"UserPoolId": pool, "Username": email, "GroupName": group});
        cognito(shop, "AdminAddUserToGroup", &member);
        // Only a token that is made after that names the group.
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

    /// Any request with the token.
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

    /// GETs with the token.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.shop
            .http
            .request(Method::GET, &self.shop.site(path), |request| {
                request.bearer_auth(&self.token)
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
