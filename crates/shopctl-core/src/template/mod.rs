//! CloudFormation templates: modules, local references, checks, rendering.

mod rendered;

pub use rendered::{
    Capability, OmittedResource, ParameterDeclaration, RenderedTemplate, ResourceDeclaration,
    Upload, UploadSource,
};
