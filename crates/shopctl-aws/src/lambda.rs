//! The Lambda port.

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use shopctl_deploy::ports::{CloudError, CloudErrorKind, FunctionState, Functions};

use crate::error::map;

pub(crate) struct LambdaClient(pub(crate) Client);

#[async_trait]
impl Functions for LambdaClient {
    async fn state(&self, name: &str) -> Result<Option<FunctionState>, CloudError> {
        let answer = self
            .0
            .get_function_configuration()
            .function_name(name)
            .send()
            .await;
        match answer {
            Ok(function) => Ok(Some(FunctionState {
                // Services that leave the fields out have functions that are simply there.
                state: function
                    .state
                    .map_or("Active".to_owned(), |s| s.as_str().to_owned()),
                last_update: function
                    .last_update_status
                    .map_or("Successful".to_owned(), |status| status.as_str().to_owned()),
                reason: function.last_update_status_reason.or(function.state_reason),
            })),
            Err(error) => {
                let error = map(
                    format!("Lambda GetFunctionConfiguration of '{name}'"),
                    error,
                );
                if error.kind == CloudErrorKind::NotFound {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
        }
    }

    async fn update_code(&self, name: &str, bucket: &str, key: &str) -> Result<(), CloudError> {
        self.0
            .update_function_code()
            .function_name(name)
            .s3_bucket(bucket)
            .s3_key(key)
            .send()
            .await
            .map_err(|error| map(format!("Lambda UpdateFunctionCode of '{name}'"), error))?;
        Ok(())
    }
}
