//! How functions reach AWS: one configuration and one pool of connections for all clients of a
//! process, made of what Lambda puts into the environment.
//!
//! Lambda gives a function its region and the credentials of its role for as long as the process
//! lives. So nothing is looked for in files and at other services, which a function would carry the
//! code for and wait for when it starts.
//!
//! Every call carries the trace of whoever makes it, and is a span of it ([`crate::trace`]).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::runtime::{StartError, setting};
use crate::trace;

const TRACE_HEADER: &str = "x-amzn-trace-id";

/// The configuration for every client of AWS.
///
/// # Errors
/// [`StartError::MissingSetting`] outside of Lambda and whatever stands in for it.
pub fn config() -> Result<SdkConfig, StartError> {
    let credentials = Credentials::new(
        setting("AWS_ACCESS_KEY_ID")?,
        setting("AWS_SECRET_ACCESS_KEY")?,
        setting("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(setting("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(Traced(http));
    // Where the local cloud is.
    config.set_endpoint_url(setting("AWS_ENDPOINT_URL").ok());
    Ok(config.build())
}

/// A client whose connections add the trace to every request and record it.
#[derive(Debug)]
struct Traced<T>(T);

impl HttpClient for Traced<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Traced(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for Traced<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let Some(scope) = trace::scope() else {
            return self.0.call(request);
        };
        // No signature covers this header: it may change on its way.
        request
            .headers_mut()
            .insert(TRACE_HEADER, scope.header().to_string());
        let (service, operation) = called(&request);
        let began = SystemTime::now();
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            let fault = answer
                .as_ref()
                .map_or(true, |answer| answer.status().is_server_error());
            scope.called(&service, operation.as_deref(), began, fault);
            answer
        })
    }
}

/// Which service is asked for what: `DynamoDB_20120810.GetItem` in a header of the JSON protocols,
/// else the first part of the host.
fn called(request: &HttpRequest) -> (String, Option<String>) {
    let target = request.headers().get("x-amz-target");
    if let Some((service, operation)) = target.and_then(|target| target.split_once('.')) {
        let service = service.split('_').next().unwrap_or(service);
        return (service.to_owned(), Some(operation.to_owned()));
    }
    let host = request.uri().split("://").nth(1).unwrap_or_default();
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let service = host.split('.').next().filter(|name| !name.is_empty());
    (service.unwrap_or("aws").to_owned(), None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn request(uri: &str, target: Option<&str>) -> HttpRequest {
        let mut request = HttpRequest::empty();
        request.set_uri(uri).unwrap();
        if let Some(target) = target {
            request
                .headers_mut()
                .insert("x-amz-target", target.to_owned());
        }
        request
    }

    #[test]
    fn a_call_is_named_by_its_protocol_or_its_host() {
        let of = |uri, target| called(&request(uri, target));
        let dynamodb = "https://dynamodb.eu-central-1.amazonaws.com/";
        assert_eq!(
            of(dynamodb, Some("DynamoDB_20120810.GetItem")),
            ("DynamoDB".to_owned(), Some("GetItem".to_owned()))
        );
        assert_eq!(
            of(dynamodb, Some("AmazonSQS.SendMessage")),
            ("AmazonSQS".to_owned(), Some("SendMessage".to_owned()))
        );
        let lambda = "https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/f/invocations";
        assert_eq!(of(lambda, None), ("lambda".to_owned(), None));
    }
}
