//! The few calls to the launcher's own endpoints: plain HTTP/1.1 on loopback, one request a connection. Not for AWS.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Status code and JSON body of an answer.
pub type Answer = (u16, serde_json::Value);

/// One request without a body.
pub async fn call(method: &str, port: u16, path: &str, timeout: Duration) -> io::Result<Answer> {
    tokio::time::timeout(timeout, async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.take(1 << 20).read_to_end(&mut bytes).await?;
        parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an answer of the local cloud"))
    })
    .await
    .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..split)?).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((
        status,
        serde_json::from_slice(bytes.get(split + 4..)?).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_json_answer_is_taken() {
        let parsed =
            |text: &str| parse(text.as_bytes()).map(|(status, body)| format!("{status} {body}"));
        assert_eq!(
            parsed("HTTP/1.1 409 Conflict\r\nA: b\r\n\r\n{\"error\":1}").as_deref(),
            Some("409 {\"error\":1}")
        );
        assert_eq!(parsed("HTTP/1.1 200 OK\r\n\r\n{\"half"), None);
        assert_eq!(parsed("SSH-2.0-OpenSSH\r\n\r\n{}"), None);
        assert_eq!(parsed(""), None);
    }
}
