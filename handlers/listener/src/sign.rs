//! Signatures (SigV4) that API Gateway accepts for a WebSocket API: of requests to the management of
//! its connections, and of addresses that are opened by a client which cannot sign.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningInstructions, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;

/// Why nothing is signed.
#[derive(Debug, thiserror::Error)]
#[error("{url} cannot be signed: {reason}")]
pub struct SignError {
    url: String,
    reason: String,
}

/// Who signs, and for which region.
#[derive(Debug, Clone)]
pub struct Signer {
    /// Of the function's role, or of the developer.
    pub credentials: Credentials,
    /// Where the API is.
    pub region: String,
}

impl Signer {
    /// The headers that make a `POST` of `body` to `url` signed.
    pub fn headers(
        &self,
        url: &str,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Vec<(String, String)>, SignError> {
        let settings = SigningSettings::default();
        let signed = self.sign("POST", url, body, settings, now)?;
        let header = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(signed.headers().map(header).collect())
    }

    /// `url` (`wss://...`) as it can be opened within `lifetime`.
    pub fn address(
        &self,
        url: &str,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<String, SignError> {
        let mut settings = SigningSettings::default();
        settings.expires_in = Some(lifetime);
        settings.signature_location = SignatureLocation::QueryParams;
        let signed = self.sign("GET", url, &[], settings, now)?;
        let parameters = signed
            .params()
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)));
        let query = parameters.collect::<Vec<_>>().join("&");
        Ok(format!("{url}?{query}"))
    }

    fn sign(
        &self,
        method: &str,
        url: &str,
        body: &[u8],
        settings: SigningSettings,
        now: SystemTime,
    ) -> Result<SigningInstructions, SignError> {
        let failed = |error: &dyn std::fmt::Display| SignError {
            url: url.to_owned(),
            reason: error.to_string(),
        };
        let identity = self.credentials.clone().into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("execute-api")
            .time(now)
            .settings(settings)
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let body = SignableBody::Bytes(body);
        let request = SignableRequest::new(method, url, std::iter::empty(), body)
            .map_err(|error| failed(&error))?;
        let signed = sign(request, &parameters).map_err(|error| failed(&error))?;
        Ok(signed.into_parts().0)
    }
}

/// A text as it may stand in any part of a URL.
pub fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn signer(token: &str) -> Signer {
        let token = Some(token.to_owned());
        Signer {
            credentials: Credentials::new("AKIDEXAMPLE", "secret", token, None, "test"),
            region: "eu-central-1".to_owned(),
        }
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
    }

    /// What botocore makes of the same request.
    #[test]
    fn a_request_to_a_connection_is_signed_as_the_sdk_does() {
        let host = "https://a1b2.execute-api.eu-central-1.amazonaws.com";
        let url = format!("{host}/events/@connections/L0SM9cOFvHcCIhw%3D");
        let mut headers = signer("token").headers(&url, b"{}", now()).unwrap();
        headers.sort();
        let text = |(name, value): &(String, String)| format!("{name}: {value}");
        let text: Vec<_> = headers.iter().map(text).collect();
        assert_eq!(
            text,
            [
                "authorization: AWS4-HMAC-SHA256 \
                 Credential=AKIDEXAMPLE/20260101/eu-central-1/execute-api/aws4_request, \
                 SignedHeaders=host;x-amz-date;x-amz-security-token, \
                 Signature=cc1008d162c0823580ca258257e5663c792ea1a6e2a8079bd8d6c6713dccaccb",
                "x-amz-date: 20260101T000000Z",
                "x-amz-security-token: token",
            ]
        );
    }

    /// What botocore makes of the same address.
    #[test]
    fn an_address_is_signed_as_the_sdk_does() {
        let url = "wss://a1b2.execute-api.eu-central-1.amazonaws.com/events";
        let address = signer("to/ken=").address(url, Duration::from_secs(300), now());
        let address = address.unwrap();
        let (before, query) = address.split_once('?').unwrap();
        assert_eq!(before, url);
        let mut parameters: Vec<_> = query.split('&').collect();
        parameters.sort_unstable();
        assert_eq!(
            parameters,
            [
                "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                "X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Feu-central-1%2Fexecute-api%2Faws4_request",
                "X-Amz-Date=20260101T000000Z",
                "X-Amz-Expires=300",
                "X-Amz-Security-Token=to%2Fken%3D",
                "X-Amz-Signature=c78469fcbf02cd758bfc906170258b305a3a8335c5c7975eabfaf7ae810a746f",
                "X-Amz-SignedHeaders=host",
            ]
        );
    }

    #[test]
    fn what_has_a_meaning_in_a_url_is_encoded() {
        assert_eq!(encoded("L0SM9cOFvHcCIhw="), "L0SM9cOFvHcCIhw%3D");
        assert_eq!(encoded("a-b.c_d~e/f?ü"), "a-b.c_d~e%2Ff%3F%C3%BC");
    }
}
