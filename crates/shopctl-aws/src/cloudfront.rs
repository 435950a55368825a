//! The CloudFront port.

use async_trait::async_trait;
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use shopctl_deploy::ports::{CloudError, CloudErrorKind, Distributions};

use crate::error::map;

pub(crate) struct CloudFrontClient(pub(crate) Client);

#[async_trait]
impl Distributions for CloudFrontClient {
    async fn status(&self, distribution: &str) -> Result<Option<String>, CloudError> {
        let answer = self.0.get_distribution().id(distribution).send().await;
        let operation = format!("CloudFront GetDistribution of '{distribution}'");
        match answer.map_err(|error| map(operation, error)) {
            Ok(answer) => Ok(answer.distribution.map(|found| found.status)),
            Err(error) if error.kind == CloudErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::wire_tests::Server;

    #[tokio::test]
    async fn a_distribution_tells_whether_it_is_everywhere() {
        let spreading = "<Distribution><Id>E1</Id><ARN>arn:aws:cloudfront::1:distribution/E1</ARN><Status>InProgress</Status><LastModifiedTime>2026-01-01T00:00:00Z</LastModifiedTime><InProgressInvalidationBatches>0</InProgressInvalidationBatches><DomainName>e1.cloudfront.net</DomainName></Distribution>";
        let gone = "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchDistribution</Code><Message>The specified distribution does not exist.</Message></Error></ErrorResponse>";
        let server = Server::answering(&[(200, spreading), (404, gone)]).await;
        let config = aws_sdk_cloudfront::Config::builder()
            .behavior_version(aws_sdk_cloudfront::config::BehaviorVersion::latest())
            .region(aws_sdk_cloudfront::config::Region::new("us-east-1"))
            .credentials_provider(aws_sdk_cloudfront::config::Credentials::new(
                "test", "test", None, None, "test",
            ))
            .endpoint_url(&server.url)
            .build();
        let client = CloudFrontClient(Client::from_conf(config));
        let status = client.status("E1").await.unwrap();
        assert_eq!(status.as_deref(), Some("InProgress"));
        assert_eq!(client.status("E1").await.unwrap(), None);
        assert!(server.requests()[0].starts_with("GET /2020-05-31/distribution/E1 "));
    }
}
