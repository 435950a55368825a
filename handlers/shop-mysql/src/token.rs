//! Passwords that RDS accepts in place of one: requests signed by SigV4 with
//! the function's own credentials, good for a quarter of an hour. Signing needs
//! no network
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html>).

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_lambda_events::http;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;

/// How long RDS accepts a token.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[error("no token for the database can be made: {0}")]
pub struct TokenError(String);

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login<'a> {
    /// The instance's own endpoint; an alias is not accepted.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// The database user.
    pub user: &'a str,
    /// The region of the instance.
    pub region: &'a str,
}

/// The token for `login` at `now`.
///
/// # Errors
/// [`TokenError`] when host or user can be in no URL.
pub fn token(
    login: &Login<'_>,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<String, TokenError> {
    let failed = |error: &dyn std::fmt::Display| TokenError(error.to_string());
    let Login {
        host,
        port,
        user,
        region,
    } = login;
    let url = format!("https://{host}:{port}/?Action=connect&DBUser={user}");
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(LIFETIME);
    settings.signature_location = SignatureLocation::QueryParams;
    let identity = credentials.clone().into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("rds-db")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| failed(&error))?
        .into();
    let body = SignableBody::Bytes(&[]);
    let request = SignableRequest::new("GET", &url, std::iter::empty(), body)
        .map_err(|error| failed(&error))?;
    let (instructions, _) = sign(request, &parameters)
        .map_err(|error| failed(&error))?
        .into_parts();
    let mut request = http::Request::get(url)
        .body(())
        .map_err(|error| failed(&error))?;
    instructions.apply_to_request_http1x(&mut request);
    let signed = request.uri().to_string();
    Ok(signed
        .strip_prefix("https://")
        .unwrap_or(&signed)
        .to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const LOGIN: Login<'_> = Login {
        host: "prod-instance.us-east-1.rds.amazonaws.com",
        port: 3306,
        user: "peccy",
        region: "us-east-1",
    };

    fn at() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_724_709_600)
    }

    /// The example of the SDK's own signer (`aws-sdk-rds`, `auth_token.rs`).
    #[test]
    fn a_token_is_the_one_that_the_sdk_makes() {
        let credentials = Credentials::new("akid", "secret", None, None, "test");
        insta::assert_snapshot!(token(&LOGIN, &credentials, at()).unwrap(), @"prod-instance.us-east-1.rds.amazonaws.com:3306/?Action=connect&DBUser=peccy&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=akid%2F20240826%2Fus-east-1%2Frds-db%2Faws4_request&X-Amz-Date=20240826T220000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=dd0cba843009474347af724090233265628ace491ea17ce3eb3da098b983ad89");
    }

    #[test]
    fn a_roles_session_is_part_of_what_is_signed() {
        let session = Some("a/session+token".to_owned());
        let credentials = Credentials::new("akid", "secret", session, None, "test");
        let token = token(&LOGIN, &credentials, at()).unwrap();
        assert!(
            token.contains("&X-Amz-Security-Token=a%2Fsession%2Btoken"),
            "{token}"
        );
        assert!(!token.contains("dd0cba84"), "{token}");
    }

    #[test]
    fn a_host_that_is_none_is_an_error() {
        let credentials = Credentials::new("akid", "secret", None, None, "test");
        let login = Login {
            host: "no host",
            ..LOGIN
        };
        token(&login, &credentials, at()).unwrap_err();
    }
}
