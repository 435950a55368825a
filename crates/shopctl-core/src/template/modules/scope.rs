//! What the expander knows: one scope for the template and one for each import.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use super::conditions::Verdict;
use crate::diagnostic::{Diagnostic, Location, did_you_mean};
use crate::template::files::Files;
use crate::yaml::Node;

/// The index of a scope; the template's is `ROOT`.
pub(super) type ScopeId = usize;

/// The template's own scope.
pub(super) const ROOT: ScopeId = 0;

/// Work after which a template is taken to grow without end.
const MAX_STEPS: usize = 4_000_000;

/// Levels of values within values, across modules: a document has at most 128, and every
/// output that is the input of another module adds two.
const MAX_LEVELS: usize = 160;

/// A section: key to key and value as they are written.
pub(super) type Section = IndexMap<String, (Node, Node)>;

/// The expansion of one template.
pub(super) struct Expander<'a> {
    pub(super) files: &'a dyn Files,
    /// Values that the environment gives to the template's parameters.
    pub(super) values: &'a BTreeMap<String, String>,
    pub(super) scopes: Vec<Scope>,
    /// Module files that have been read; `None` for those with errors.
    pub(super) sources: HashMap<String, Option<Arc<Node>>>,
    /// Conditions that are known only to CloudFormation, under their final names.
    pub(super) conditions: IndexMap<String, (Location, Node)>,
    /// Mappings with a key that is known only to CloudFormation, under their final names.
    pub(super) mappings: IndexMap<String, (Location, Node)>,
    pub(super) transforms: Vec<Node>,
    /// Where names of the template are declared that modules and loops used up.
    pub(super) used: Vec<Location>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Whether the template's own parameters stand for their values, as in the list of a loop.
    pub(super) render_time: bool,
    /// What is being worked out, to find what depends on itself.
    pub(super) busy: Vec<(ScopeId, &'static str, String)>,
    steps: usize,
    depth: usize,
}

/// A file with the names it declares: the template, or one import of a module.
pub(super) struct Scope {
    pub(super) parent: Option<ScopeId>,
    /// What the logical IDs of its resources begin with.
    pub(super) prefix: String,
    /// The name under which it is imported; empty for the template.
    pub(super) name: String,
    pub(super) file: String,
    /// Where it is imported.
    pub(super) import: Location,
    pub(super) parameters: Section,
    pub(super) schema: Section,
    pub(super) conditions: Section,
    pub(super) mappings: Section,
    pub(super) outputs: Section,
    pub(super) packages: Section,
    pub(super) resources: IndexMap<String, Resource>,
    pub(super) groups: IndexMap<String, Group>,
    /// `Properties` of the import, in the words of the parent.
    pub(super) given: Section,
    /// `Overrides` of the import.
    pub(super) overrides: Section,
    /// Inputs that have been worked out; `None` for those with errors.
    pub(super) inputs: HashMap<String, Option<Node>>,
    pub(super) verdicts: HashMap<String, Verdict>,
}

/// A resource, or the loop that makes copies of it.
#[derive(Clone)]
pub(super) struct Resource {
    pub(super) key: Node,
    pub(super) value: Node,
    /// The copies, once they have been made.
    pub(super) copies: Option<Arc<[Copy]>>,
}

/// A copy of a looped resource.
pub(super) struct Copy {
    /// The item's identifier.
    pub(super) key: String,
    pub(super) id: String,
    pub(super) value: Node,
}

/// An entry of `Modules`.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) key: Node,
    pub(super) entry: Node,
    /// The imports it makes, once they have been read.
    pub(super) instances: Option<Arc<[Instance]>>,
}

/// One import.
#[derive(Clone)]
pub(super) struct Instance {
    /// The item's identifier; empty when there is no loop.
    pub(super) key: String,
    pub(super) name: String,
    /// `None` when its source has errors.
    pub(super) scope: Option<ScopeId>,
}

impl<'a> Expander<'a> {
    pub(super) fn new(files: &'a dyn Files, values: &'a BTreeMap<String, String>) -> Self {
        Self {
            files,
            values,
            scopes: Vec::new(),
            sources: HashMap::new(),
            conditions: IndexMap::new(),
            mappings: IndexMap::new(),
            transforms: Vec::new(),
            used: Vec::new(),
            diagnostics: Vec::new(),
            render_time: false,
            busy: Vec::new(),
            steps: 0,
            depth: 0,
        }
    }

    pub(super) fn error(&mut self, location: &Location, message: impl Into<String>) {
        self.report(Diagnostic::error(location, message));
    }

    pub(super) fn unknown<'n>(
        &mut self,
        location: &Location,
        message: impl Into<String>,
        word: &str,
        candidates: impl IntoIterator<Item = &'n str> + Clone,
    ) {
        let mut diagnostic = Diagnostic::error(location, message);
        diagnostic.hint = did_you_mean(word, candidates);
        self.report(diagnostic);
    }

    /// Adds a finding once: what several copies of a module get wrong is one mistake.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether there is work left to spend on going one level deeper; says so at `location`
    /// when there is none.
    pub(super) fn enter(&mut self, location: &Location) -> bool {
        self.steps += 1;
        if self.steps == MAX_STEPS {
            self.error(
                location,
                "the modules of this template grow without end; \
                 inputs or loops multiply from module to module",
            );
        }
        if self.depth == MAX_LEVELS {
            self.error(location, "modules depend on each other in too long a chain");
        }
        let goes_on = self.steps < MAX_STEPS && self.depth < MAX_LEVELS;
        if goes_on {
            self.depth += 1;
        }
        goes_on
    }

    /// Ends what `enter` began.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Runs `work` unless it is under way already, which would go on for ever.
    pub(super) fn once<T>(
        &mut self,
        scope: ScopeId,
        what: &'static str,
        name: &str,
        location: &Location,
        work: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let key = (scope, what, name.to_owned());
        if self.busy.contains(&key) {
            let owner = self.describe(scope);
            self.error(
                location,
                format!("{what} '{name}' of {owner} depends on itself"),
            );
            return None;
        }
        self.busy.push(key);
        let result = work(self);
        self.busy.pop();
        result
    }

    /// `module 'Content'`, or `the template`.
    pub(super) fn describe(&self, scope: ScopeId) -> String {
        let scope = &self.scopes[scope];
        if scope.parent.is_some() {
            format!("module '{}' ({})", scope.name, scope.file)
        } else {
            "the template".to_owned()
        }
    }
}
