//! A server before a cloud: it answers what a test wants answered otherwise, may let requests wait, and
//! hands all else on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Far above what any command takes to its first request.
const PATIENCE: Duration = Duration::from_secs(120);

/// The server, on loopback.
pub struct Relay {
    /// What commands take for the cloud.
    pub endpoint: String,
}

impl Relay {
    /// Before the cloud at `http://host:port`. `answer` gets the body of each request and tells the
    /// XML that is answered instead of the cloud's.
    pub fn before(
        cloud: &str,
        answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (cloud, answer) = (cloud.replace("http://", ""), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (cloud, answer) = (cloud.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &cloud, &*answer));
            }
        });
        Self { endpoint }
    }
}

/// One request to a connection. A line that breaks is the end of it, as it would be without a relay.
fn serve(mut stream: TcpStream, cloud: &str, answer: &dyn Fn(&str) -> Option<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    if let Some(answer) = answer(&String::from_utf8_lossy(&body)) {
        let length = answer.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let _ = stream.write_all(format!("{head}{answer}").as_bytes());
        return;
    }
    let mut behind = TcpStream::connect(cloud).unwrap();
    let head = format!("{head}connection: close\r\n\r\n");
    behind.write_all(head.as_bytes()).unwrap();
    behind.write_all(&body).unwrap();
    let _ = std::io::copy(&mut behind, &mut stream);
}

/// Where requests wait until a test lets them go on. Clones are the same one.
#[derive(Clone, Default)]
pub struct Latch(Arc<(Mutex<LatchState>, Condvar)>);

#[derive(Default)]
struct LatchState {
    reached: bool,
    open: bool,
}

impl Latch {
    /// Waits here until it is open.
    pub fn reach(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.reached = true;
        changed.notify_all();
        drop(changed.wait_while(state, |state| !state.open));
    }

    /// Waits until somebody waits.
    #[track_caller]
    pub fn wait_until_reached(&self) {
        let (state, changed) = &*self.0;
        let waiting = state.lock().unwrap();
        let waited = changed.wait_timeout_while(waiting, PATIENCE, |state| !state.reached);
        assert!(waited.unwrap().0.reached, "no such request came");
    }

    /// Lets go on who waits, and all that come.
    pub fn open(&self) {
        let (state, changed) = &*self.0;
        state.lock().unwrap().open = true;
        changed.notify_all();
    }
}
