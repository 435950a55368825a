//! Implements the ports of `shopctl-deploy` on the AWS SDK: the only crate that names
//! `aws_sdk_*`. It maps SDK types and errors to the tool's own and decides nothing.

mod change_set;
mod cloudformation;
mod cloudfront;
mod connect;
mod credentials;
mod error;
mod http;
mod lambda;
mod logs;
mod operations;
mod pace;
mod recovery;
mod refactor;
mod retry;
mod s3;
mod s3_conditional;
#[cfg(test)]
mod wire_tests;

pub use connect::{Cloud, Endpoint};
pub use credentials::{CredentialsProblem, RoleRequest, Surroundings, explain};
