//! Which run somebody means.

/// The identifier of the run that `text` names: the whole of it, or its beginning when only
/// one begins so. `latest` and `previous` are names too.
pub fn find_run<'a>(runs: &'a [String], text: &str) -> Result<&'a str, UnknownRun> {
    let unknown = || UnknownRun::None(text.to_owned());
    match text {
        "latest" => return runs.last().map(String::as_str).ok_or_else(unknown),
        "previous" => {
            let previous = runs.len().checked_sub(2).and_then(|index| runs.get(index));
            return previous.map(String::as_str).ok_or_else(unknown);
        }
        _ => {}
    }
    if let Some(run) = runs.iter().find(|run| *run == text) {
        return Ok(run);
    }
    let mut found = runs.iter().filter(|run| run.starts_with(text));
    match (found.next(), found.next()) {
        (Some(run), None) if !text.is_empty() => Ok(run),
        (Some(_), Some(_)) => Err(UnknownRun::Several(text.to_owned())),
        _ => Err(unknown()),
    }
}

/// No run, or more than one, has that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownRun {
    /// None.
    #[error("there is no run '{0}'")]
    None(String),
    /// More than one.
    #[error("more than one run begins with '{0}'")]
    Several(String),
}
