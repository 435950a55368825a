//! Implements the ports of `shopctl-deploy` on the AWS SDK: the only crate that names
//! `aws_sdk_*`. It maps SDK types and errors to the tool's own and decides nothing.

mod cloudformation;
mod cloudfront;
mod connect;
mod credentials;
mod error;
mod http;
mod lambda;
mod logs;
mod pace;
mod s3;

pub use connect::{Cloud, Endpoint};
pub use credentials::{CredentialsProblem, RoleRequest, Surroundings, explain};
