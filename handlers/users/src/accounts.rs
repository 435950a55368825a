//! The user pool. With an e-mail address as what people log in with, an account's name in the pool
//! is its `sub`
//! (<https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html>).

use aws_sdk_cognitoidentityprovider::Client;

use crate::groups::{ADMIN, Groups};
use crate::registry::{Accounts, Failure};

/// The accounts.
#[derive(Debug, Clone)]
pub struct Pool {
    client: Client,
    id: String,
}

impl Pool {
    /// The user pool `id`.
    pub fn new(client: Client, id: String) -> Self {
        Pool { client, id }
    }
}

impl Accounts for Pool {
    async fn groups(&self, user_id: &str) -> Result<Option<Groups>, Failure> {
        let mut pages = self
            .client
            .admin_list_groups_for_user()
            .user_pool_id(&self.id)
            .username(user_id)
            .into_paginator()
            .items()
            .send();
        let mut groups = Groups::new();
        while let Some(group) = pages.next().await {
            match group {
                Ok(group) => groups.extend(group.group_name),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|error| error.is_user_not_found_exception()) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(pool(error)),
            }
        }
        Ok(Some(groups))
    }

    async fn join(&self, user_id: &str, group: &str) -> Result<(), Failure> {
        self.client
            .admin_add_user_to_group()
            .user_pool_id(&self.id)
            .username(user_id)
            .group_name(group)
            .send()
            .await
            .map(drop)
            .map_err(pool)
    }

    async fn leave(&self, user_id: &str, group: &str) -> Result<(), Failure> {
        self.client
            .admin_remove_user_from_group()
            .user_pool_id(&self.id)
            .username(user_id)
            .group_name(group)
            .send()
            .await
            .map(drop)
            .map_err(pool)
    }

    async fn other_administrator(&self, user_id: &str) -> Result<bool, Failure> {
        let mut pages = self
            .client
            .list_users_in_group()
            .user_pool_id(&self.id)
            .group_name(ADMIN)
            .into_paginator()
            .items()
            .send();
        while let Some(user) = pages.next().await {
            let user = user.map_err(pool)?;
            // Whoever cannot log in administers nothing.
            if user.enabled && user.username.as_deref() != Some(user_id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn delete(&self, user_id: &str) -> Result<(), Failure> {
        let deleted = self
            .client
            .admin_delete_user()
            .user_pool_id(&self.id)
            .username(user_id)
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_user_not_found_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(pool(error)),
        }
    }
}

fn pool(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Pool(Box::new(error))
}
