//! Where reports are kept: a bucket, by day, in folders that Athena and other
//! query engines take for partitions.

use std::error::Error;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;

/// Keeps files.
pub trait Files {
    /// Writes a file, over an older one.
    fn put(
        &self,
        key: &str,
        content_type: &str,
        text: String,
    ) -> impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>>;
}

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket called `name`.
    pub fn new(client: Client, name: String) -> Self {
        Bucket { client, name }
    }
}

impl Files for Bucket {
    async fn put(
        &self,
        key: &str,
        content_type: &str,
        text: String,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(text.into_bytes()))
            .send()
            .await?;
        Ok(())
    }
}
