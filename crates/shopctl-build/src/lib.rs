//! From sources to what is deployed: compiles handlers in one cargo call, checks
//! their binaries against the Lambda runtime, packs them reproducibly, and builds
//! the web site.
//!
//! It reports typed events and prints nothing, makes no call to AWS, and takes
//! environment variables and folders from its caller.

mod archive;
mod binary;
mod build_error;
mod cargo;
mod digest;
mod excerpt;
mod handlers;
mod hook;
mod pack;
mod process;
mod site;
mod site_files;
mod toolchain;

pub use archive::{ArchiveError, Compression, Entry, write_zip};
pub use binary::{Architecture, BinaryProblem, GlibcVersion, RUNTIME_GLIBC, check_binary};
pub use build_error::BuildError;
pub use handlers::{
    Artifact, BuildEvent, BuildProgress, BuildRequest, HandlerSource, RunsOn, build_handlers,
};
pub use hook::{HookError, run_hook};
pub use pack::{MAX_UNZIPPED_BYTES, PackError, Packed, pack_binary, pack_folder};
pub use process::{Environment, ToolError};
pub use shopctl_core::names::ArtifactDigest;
pub use site::{SiteBuild, SiteError, SiteEvent, SiteProgress, SiteRequest, build_site};
pub use site_files::{SiteFile, SiteFileClass, site_files};
