//! A line to a cloud that can be cut: it hands everything on, and holds one kind of request back.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// Far above what any command takes to its first request.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server on loopback in front of another one.
pub struct Relay {
    /// What commands take for the cloud.
    pub endpoint: String,
    gate: Arc<Gate>,
}

struct Gate {
    /// What a request contains that is held back.
    text: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    held: usize,
    open: bool,
}

impl Relay {
    /// Hands requests on to `http://host:port`; those that contain a text wait for [`Self::open`].
    pub fn holding(text: &str, upstream: &str) -> Self {
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let gate = Arc::new(Gate {
            text: text.to_owned(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let of_connections = gate.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (gate, upstream) = (of_connections.clone(), upstream.clone());
                // A line that breaks is the end of this connection, as it would be without a relay.
                thread::spawn(move || gate.connect(client, &upstream));
            }
        });
        Self { endpoint, gate }
    }

    /// Waits until a request is held back.
    #[track_caller]
    pub fn wait_until_held(&self) {
        let (changed, state) = (&self.gate.changed, self.gate.state.lock().unwrap());
        let waited = changed.wait_timeout_while(state, PATIENCE, |state| state.held == 0);
        assert!(
            waited.unwrap().0.held > 0,
            "nothing with {:?} came",
            self.gate.text
        );
    }

    /// Lets what was held back go on, and all that comes.
    pub fn open(&self) {
        self.gate.state.lock().unwrap().open = true;
        self.gate.changed.notify_all();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.open();
    }
}

impl Gate {
    fn connect(&self, mut client: TcpStream, upstream: &str) -> std::io::Result<()> {
        let mut server = TcpStream::connect(upstream)?;
        let (mut answers, mut to_client) = (server.try_clone()?, client.try_clone()?);
        thread::spawn(move || {
            let _ = std::io::copy(&mut answers, &mut to_client);
            let _ = to_client.shutdown(std::net::Shutdown::Both);
        });
        // The server works on a request only when its last byte has come.
        let mut seen = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let count = client.read(&mut buffer)?;
            if count == 0 {
                return server.shutdown(std::net::Shutdown::Write);
            }
            seen.extend_from_slice(&buffer[..count]);
            let text = self.text.as_bytes();
            if seen.windows(text.len()).any(|part| part == text) {
                self.hold();
                seen.clear();
            }
            // The text may come in two parts.
            seen.drain(..seen.len().saturating_sub(text.len()));
            server.write_all(&buffer[..count])?;
        }
    }

    fn hold(&self) {
        let mut state = self.state.lock().unwrap();
        state.held += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| !state.open));
    }
}
