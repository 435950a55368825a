//! The project file `shopctl.yaml`: read, checked, described.
//!
//! [`Project::parse`] makes a [`Project`] of the text or says everything that is wrong
//! with it; [`schema`] is the
//! JSON Schema for editors. Files are neither opened nor looked for here.

mod consistency;
mod file;
mod graph;
mod model;
mod resolve;
mod schema;
mod shape;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use model::{
    Architecture, Environment, EnvironmentKind, Given, Located, Project, Site, SiteConfig, Stack,
    UnknownEnvironment, Url, artifact_bucket_name,
};
pub use schema::schema;
pub use text::{
    AccountId, CargoProfile, FilePath, FolderPath, HandlerName, ProjectName, Region, ResourceType,
    SiteFile, UrlName, UrlPath,
};
pub use value::{ConfigValue, LocalValue, OutputReference, ParameterValue, PseudoValue};
