//! Functions `pre_sign_up` and `post_confirmation`: the user pool asks before it makes an account,
//! and says when its address is verified
//! (<https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html>).
//!
//! A username that is asked for comes as the standard attribute `preferred_username`. What is free
//! at the sign-up may be taken when the address is verified: then somebody else was faster, and the
//! profile gets another name, because the account is there already.

use std::collections::HashMap;

use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use serde_json::Value;
use shop_core::order::now;

use crate::enrol::{Newcomer, enrol};
use crate::profile::{InvalidUsername, Username, folded};
use crate::registry::{Failure, Registry, Unique};

/// Why there will be no account; the customer reads it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The name is none.
    #[error(transparent)]
    Username(#[from] InvalidUsername),
    /// Somebody else has it.
    #[error("the username {0} is taken")]
    UsernameTaken(Username),
    /// There is an account with this address.
    #[error("there is an account with this e-mail address already")]
    EmailTaken,
    /// Our fault.
    #[error("the account cannot be made just now; please try again")]
    Registry(#[from] Failure),
}

/// What both events have; the rest is handed back as it came.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trigger {
    trigger_source: String,
    user_name: String,
    request: TriggerRequest,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TriggerRequest {
    user_attributes: HashMap<String, Value>,
}

impl Trigger {
    fn attribute(&self, name: &str) -> Option<&str> {
        let value = self.request.user_attributes.get(name)?.as_str()?;
        Some(value).filter(|value| !value.is_empty())
    }
}

/// Answers the user pool whether there may be such an account.
pub async fn pre_sign_up(
    registry: &impl Registry,
    event: LambdaEvent<Value>,
) -> Result<Value, Error> {
    let trigger: Trigger = serde_json::from_value(event.payload.clone())?;
    check(registry, &trigger).await?;
    Ok(event.payload)
}

async fn check(registry: &impl Registry, trigger: &Trigger) -> Result<(), Refused> {
    if let Some(wanted) = trigger.attribute("preferred_username") {
        let username = Username::new(wanted)?;
        let unique = Unique::Username(username.clone());
        if registry.owner(&unique).await?.is_some() {
            return Err(Refused::UsernameTaken(username));
        }
    }
    if let Some(email) = trigger.attribute("email")
        && registry
            .owner(&Unique::Email(folded(email)))
            .await?
            .is_some()
    {
        return Err(Refused::EmailTaken);
    }
    Ok(())
}

/// Makes the profile of an account whose address has been verified.
pub async fn post_confirmation(
    registry: &impl Registry,
    event: LambdaEvent<Value>,
) -> Result<Value, Error> {
    let trigger: Trigger = serde_json::from_value(event.payload.clone())?;
    // A forgotten password is confirmed, too.
    if trigger.trigger_source == "PostConfirmation_ConfirmSignUp"
        && let Some(email) = trigger.attribute("email")
    {
        let wanted = trigger.attribute("preferred_username");
        let newcomer = Newcomer {
            user_id: trigger
                .attribute("sub")
                .unwrap_or(&trigger.user_name)
                .to_owned(),
            email: email.to_owned(),
            username: wanted.and_then(|name| Username::new(name).ok()),
            full_name: trigger.attribute("name").map(str::to_owned),
        };
        enrol(registry, &newcomer, now()).await?;
    }
    Ok(event.payload)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use lambda_runtime::Context;
    use serde_json::json;

    use super::*;
    use crate::fake::{FakeWorld, profile};

    fn event(source: &str, attributes: Value) -> LambdaEvent<Value> {
        let payload = json!({
            "version": "1", "triggerSource": source, "region": "eu-central-1",
            "userPoolId": "pool", "userName": "u-1",
            "callerContext": {"awsSdkVersion": "1", "clientId": "site"},
            "request": {"userAttributes": attributes, "validationData": null},
            "response": {"autoConfirmUser": false},
        });
        LambdaEvent::new(payload, Context::default())
    }

    async fn asked(world: &FakeWorld, attributes: Value) -> Result<(), String> {
        let event = event("PreSignUp_SignUp", attributes);
        let before = event.payload.clone();
        let answer = pre_sign_up(world, event)
            .await
            .map_err(|error| error.to_string())?;
        assert_eq!(answer, before, "nobody is confirmed without the code");
        Ok(())
    }

    #[tokio::test]
    async fn what_somebody_has_is_not_given_away_again() {
        let world = FakeWorld::with([profile("anna")]);
        let taken = asked(&world, json!({"email": "Anna@Example.com"})).await;
        insta::assert_snapshot!(taken.unwrap_err(), @"there is an account with this e-mail address already");
        let taken = asked(
            &world,
            json!({"email": "b@example.com", "preferred_username": "ANNA"}),
        );
        insta::assert_snapshot!(taken.await.unwrap_err(), @"the username anna is taken");
        let wrong = asked(
            &world,
            json!({"email": "b@example.com", "preferred_username": "me"}),
        );
        insta::assert_snapshot!(wrong.await.unwrap_err(), @"a username has 3 to 30 characters a-z, 0-9, '.', '_' and '-', and begins with a letter or digit");
        assert_eq!(
            asked(&world, json!({"email": "b@example.com"})).await,
            Ok(())
        );
        let free = json!({"email": "b@example.com", "preferred_username": "ben"});
        assert_eq!(asked(&world, free).await, Ok(()));
    }

    #[tokio::test]
    async fn a_table_that_is_down_makes_no_account_and_says_so_plainly() {
        let world = FakeWorld::default();
        world.down.set(true);
        let said = asked(&world, json!({"email": "b@example.com"})).await;
        insta::assert_snapshot!(said.unwrap_err(), @"the account cannot be made just now; please try again");
    }

    async fn confirmed(world: &FakeWorld, source: &str, attributes: Value) {
        let event = event(source, attributes);
        let before = event.payload.clone();
        assert_eq!(post_confirmation(world, event).await.unwrap(), before);
    }

    #[tokio::test]
    async fn a_confirmed_account_gets_its_profile_once() {
        let world = FakeWorld::default();
        let attributes = json!({
            "sub": "u-1", "email": "Ben@Example.com", "preferred_username": "Benny", "name": "Ben",
        });
        confirmed(
            &world,
            "PostConfirmation_ConfirmForgotPassword",
            attributes.clone(),
        )
        .await;
        assert_eq!(world.profile("u-1").await.unwrap(), None);
        for _ in 0..2 {
            confirmed(&world, "PostConfirmation_ConfirmSignUp", attributes.clone()).await;
        }
        let ben = world.profile("u-1").await.unwrap().unwrap();
        assert_eq!(ben.username.as_str(), "benny");
        assert_eq!(ben.email, "ben@example.com");
        assert_eq!(ben.full_name.as_deref(), Some("Ben"));
        assert_eq!(ben.version, 1);
    }

    #[tokio::test]
    async fn who_confirms_second_gets_another_name() {
        let world = FakeWorld::with([profile("anna")]);
        let attributes = json!({
            "sub": "u-1", "email": "anna@another.example", "preferred_username": "anna",
        });
        confirmed(&world, "PostConfirmation_ConfirmSignUp", attributes).await;
        let second = world.profile("u-1").await.unwrap().unwrap();
        assert!(
            second.username.as_str().starts_with("anna-"),
            "{}",
            second.username
        );
    }
}
