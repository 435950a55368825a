//! The local cloud, asked without `shopctl`: what is in it, and is it alive.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::eventually;

/// Asks with the SDK that comes with the local cloud.
const HELPER: &str = include_str!("emulator.py");

/// A local cloud that runs.
#[derive(Debug)]
pub struct Emulator {
    /// Its process.
    pub pid: u32,
    /// Its port.
    pub port: u16,
    /// Its URL.
    pub endpoint: String,
    helper: Mutex<Helper>,
}

/// A process that puts questions to the cloud.
#[derive(Debug)]
struct Helper {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Emulator {
    /// From what `shopctl local status --output json` says.
    #[track_caller]
    pub(crate) fn of(status: &Value) -> Self {
        assert_eq!(status["status"], "running", "{status}");
        let instance = &status["instance"];
        let number = |name: &str| instance[name].as_u64().unwrap();
        let pid = u32::try_from(number("pid")).unwrap();
        let endpoint = instance["endpoint"].as_str().unwrap().to_owned();
        Self {
            pid,
            port: u16::try_from(number("port")).unwrap(),
            helper: Mutex::new(Helper::start(pid, &endpoint)),
            endpoint,
        }
    }

    /// Everything in it, by kind: names and states, sorted. Empty kinds are left out.
    #[track_caller]
    pub fn inventory(&self) -> Value {
        self.ask(&json!({"inventory": true}))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes one AWS call: the service and the operation as botocore names them.
    #[track_caller]
    pub fn call(&self, service: &str, operation: &str, parameters: &Value) -> Value {
        self.try_call(service, operation, parameters)
            .unwrap_or_else(|error| panic!("{service} {operation}: {error}"))
    }

    /// Calls a Lambda function and answers what it answers.
    #[track_caller]
    pub fn invoke(&self, function: &str, payload: &Value) -> Value {
        let parameters = json!({"FunctionName": function, "Payload": payload.to_string()});
        let answer = self.call("lambda", "invoke", &parameters);
        assert!(
            answer.get("FunctionError").is_none(),
            "{function}: {answer}"
        );
        let text = answer["Payload"].as_str().unwrap();
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{function}: {error}: {text}"))
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
        let question =
            json!({"service": service, "operation": operation, "parameters": parameters});
        self.ask(&question)
    }

    /// The same as somebody else, with credentials as `AssumeRole` answers them.
    ///
    /// # Errors
    /// What the SDK says about it.
    pub fn try_call_as(
        &self,
        credentials: &Value,
        service: &str,
        operation: &str,
        parameters: &Value,
    ) -> Result<Value, String> {
        let question = json!({
            "service": service, "operation": operation, "parameters": parameters,
            "credentials": credentials,
        });
        self.ask(&question)
    }

    /// The address of a WebSocket API as the owner of the cloud may open it.
    #[track_caller]
    pub fn signed(&self, url: &str) -> String {
        let answer = self.ask(&json!({"signed": url}));
        let answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
        answer.as_str().unwrap().to_owned()
    }

    /// Kills it and waits until it is gone.
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

    fn ask(&self, question: &Value) -> Result<Value, String> {
        let mut helper = self.helper.lock().unwrap();
        writeln!(helper.questions, "{question}").unwrap();
        let mut line = String::new();
        helper.answers.read_line(&mut line).unwrap();
        let mut said: Value = serde_json::from_str(&line).expect("the helper answers in JSON");
        match said.get("error") {
            Some(error) => Err(error.to_string()),
            None => Ok(said["answer"].take()),
        }
    }
}

impl Helper {
    fn start(cloud: u32, endpoint: &str) -> Self {
        // The Python of the cloud's installation. Not resolved: the link leads out of it.
        let line = std::fs::read(format!("/proc/{cloud}/cmdline")).unwrap();
        let python = line.split(|byte| *byte == 0).next().unwrap();
        let mut process = Command::new(&*String::from_utf8_lossy(python))
            .args(["-I", "-c", HELPER, endpoint])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the local cloud's Python runs");
        Self {
            questions: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
