//! Checking a tree against the schema: unknown and missing keys, wrong kinds, references to secrets. What passes comes
//! out as JSON in which references are resolved, ready to become the typed configuration.

mod scalar;
mod secret;

use serde_json::{Map, Value};

use super::environment::Environment;
use super::path::KeyPath;
use super::schema::{Key, Kind, Variant, one_of};
use super::suggest::nearest;
use super::tree::{Entry, Table, Tree};

/// What is wrong at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) path: KeyPath,
    pub(super) message: String,
}

/// Collects faults on the way through a tree.
pub(super) struct Checker<'a> {
    /// Where `env:NAME` is looked up; none where references are not allowed.
    environment: Option<&'a dyn Environment>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(environment: Option<&'a dyn Environment>) -> Self {
        Self { environment, faults: Vec::new() }
    }

    pub(super) fn fault(&mut self, path: KeyPath, message: impl Into<String>) {
        self.faults.push(Fault { path, message: message.into() });
    }

    /// Checks a table. A key that is there but wrong comes out as `null`, so that later rules do not call it missing.
    pub(super) fn table(&mut self, at: &KeyPath, keys: &[Key], table: &Table) -> Map<String, Value> {
        for name in table.keys().filter(|name| !keys.iter().any(|key| key.name == name.as_str())) {
            self.fault(at.key(name), unknown(name, keys));
        }
        let mut checked = Map::new();
        for key in keys {
            let path = at.key(key.name);
            match table.get(key.name).filter(|entry| entry.tree != Tree::Null) {
                Some(entry) => {
                    let value = self.value(&path, key, &entry.tree).unwrap_or(Value::Null);
                    checked.insert(key.name.to_owned(), value);
                }
                None if key.required => self.fault(path, format!("missing; expected {}", key.expected())),
                None => {}
            }
        }
        checked
    }

    fn value(&mut self, path: &KeyPath, key: &Key, tree: &Tree) -> Option<Value> {
        match (&key.kind, tree) {
            (Kind::Table(keys), Tree::Table(table)) => Some(self.table(path, keys, table).into()),
            (Kind::Tables(keys), Tree::List(items)) => Some(self.tables(path, key, keys, items)),
            (Kind::Tagged(tag, variants), Tree::Table(table)) => self.tagged(path, tag, variants, table),
            (Kind::Free, Tree::Table(_)) => Some(tree.to_json()),
            (Kind::Secret, Tree::Text(text)) => self.secret(path, key, text),
            (Kind::Tables(_) | Kind::Table(_) | Kind::Tagged(..) | Kind::Free, _) => {
                self.fault(path.clone(), format!("is {}; expected {}", tree.found(), key.expected()));
                None
            }
            _ => self.scalar(path, key, tree),
        }
    }

    fn tables(&mut self, path: &KeyPath, key: &Key, keys: &[Key], items: &[Entry]) -> Value {
        let mut checked = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = path.index(index);
            if let Tree::Table(table) = &item.tree {
                checked.push(Value::Object(self.table(&at, keys, table)));
            } else {
                self.fault(at, format!("is {}; expected {}", item.tree.found(), key.expected()));
                checked.push(Value::Null);
            }
        }
        checked.into()
    }

    /// The word at `tag` decides which keys there are; without a good one the others cannot be judged.
    fn tagged(&mut self, path: &KeyPath, tag: &str, variants: &[Variant], table: &Table) -> Option<Value> {
        let built: Vec<&str> =
            variants.iter().filter(|variant| variant.keys.is_some()).map(|variant| variant.word).collect();
        let expected = one_of(&built);
        let tag_path = path.key(tag);
        let word = match table.get(tag).map(|entry| &entry.tree) {
            Some(Tree::Text(word)) => word,
            None | Some(Tree::Null) => {
                self.fault(tag_path, format!("missing; expected {expected}"));
                return None;
            }
            Some(other) => {
                self.fault(tag_path, format!("is {}; expected {expected}", other.found()));
                return None;
            }
        };
        match variants.iter().find(|variant| variant.word == word) {
            Some(Variant { keys: Some(keys), .. }) => {
                let mut rest = table.clone();
                rest.remove(tag);
                let mut checked = self.table(path, keys, &rest);
                checked.insert(tag.to_owned(), word.as_str().into());
                Some(checked.into())
            }
            Some(Variant { keys: None, .. }) => {
                self.fault(
                    tag_path,
                    format!("{word:?} is not built yet in this version; expected {expected}"),
                );
                None
            }
            None => {
                self.fault(tag_path, format!("is {word:?}; expected {expected}"));
                None
            }
        }
    }
}

/// What to say of a key that does not exist.
pub(super) fn unknown(name: &str, keys: &[Key]) -> String {
    let names = || keys.iter().map(|key| key.name);
    match nearest(name, names()) {
        Some(meant) => format!("unknown key; did you mean {meant}?"),
        None => format!("unknown key; expected one of {}", names().collect::<Vec<_>>().join(", ")),
    }
}
