//! CloudFormation templates: modules, local references, checks, rendering.

pub mod check;
mod files;
pub(crate) mod function;
mod include;
mod modules;
mod omit;
mod package;
mod places;
mod render;
#[cfg(test)]
mod render_laws;
#[cfg(test)]
mod render_tests;
mod rendered;
mod reread;
#[cfg(test)]
mod test_project;

pub use files::{FileError, FileKind, Files};
pub use package::ArtifactLookup;
pub use render::{RenderInput, render};
pub use rendered::{
    Capability, OmittedResource, ParameterDeclaration, RenderedTemplate, ResourceDeclaration,
    Upload, UploadSource,
};
pub use reread::reread;
