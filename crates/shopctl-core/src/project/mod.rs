//! The project file `shopctl.yaml`: read, checked, described.
//!
//! [`Project::parse`] makes a [`Project`] of the text or says everything that is wrong
//! with it; [`check_wiring`] holds the project against its templates; [`schema`] is the
//! JSON Schema for editors. Files are neither opened nor looked for here.

mod consistency;
mod containers;
mod file;
mod graph;
mod model;
mod resolve;
mod rollback;
mod schema;
mod shape;
mod text;
mod value;
mod wiring;

#[cfg(test)]
mod tests;

pub use model::{
    Architecture, Environment, EnvironmentKind, Given, Hooks, Located, Project, Role, Site,
    SiteConfig, Stack, UnknownEnvironment, Url,
};
pub use rollback::{AlarmValue, Rollback, WatchedAlarm};
pub use schema::schema;
pub use text::{
    AccountId, AlarmArn, CargoProfile, ExternalId, FilePath, FolderPath, HandlerName, PolicyArn,
    ProjectName, Region, ResourceTypePattern, RoleArn, SiteFile, UrlName, UrlPath,
};
pub use value::{ConfigValue, LocalValue, OutputReference, ParameterValue, PseudoValue};
pub use wiring::check_wiring;
