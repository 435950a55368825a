//! Modules: the `Modules` section of a template is put in place of its imports, with the
//! syntax and the results of `aws cloudformation package`, so that the same template
//! works with either tool.
//!
//! What is taken over: `Source`, `Properties`, `Overrides`, `ForEach` and `Fn::ForEach` of
//! an import, `ForEach` of a resource, `Constants`, `Packages` that are folders,
//! `ParameterSchema`, conditions and mappings of a module (evaluated where everything is
//! known, else emitted under the module's name), outputs by `!GetAtt Module.Output`, and
//! the functions `Fn::Merge`, `Fn::InsertFile`, `Fn::Flatten` and `Fn::Invoke`.
//!
//! Names are looked up where they are written: in the module itself, then in the file
//! that imports it. The AWS CLI rewrites the document step by step instead, which gives
//! the same result wherever its own is valid. Where its result is not, this does what the
//! author meant:
//!
//! * refs in a condition that is emitted are resolved, and conditions may be in any order;
//! * `DependsOn` of a resource that a condition leaves out is dropped;
//! * an override of an attribute that the module does not set is not applied twice;
//! * `Sub` may have a list of variables, and a variable that becomes a function call does;
//! * a value that is a text is never read as a `Sub`;
//! * a parameter of a list type that is given as `a,b` is a list where it is referred to;
//! * a `ForEach` over a map or a list of texts works for resources as for modules.
//!
//! Not supported, and refused with a message: sources on the network, zipped packages,
//! cycles of modules. The source map and the usage metrics that the AWS CLI writes into
//! `Metadata` are left out (its `--no-source-map --no-metrics`): they would change a
//! template whenever a line moves.

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
