//! The CloudFront port.

use async_trait::async_trait;
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use shopctl_deploy::ports::{CloudError, CloudErrorKind, Distributions};

use crate::error::map;

pub(crate) struct CloudFrontClient(pub(crate) Client);

#[async_trait]
impl Distributions for CloudFrontClient {
    async fn invalidate(
        &self,
        distribution: &str,
        paths: &[String],
        reference: &str,
    ) -> Result<(), CloudError> {
        let operation = format!("CloudFront CreateInvalidation of '{distribution}'");
        let refused = |error: aws_smithy_types::error::operation::BuildError| CloudError {
            kind: CloudErrorKind::Refused,
            operation: operation.clone(),
            message: error.to_string(),
        };
        let quantity = i32::try_from(paths.len()).unwrap_or(i32::MAX);
        let items = Paths::builder()
            .quantity(quantity)
            .set_items(Some(paths.to_vec()))
            .build()
            .map_err(refused)?;
        let batch = InvalidationBatch::builder()
            .paths(items)
            .caller_reference(reference)
            .build()
            .map_err(refused)?;
        self.0
            .create_invalidation()
            .distribution_id(distribution)
            .invalidation_batch(batch)
            .send()
            .await
            .map_err(|error| map(operation.clone(), error))?;
        Ok(())
    }
}
