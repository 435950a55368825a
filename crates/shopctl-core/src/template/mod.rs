//! CloudFormation templates: modules, local references, checks, rendering.

mod files;
mod function;
mod modules;
mod rendered;

pub use files::{FileError, FileKind, Files};
pub use rendered::{
    Capability, OmittedResource, ParameterDeclaration, RenderedTemplate, ResourceDeclaration,
    Upload, UploadSource,
};
