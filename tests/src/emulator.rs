//! The local cloud, asked without `shopctl`: what is in it, and is it alive.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::eventually;

/// Asks every service for all that it holds.
const INVENTORY: &str = concat!(include_str!("client.py"), include_str!("inventory.py"));

/// Makes one call.
const CALL: &str = concat!(include_str!("client.py"), include_str!("call.py"));

/// A local cloud that runs.
#[derive(Debug, Clone)]
pub struct Emulator {
    /// Its process.
    pub pid: u32,
    /// Its port.
    pub port: u16,
    /// Its URL.
    pub endpoint: String,
    /// The Python of its installation.
    python: PathBuf,
}

impl Emulator {
    /// From what `shopctl local status --output json` says.
    #[track_caller]
    pub(crate) fn of(status: &Value) -> Self {
        assert_eq!(status["status"], "running", "{status}");
        let instance = &status["instance"];
        let number = |name: &str| instance[name].as_u64().unwrap();
        let pid = u32::try_from(number("pid")).unwrap();
        // Not resolved: the link leads out of the virtual environment.
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        let python = line.split(|byte| *byte == 0).next().unwrap();
        Self {
            pid,
            port: u16::try_from(number("port")).unwrap(),
            endpoint: instance["endpoint"].as_str().unwrap().to_owned(),
            python: PathBuf::from(String::from_utf8_lossy(python).into_owned()),
        }
    }

    /// Everything in it, by kind: names and states, sorted. Empty kinds are left out.
    #[track_caller]
    pub fn inventory(&self) -> Value {
        let text = self
            .python(INVENTORY, &[])
            .unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Makes one AWS call: the service and the operation as botocore names them.
    #[track_caller]
    pub fn call(&self, service: &str, operation: &str, parameters: &Value) -> Value {
        self.try_call(service, operation, parameters)
            .unwrap_or_else(|error| panic!("{service} {operation}: {error}"))
    }

    /// Makes one AWS call that may be refused.
    ///
    /// # Errors
    /// What the SDK says about it.
    pub fn try_call(
        &self,
        service: &str,
        operation: &str,
        parameters: &Value,
    ) -> Result<Value, String> {
        let text = self.python(CALL, &[service, operation, &parameters.to_string()])?;
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }

    /// Kills it and waits until its port is closed.
    pub fn kill(&self) {
        use nix::sys::signal::{Signal, kill};
        let pid = nix::unistd::Pid::from_raw(self.pid.cast_signed());
        kill(pid, Signal::SIGKILL).unwrap();
        eventually("the local cloud is gone", || {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
            let gone = state.map_or(true, |text| text.contains(") Z "));
            gone.then_some(())
        });
    }

    fn python(&self, script: &str, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.python)
            .args(["-I", "-c", script, &self.endpoint])
            .args(arguments)
            .env_clear()
            .current_dir(Path::new("/"))
            .output()
            .map_err(|error| format!("{}: {error}", self.python.display()))?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        }
    }
}
