//! The deploy's part: a custom resource that makes a service's schema.
//!
//! Two functions, because no one function has both: `setup`, outside the
//! network, may read the master user's secret and answers CloudFormation;
//! `migrate`, inside, reaches the database. `setup` invokes `migrate` with the
//! credentials in the request, which is encrypted on its way and written
//! nowhere, so that no function has a password among its settings.

use aws_lambda_events::cloudformation::CloudFormationCustomResourceRequest;
use aws_sdk_lambda::primitives::Blob;
use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use shop_core::custom_resource::{self, Change};

use crate::database::Place;
use crate::migrate::Proof;

/// The master user, as the instance's secret has it and as `migrate` is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Master {
    /// Name.
    pub username: String,
    /// Password.
    pub password: String,
}

// By hand: a password must not get into a log.
impl std::fmt::Debug for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Master {{ username: {:?} }}", self.username)
    }
}

impl Master {
    /// The server at `place` with the master user logged in to no schema.
    pub fn at(&self, place: &Place) -> sqlx::mysql::MySqlConnectOptions {
        let place = Place {
            user: self.username.clone(),
            password: Some(self.password.clone()),
            ..place.clone()
        };
        place.options(&self.password, None)
    }
}

/// How the service's own user proves itself at `place`.
pub fn proof(place: &Place) -> Proof {
    match &place.password {
        Some(password) => Proof::Password(password.clone()),
        None => Proof::Iam,
    }
}

/// Why the schema is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The secret cannot be read.
    #[error("secret of the database cannot be read")]
    Secret(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The secret holds no user and password.
    #[error("secret of the database holds no user")]
    NoUser(#[from] serde_json::Error),
    /// Function `migrate` cannot be called.
    #[error("function that migrates cannot be called")]
    Call(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Function `migrate` failed.
    #[error("migration failed: {0}")]
    Failed(String),
}

/// What function `setup` needs.
#[derive(Debug)]
pub struct Setup {
    /// To read the secret with.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// The secret of the instance's master user.
    pub secret: String,
    /// To call `migrate` with.
    pub lambda: aws_sdk_lambda::Client,
    /// Function `migrate`.
    pub function: String,
}

impl Setup {
    /// Answers CloudFormation. A deleted resource leaves the schema as it is: its rows are the
    /// instance's business, which has a policy for them.
    ///
    /// # Errors
    /// When CloudFormation could not be answered.
    pub async fn serve(
        &self,
        event: LambdaEvent<CloudFormationCustomResourceRequest>,
        physical_id: &str,
    ) -> Result<(), Error> {
        custom_resource::serve(event, physical_id, async |change| match change {
            Change::Create | Change::Update => self.migrate().await,
            Change::Delete => Ok(()),
        })
        .await?;
        Ok(())
    }

    async fn migrate(&self) -> Result<(), SetupError> {
        let secret = self
            .secrets
            .get_secret_value()
            .secret_id(&self.secret)
            .send()
            .await
            .map_err(|error| SetupError::Secret(Box::new(error)))?;
        // Read and written again, so that nothing else of the secret travels.
        let master: Master = serde_json::from_str(secret.secret_string().unwrap_or_default())?;
        let answer = self
            .lambda
            .invoke()
            .function_name(&self.function)
            .payload(Blob::new(serde_json::to_vec(&master)?))
            .send()
            .await
            .map_err(|error| SetupError::Call(Box::new(error)))?;
        if answer.function_error.is_none() {
            return Ok(());
        }
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        Err(SetupError::Failed(
            String::from_utf8_lossy(&payload).into_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let master = Master {
            username: "owner".to_owned(),
            password: "s3cret".to_owned(),
        };
        assert_eq!(format!("{master:?}"), "Master { username: \"owner\" }");
    }
}
