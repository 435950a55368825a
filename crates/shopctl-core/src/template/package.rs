//! Local references: where a template names a file or a folder of the project, bucket and
//! key of an artifact come in its place. The places are those where
//! `aws cloudformation package` looks, and a few more that work alike.
//!
//! Unlike there, a path is relative to the file in which it is written, module files
//! included, and a function without `Code` does not get the template's folder.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::files::{FileError, FileKind, Files, path_at, unreadable};
use super::function::make;
use super::places::{FUNCTIONS, Form, METADATA, Place, places};
use super::publish::fill_digests;
use super::resources;
use super::{Upload, UploadSource};
use crate::diagnostic::{Diagnostic, Location, closest};
use crate::names::ArtifactDigest;
use crate::yaml::Node;

/// Where the artifacts of handlers and folders come from.
pub trait ArtifactLookup {
    /// The packed artifact of the handler with this folder; `None` when there is none.
    fn handler(&self, folder: &str) -> Option<ArtifactDigest>;

    /// The folders of all handlers, for suggestions.
    fn handlers(&self) -> Vec<String>;

    /// Packs a folder or a file as zip; the reason when that fails.
    fn pack(&self, path: &str) -> Result<ArtifactDigest, String>;
}

/// Uploads by their keys; the same content goes up once.
pub(super) type Uploads = BTreeMap<String, Upload>;

/// A template that a resource of another one names.
pub(super) struct NestedTemplate<'a> {
    pub(super) path: &'a str,
    /// The resource's logical ID.
    pub(super) id: &'a str,
    /// Where the path is written.
    pub(super) location: &'a Location,
    /// The values for its parameters.
    pub(super) parameters: Option<&'a Node>,
}

/// Puts artifacts in place of local references.
pub(super) struct Packager<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) artifacts: &'a dyn ArtifactLookup,
    /// The artifact bucket, with pseudo parameters.
    pub(super) bucket: &'a str,
    /// `x86_64` or `arm64`.
    pub(super) architecture: &'a str,
    /// Renders a nested template.
    pub(super) nested: &'a mut dyn FnMut(NestedTemplate<'_>) -> Option<Upload>,
    pub(super) uploads: Uploads,
    /// The artifacts of functions, by their logical IDs.
    pub(super) code: BTreeMap<String, ArtifactDigest>,
    pub(super) errors: Vec<Diagnostic>,
}

