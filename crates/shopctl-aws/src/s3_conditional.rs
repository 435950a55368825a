//! Reads and writes of S3 objects that depend on what is there: what locks are made of.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use shopctl_deploy::ports::{CloudError, CloudErrorKind, Condition, StoredObject};

use crate::error::map;

/// S3 answers 409 when two conditional writes meet; the loser asks again this often.
pub(crate) const TRIES: u32 = 4;

/// A moment in which the other write ends.
pub(crate) async fn pause(tries: u32) {
    tokio::time::sleep(Duration::from_millis(50) * tries).await;
}

/// An object with its age by S3's clock.
pub(crate) async fn read(
    client: &Client,
    bucket: &str,
    key: &str,
) -> Result<Option<StoredObject>, CloudError> {
    let operation = format!("S3 GetObject '{bucket}/{key}'");
    let now = ServerTime::default();
    let answer = client
        .get_object()
        .bucket(bucket)
        .key(key)
        .customize()
        .interceptor(now.clone())
        .send()
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let error = map(operation, error);
            return if error.kind == CloudErrorKind::NotFound {
                Ok(None)
            } else {
                Err(error)
            };
        }
    };
    let age = age(now.get(), answer.last_modified);
    let etag = answer.e_tag.unwrap_or_default();
    let bytes = answer.body.collect().await.map_err(|error| CloudError {
        kind: CloudErrorKind::Unreachable,
        operation,
        message: error.to_string(),
    })?;
    Ok(Some(StoredObject {
        bytes: bytes.to_vec(),
        etag,
        age,
    }))
}

/// Writes if the condition holds; answers the new entity tag.
pub(crate) async fn put(
    client: &Client,
    bucket: &str,
    key: &str,
    bytes: Vec<u8>,
    condition: &Condition,
) -> Result<Option<String>, CloudError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let call = client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/json")
            .cache_control("no-store")
            .body(ByteStream::from(bytes.clone()));
        let call = match condition {
            Condition::Absent => call.if_none_match("*"),
            Condition::Unchanged(etag) => call.if_match(etag),
        };
        let error = match call.send().await {
            Ok(answer) => return Ok(Some(answer.e_tag.unwrap_or_default())),
            Err(error) => error,
        };
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let error = map(format!("S3 PutObject '{bucket}/{key}'"), error);
        match status {
            Some(412) => return Ok(None),
            // Nothing to compare with: the object is gone. A bucket that is gone is an error.
            Some(404) if !error.message.contains("NoSuchBucket") => return Ok(None),
            Some(409) if tries < TRIES => {
                pause(tries).await;
            }
            _ => return Err(error),
        }
    }
}

/// Deletes if the entity tag is still the same.
pub(crate) async fn delete(
    client: &Client,
    bucket: &str,
    key: &str,
    etag: &str,
) -> Result<bool, CloudError> {
    let answer = client
        .delete_object()
        .bucket(bucket)
        .key(key)
        .if_match(etag)
        .send()
        .await;
    let Err(error) = answer else { return Ok(true) };
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    match status {
        Some(404 | 409 | 412) => Ok(false),
        _ => Err(map(format!("S3 DeleteObject '{bucket}/{key}'"), error)),
    }
}

/// Time between two moments that the same service told; zero when one is missing.
fn age(now: Option<DateTime>, written: Option<DateTime>) -> Duration {
    let (Some(now), Some(written)) = (now, written) else {
        return Duration::ZERO;
    };
    let seconds = now.secs().saturating_sub(written.secs());
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

/// Catches the `Date` header of an answer, which the SDK does not hand on.
#[derive(Debug, Clone, Default)]
struct ServerTime(Arc<Mutex<Option<DateTime>>>);

impl ServerTime {
    fn get(&self) -> Option<DateTime> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for ServerTime {
    fn name(&self) -> &'static str {
        "ServerTime"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let parsed = date.and_then(|text| DateTime::from_str(text, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = parsed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_never_negative_and_needs_both_ends() {
        let at = |seconds| Some(DateTime::from_secs(seconds));
        assert_eq!(age(at(100), at(40)), Duration::from_secs(60));
        assert_eq!(age(at(40), at(100)), Duration::ZERO);
        assert_eq!(age(None, at(100)), Duration::ZERO);
    }
}
