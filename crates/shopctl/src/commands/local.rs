//! `shopctl local`: the local cloud by itself.

use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;

use shopctl_local::{CloudStatus, LocalCloud};

use crate::cli::{Global, LocalArguments, LocalCommand};
use crate::display::{Display, Question};
use crate::error::{CommandError, Kind};
use crate::session::{describe, local_cloud, local_error};
use crate::workspace::Workspace;

/// Carries out one of the subcommands.
pub(crate) async fn run(
    global: &Global,
    arguments: &LocalArguments,
    display: &Display,
) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global)?;
    let port = match &arguments.command {
        LocalCommand::Start { port } => *port,
        _ => None,
    };
    let cloud = local_cloud(&workspace, port)?;
    let mut progress = |progress| {
        let text = describe(&progress);
        if !display.json && !text.is_empty() {
            display.say(&format!("local cloud: {text}"));
        }
    };
    match &arguments.command {
        LocalCommand::Start { .. } => {
            cloud
                .ensure_running(&mut progress)
                .await
                .map_err(local_error)?;
            show_status(&cloud, display).await
        }
        LocalCommand::Stop => {
            let was_running = cloud.stop(&mut progress).await.map_err(local_error)?;
            if !display.json {
                display.say(if was_running {
                    "stopped"
                } else {
                    "it was not running"
                });
            }
            Ok(0)
        }
        LocalCommand::Status => show_status(&cloud, display).await,
        LocalCommand::Logs { follow, lines } => {
            display.result(&cloud.log_tail(*lines));
            if *follow {
                follow_log(&cloud).await?;
            }
            Ok(0)
        }
        LocalCommand::Reset { yes } => {
            if !yes {
                let question = Question {
                    would: "a reset deletes everything deployed to the local cloud".to_owned(),
                    text: "Stop the local cloud and delete everything deployed to it?".to_owned(),
                    word: None,
                    refused: "nothing was done",
                };
                display.consent(question).await?;
            }
            cloud.reset(&mut progress).await.map_err(local_error)?;
            if !display.json {
                display.say("stopped, and its state deleted");
            }
            Ok(0)
        }
    }
}

async fn show_status(cloud: &LocalCloud, display: &Display) -> Result<u8, CommandError> {
    let status = cloud.status().await.map_err(local_error)?;
    if display.json {
        let document = match &status {
            CloudStatus::Running(running) => {
                serde_json::json!({ "version": 1, "status": "running", "instance": running })
            }
            CloudStatus::Stopped => serde_json::json!({ "version": 1, "status": "stopped" }),
            CloudStatus::Dead { pid, .. } => {
                serde_json::json!({ "version": 1, "status": "dead", "pid": pid })
            }
        };
        display.result(&document.to_string());
        return Ok(0);
    }
    let text = match &status {
        CloudStatus::Running(running) => format!(
            "running at {} since {} (MiniStack {}, process {}){}\nstate  {}\nlog    {}",
            running.endpoint,
            shopctl_report::duration(
                u64::try_from(running.uptime().as_millis()).unwrap_or(u64::MAX)
            ),
            running.version,
            running.pid,
            running
                .database_port
                .map_or_else(String::new, |port| format!("\nMySQL  127.0.0.1:{port}")),
            running.folder.display(),
            cloud.log_path().display(),
        ),
        CloudStatus::Stopped => "stopped (`shopctl local start` starts it)".to_owned(),
        CloudStatus::Dead { pid, .. } => format!(
            "process {pid} ended without being stopped; the next command starts it again \
             with its last saved state"
        ),
    };
    display.result(&text);
    Ok(0)
}

/// Prints what is appended to the log until the user stops it.
async fn follow_log(cloud: &LocalCloud) -> Result<(), CommandError> {
    let path = cloud.log_path();
    let unreadable = |error: std::io::Error| {
        CommandError::message(
            Kind::Failed,
            format!("cannot read '{}': {error}", path.display()),
            None,
        )
    };
    let mut position = std::fs::metadata(&path).map_err(unreadable)?.len();
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
        let mut file = std::fs::File::open(&path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        // A new log is shorter than the old one.
        position = if length < position { 0 } else { position };
        file.seek(SeekFrom::Start(position)).map_err(unreadable)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(unreadable)?;
        position += text.len() as u64;
        if std::io::stdout().write_all(&text).is_err() {
            return Ok(());
        }
    }
}