impl Packager<'_> {
    pub(super) fn package(&mut self, document: &mut Node) {
        if let Some(metadata) = document.get_mut("Metadata") {
            for kind in METADATA {
                if let Some(holder) = metadata.get_mut(kind) {
                    for place in places(kind) {
                        self.package_place(kind, holder, place);
                    }
                }
            }
        }
        if let Some(section) = document.get_mut("Resources") {
            resources::visit(section, &mut |id, resource| {
                self.package_resource(id, resource);
            });
            fill_digests(section, &self.code);
        }
    }

    fn package_resource(&mut self, id: &str, resource: &mut Node) {
        let kind = resource.get("Type").and_then(Node::as_str);
        let Some(kind) = kind.map(str::to_owned) else {
            return;
        };
        let Some(properties) = resource.get_mut("Properties") else {
            return;
        };
        for place in places(&kind) {
            let is_handler = self.package_place(id, properties, place);
            if let Some(digest) = self.packed(properties, place)
                && FUNCTIONS.contains(&kind.as_str())
            {
                self.code.insert(id.to_owned(), digest);
            }
            if is_handler && FUNCTIONS.contains(&kind.as_str()) {
                self.set_architecture(properties);
            }
        }
    }

    /// The artifact that was put into a place of some properties.
    fn packed(&self, properties: &Node, place: &Place) -> Option<ArtifactDigest> {
        let Form::Mapping(_, key) = place.form else {
            return None;
        };
        let key = properties.get(place.property)?.get(key)?.as_str()?;
        self.uploads.get(key).map(|upload| upload.digest.clone())
    }

    /// Packages one property; whether it named a handler.
    fn package_place(&mut self, id: &str, properties: &mut Node, place: &Place) -> bool {
        let parameters = properties.get("Parameters").cloned();
        let mut at = Some(properties);
        for name in place.property.split('.') {
            at = at.and_then(|node| node.get_mut(name));
        }
        let Some(node) = at else { return false };
        let Some(reference) = node.as_str().map(str::to_owned) else {
            return false;
        };
        if reference.contains("://") {
            return false;
        }
        let location = node.location.clone();
        let path = match path_at(&location, &reference) {
            Ok(path) => path,
            Err(error) => {
                self.errors.push(error);
                return false;
            }
        };
        if place.form == Form::Template {
            let nested = NestedTemplate {
                path: &path,
                id,
                location: &location,
                parameters: parameters.as_ref(),
            };
            if let Some(upload) = (self.nested)(nested) {
                *node = self.template_url(&upload.key, &location);
                self.uploads.entry(upload.key.clone()).or_insert(upload);
            }
            return false;
        }
        let handler = self.artifacts.handler(&path);
        let is_handler = handler.is_some();
        let upload = match handler {
            Some(digest) => Ok(packed(digest, &path)),
            None => self.upload(&path, &reference, place, &location),
        };
        match upload {
            Ok(upload) => {
                *node = self.object(&upload.key, place.form, &location);
                self.uploads.entry(upload.key.clone()).or_insert(upload);
            }
            Err(error) => self.errors.push(error),
        }
        is_handler
    }

    /// The upload of a folder or file that is no handler.
    fn upload(
        &self,
        path: &str,
        reference: &str,
        place: &Place,
        location: &Location,
    ) -> Result<Upload, Diagnostic> {
        let pack = || {
            let packing = self.artifacts.pack(path);
            packing
                .map(|digest| packed(digest, path))
                .map_err(|reason| {
                    Diagnostic::error(location, format!("cannot pack '{path}': {reason}"))
                })
        };
        match self.files.kind(path) {
            None => Err(self.missing(path, reference, location)),
            Some(FileKind::Folder) if self.is_unlisted_handler(path) => {
                let message = format!("'{path}' is a cargo package, but no handler of the project");
                let hint = "name it under 'handlers' in the project file, so that it is built";
                Err(Diagnostic::error(location, message).with_hint(hint))
            }
            Some(FileKind::Folder) => pack(),
            Some(FileKind::File) => {
                let read = self.files.read(path);
                let bytes = read.map_err(|error| unreadable(self.files, path, &error, location))?;
                if place.zip && !bytes.starts_with(b"PK\x03\x04") {
                    return pack();
                }
                Ok(of_bytes(bytes, extension(path), path))
            }
        }
    }

    fn is_unlisted_handler(&self, path: &str) -> bool {
        self.files.kind(&format!("{path}/Cargo.toml")) == Some(FileKind::File)
    }

    fn missing(&self, path: &str, reference: &str, location: &Location) -> Diagnostic {
        let handlers = self.artifacts.handlers();
        let name = last(reference);
        let near = closest(name, handlers.iter().map(|handler| last(handler)));
        let near = near.and_then(|near| handlers.iter().find(|handler| last(handler) == near));
        let missing = unreadable(self.files, path, &FileError::NotFound, location);
        match near {
            Some(handler) => {
                let up = "../".repeat(location.file.matches('/').count());
                missing.with_hint(format!("did you mean the handler '{up}{handler}'?"))
            }
            None => missing,
        }
    }

    fn object(&self, key: &str, form: Form, location: &Location) -> Node {
        let bucket = self.bucket;
        let sub = |text: String| make("Fn::Sub", Node::string(text, location), location);
        match form {
            Form::Mapping(bucket_key, key_key) => Node::mapping(
                vec![
                    (Node::plain(bucket_key, location), sub(bucket.to_owned())),
                    (Node::plain(key_key, location), Node::string(key, location)),
                ],
                location,
            ),
            Form::Uri | Form::Template => sub(format!("s3://{bucket}/{key}")),
        }
    }

    /// CloudFormation wants the URL of a template in path style.
    fn template_url(&self, key: &str, location: &Location) -> Node {
        let text = format!(
            "https://s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{}/{key}",
            self.bucket
        );
        make("Fn::Sub", Node::string(text, location), location)
    }

    /// Sets the architecture that the handler is built for, unless it is set.
    fn set_architecture(&mut self, properties: &mut Node) {
        let Some(set) = properties.get("Architectures") else {
            let location = &properties.location.clone();
            let architecture = Node::string(self.architecture, location);
            let list = Node::sequence(vec![architecture], location);
            properties.set("Architectures", list);
            return;
        };
        let Some([only]) = set.items() else { return };
        if let Some(text) = only.as_str()
            && text != self.architecture
        {
            let message = format!(
                "the function wants '{text}', but handlers are built for '{}' here",
                self.architecture
            );
            let hint = "leave 'Architectures' out: it is set to what is built";
            self.errors
                .push(Diagnostic::error(&only.location, message).with_hint(hint));
        }
    }
}

/// The last name of a path.
fn last(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

fn packed(digest: ArtifactDigest, path: &str) -> Upload {
    Upload {
        label: path.to_owned(),
        key: format!("artifacts/{digest}.zip"),
        digest,
        source: UploadSource::Artifact,
    }
}

/// The upload of bytes under the digest of their content.
pub(super) fn of_bytes(bytes: Vec<u8>, extension: &str, path: &str) -> Upload {
    let digest = ArtifactDigest::new(hex::encode(Sha256::digest(&bytes)));
    Upload {
        label: path.to_owned(),
        key: format!("artifacts/{digest}{extension}"),
        digest,
        source: UploadSource::Bytes(bytes),
    }
}

/// The extension of a file with its dot; empty when it has none.
fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 16 => &name[at..],
        _ => "",
    }
}
