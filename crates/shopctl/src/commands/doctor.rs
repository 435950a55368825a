//! `shopctl doctor`: what this machine has and lacks.

use shopctl_local::{Check, CheckStatus, DoctorRequest, Folders, doctor};

use crate::cli::Global;
use crate::display::Display;
use crate::error::CommandError;
use crate::session::{local_cloud, local_error};
use crate::workspace::Workspace;

/// Runs the checks. Without a project it checks what every project needs.
pub(crate) async fn run(global: &Global, display: &Display) -> Result<u8, CommandError> {
    let workspace = Workspace::open(global).ok();
    let cloud = match &workspace {
        Some(workspace) => local_cloud(workspace, None)?.status().await.ok(),
        None => None,
    };
    let project = workspace.as_ref().map(|workspace| &workspace.project);
    let checks = doctor(&DoctorRequest {
        path: std::env::var_os("PATH").unwrap_or_default(),
        folders: Folders::from_env(&|name| std::env::var_os(name)).map_err(local_error)?,
        site: project.is_some_and(|project| {
            project
                .environments()
                .any(|environment| project.site_in(environment).is_some())
        }),
        database: workspace.as_ref().is_some_and(Workspace::has_databases),
        cloud,
    });
    let well = checks
        .iter()
        .all(|check| !check.required || check.status == CheckStatus::Ok);
    if display.json {
        let document = serde_json::json!({ "version": 1, "ok": well, "checks": checks });
        display.result(&document.to_string());
    } else {
        for check in &checks {
            display.result(&line(check, display));
        }
    }
    Ok(if well { 0 } else { 1 })
}

/// A check as a line, with the command that mends it below.
fn line(check: &Check, display: &Display) -> String {
    let style = |style: console::Style| style.force_styling(display.results.colour);
    let (mark, colour) = match (check.status, check.required) {
        (CheckStatus::Ok, _) => ("ok", style(console::Style::new().green())),
        (_, true) => ("missing", style(console::Style::new().red())),
        (_, false) => ("optional", style(console::Style::new().yellow())),
    };
    let mark = colour.apply_to(format!("{mark:<9}"));
    let found = check.found.as_deref().unwrap_or("-");
    let mut text = format!("{mark}{:<16}{found:<12}{}", check.name, check.detail);
    if let Some(fix) = &check.fix {
        text.push_str(&format!("\n         {:<16}run: {fix}", ""));
    }
    text
}
