//! A cloud in memory, on simulated time, for tests of the deployer.
//!
//! [`FakeCloud`] implements the ports of `shopctl-deploy` with the behaviours that `SPEC.md`
//! lists by number: statuses and their transitions, refusals with AWS's texts, events that
//! come late, calls that fail. Its state outlives whoever talks to it, so that a test can kill
//! a run and begin another one. [`TestProject`] is a project of stacks that tests deploy,
//! change and tear down as the commands do.
//!
//! Time is tokio's: under a paused clock nothing really waits.

mod call;
mod change_set;
mod changes;
mod clock;
mod cloud;
mod cloudformation;
mod evaluate;
mod object_store;
mod operation;
mod person;
mod phases;
mod project;
mod random;
mod recovery_ports;
mod refusal;
mod requests;
mod resources;
mod run;
mod settings;
mod smaller_ports;
mod stack;
mod storage;
mod template;
mod test_stack;
mod world;

pub use call::{Call, Calls, Fault, FaultRule, KillPoint};
pub use cloud::FakeCloud;
pub use person::Person;
pub use project::{ARTIFACTS, TestProject, TestSite};
pub use random::Random;
pub use refusal::Refusal;
pub use run::{Command, Ended, Run, Runner, Stop};
pub use settings::{EventDelivery, FaultStep, ResourceFault, Settings};
pub use test_stack::{TestResource, TestStack};
pub use world::Physical;

/// The account that the cloud is.
pub const ACCOUNT: &str = "123456789012";

/// Its region.
pub const REGION: &str = "eu-central-1";
