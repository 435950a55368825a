//! From sources to what is deployed: compiles handlers in one cargo call, checks
//! their binaries against the Lambda runtime, packs them reproducibly, and builds
//! the web site.
//!
//! It reports typed events and prints nothing, makes no call to AWS, and takes
//! environment variables and folders from its caller.

mod archive;
mod binary;
mod digest;
mod pack;
mod process;

pub use archive::{ArchiveError, Compression, Entry, write_zip};
pub use binary::{Architecture, BinaryProblem, GlibcVersion, RUNTIME_GLIBC, check_binary};
pub use pack::{MAX_UNZIPPED_BYTES, PackError, Packed, pack_binary, pack_folder};
pub use process::{Environment, ToolError};
pub use shopctl_core::names::ArtifactDigest;
