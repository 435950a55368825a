//! Policies: what a rendered template must not do although CloudFormation would let it, for
//! instance open a bucket to everybody. Only what is certain is reported: a value that is
//! computed is given the benefit of the doubt.
//!
//! A resource that may break a rule says so: `Metadata: {shopctl: {ignore: [rule]}}`.

mod access;
mod data;
mod operation;
mod resource;
mod rules;
#[cfg(test)]
mod tests;

pub use rules::{RULES, Rule, Violation, check_policies};
