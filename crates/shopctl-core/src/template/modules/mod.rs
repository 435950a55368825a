//! Modules: the section `Modules` of a template is replaced by what it imports. Syntax and
//! results are those that are proposed for `aws cloudformation package` (pull request 9124
//! of aws/aws-cli, in no release yet) and that `rain pkg` shares, so that a template works
//! with either.
//!
//! What is taken over: `Source`, `Properties`, `Overrides`, `ForEach` and `Fn::ForEach` of
//! an import, `ForEach` of a resource, `Constants`, `Packages` that are folders,
//! `ParameterSchema`, `Transform`, conditions and mappings of a module (decided where
//! everything is known, else emitted under the module's name), outputs by
//! `!GetAtt Module.Output`, and the functions `Fn::Merge`, `Fn::InsertFile`, `Fn::Flatten`
//! and `Fn::Invoke`. `Fn::Select` and `Fn::Join` collapse when their arguments are known.
//!
//! Names are looked up where they are written: in the module itself, then in the file
//! that imports it. The AWS CLI rewrites the document step by step instead. Both come to
//! the same, but for places where its result is one that CloudFormation refuses or that
//! the author did not mean:
//!
//! * references in a condition that is emitted are resolved, the names of other conditions
//!   included; conditions may be in any order; one that nothing uses is not emitted;
//! * values are compared as texts, as CloudFormation does: `true` equals `'true'`;
//! * `DependsOn` of a resource that a condition leaves out is dropped;
//! * an override of a list that the module does not set is not applied twice;
//! * `Sub` may have a list of variables, and gets one where a value is a function call;
//! * a value that is a text is never read as a `Sub`, and `${!Literal}` loses its mark
//!   where the `Sub` around it goes;
//! * a parameter of a list type that is given as `a,b` is a list where it is referred to;
//! * `ForEach` takes lists of texts, placeholders work in all of an entry, and items are
//!   found by key and number wherever they are referred to;
//! * an input that the parent refers to as `Module.Input` keeps the parent's names.
//!
//! Refused with a message: sources on the network, zipped packages, cycles of modules,
//! inputs, outputs, overrides and keys that do not exist (the AWS CLI ignores most of
//! these), and a condition of an import that cannot be decided, which it ignores too. The
//! source map and the usage metrics that it writes into `Metadata` are left out (its
//! `--no-source-map --no-metrics`): they would change a template whenever a line moves.

mod conditions;
mod constants;
mod emit;
mod flatten;
mod foreach;
mod functions;
mod inputs;
mod load;
mod lookup;
mod merge;
#[cfg(test)]
mod mistakes_tests;
mod overrides;
mod path;
mod resolve;
mod schema;
mod scope;
mod sub;
mod sub_text;
#[cfg(test)]
mod tests;

pub(crate) use emit::expand;
pub(crate) use sub_text::variables as sub_variables;
