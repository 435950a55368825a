//! CloudFormation templates: modules, local references, checks, rendering.

mod boundary;
pub mod check;
mod files;
pub(crate) mod function;
mod include;
mod modules;
mod omit;
mod package;
mod places;
pub mod policy;
mod publish;
mod render;
#[cfg(test)]
mod render_laws;
#[cfg(test)]
mod render_tests;
mod rendered;
mod rendered_file;
mod reread;
mod resources;
#[cfg(test)]
mod test_project;

pub use files::{FileError, FileKind, Files};
pub use package::ArtifactLookup;
pub use render::{RenderInput, render, render_with_sources};
pub use rendered::{
    Capability, OmittedResource, ParameterDeclaration, RenderedTemplate, ResourceDeclaration,
    Upload, UploadSource,
};
pub use rendered_file::RenderedFile;
pub use reread::reread;
