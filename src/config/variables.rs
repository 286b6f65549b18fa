//! `KONTUR_TELEPHONY__SECTION__KEY`: every key as an environment variable, laid over the file. Elements of lists are
//! counted from 0: `KONTUR_TELEPHONY__INTEGRATION__0__API_KEY`.

use std::sync::Arc;

use super::environment::Environment;
use super::path::{KeyPath, Step};
use super::schema::{Key, Kind, SERVER};
use super::suggest::nearest;
use super::tree::{Entry, Origin, Table, Tree};

/// What the names of our variables begin with.
pub(super) const PREFIX: &str = "KONTUR_TELEPHONY__";

/// A variable that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VariableFault {
    pub(super) name: String,
    pub(super) message: String,
}

/// Lays the variables over `table`.
pub(super) fn overlay(table: &mut Table, environment: &dyn Environment) -> Vec<VariableFault> {
    let mut faults = Vec::new();
    let mut known = Vec::new();
    for (name, text) in environment.all(PREFIX) {
        match find(&name) {
            Ok((path, key)) => known.push((path, key, name, text)),
            Err(message) => faults.push(VariableFault { name, message }),
        }
    }
    // By path and not by name: element 2 of a list before element 10.
    known.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, key, name, text) in known {
        let entry =
            Entry { origin: Origin::Variable(Arc::from(name.as_str())), tree: value(&key.kind, &text) };
        if let Err(message) = set(table, path.steps(), entry) {
            faults.push(VariableFault { name, message });
        }
    }
    faults
}

/// The key that a variable is about.
fn find(name: &str) -> Result<(KeyPath, &'static Key), String> {
    let mut keys: Vec<&'static Key> = SERVER.iter().collect();
    let mut steps = Vec::new();
    let mut words = name.strip_prefix(PREFIX).unwrap_or(name).split("__");
    let mut spelt = PREFIX.trim_end_matches('_').to_owned();
    while let Some(word) = words.next() {
        let lower = word.to_lowercase();
        let Some(key) = keys.iter().copied().find(|key| key.name == lower) else {
            return Err(unknown(&spelt, &lower, &keys));
        };
        steps.push(Step::Key(lower));
        spelt = format!("{spelt}__{word}");
        keys = match &key.kind {
            Kind::Table(keys) => keys.iter().collect(),
            Kind::Tables(keys) => {
                let index = words.next().and_then(|word| word.parse().ok());
                let Some(index) = index else {
                    return Err(format!(
                        "names no element of a list; expected {spelt}__0__KEY, counted from 0"
                    ));
                };
                steps.push(Step::Index(index));
                spelt = format!("{spelt}__{index}");
                keys.iter().collect()
            }
            Kind::Tagged(tag, variants) => {
                let variants = variants.iter().filter_map(|variant| variant.keys).flatten();
                variants.chain(tag_key(tag)).collect()
            }
            _ if words.clone().next().is_none() => return Ok((steps.into_iter().collect(), key)),
            _ => return Err(format!("unknown variable; {spelt} has no parts")),
        };
    }
    let names: Vec<String> = keys.iter().map(|key| key.name.to_uppercase()).collect();
    Err(format!("names a section, not a key; expected {spelt}__ and one of {}", names.join(", ")))
}

/// The word that decides about the other keys of a table is a key as well.
fn tag_key(tag: &str) -> impl Iterator<Item = &'static Key> {
    const KIND: Key = Key { name: "kind", kind: Kind::Text, what: "the kind", required: true };
    [&KIND].into_iter().filter(move |key| key.name == tag)
}

fn unknown(spelt: &str, word: &str, keys: &[&Key]) -> String {
    if let Some(meant) = nearest(word, keys.iter().map(|key| key.name)) {
        return format!("unknown variable; did you mean {spelt}__{}?", meant.to_uppercase());
    }
    let names: Vec<String> = keys.iter().map(|key| key.name.to_uppercase()).collect();
    format!("unknown variable; expected {spelt}__ and one of {}", names.join(", "))
}

/// Variables are text; what does not read as the key's kind stays text, and is refused as such.
fn value(kind: &Kind, text: &str) -> Tree {
    let read = match kind {
        Kind::Boolean => text.parse().ok().map(Tree::Boolean),
        Kind::Integer(..) => text.trim().parse().ok().map(Tree::Integer),
        Kind::Hosts | Kind::Texts => {
            let host = |text: &str| Entry { origin: Origin::Json, tree: Tree::Text(text.trim().to_owned()) };
            Some(Tree::List(text.split(',').map(host).collect()))
        }
        Kind::Integers => Some(Tree::List(text.split(',').map(element).collect())),
        Kind::Free => serde_json::from_str(text).ok().map(|value| Tree::of_json(&value)),
        _ => None,
    };
    read.unwrap_or_else(|| Tree::Text(text.to_owned()))
}

fn element(text: &str) -> Entry {
    let tree = text.trim().parse().map_or_else(|_| Tree::Text(text.to_owned()), Tree::Integer);
    Entry { origin: Origin::Json, tree }
}

/// Sets the value at the end of `steps`, making tables and the next element of a list on the way.
fn set(table: &mut Table, steps: &[Step], entry: Entry) -> Result<(), String> {
    let [Step::Key(name), rest @ ..] = steps else { return Ok(()) };
    if rest.is_empty() {
        table.insert(name.clone(), entry);
        return Ok(());
    }
    let origin = entry.origin.clone();
    let is_list = matches!(rest[0], Step::Index(_));
    let made = if is_list { Tree::List(Vec::new()) } else { Tree::Table(Table::new()) };
    let next = table.entry(name.clone()).or_insert_with(|| Entry { origin, tree: made });
    match (&mut next.tree, rest) {
        (Tree::Table(inner), _) => set(inner, rest, entry),
        (Tree::List(items), [Step::Index(index), rest @ ..]) => set_in_list(name, items, *index, rest, entry),
        // The file has something else here: that is reported where it stands.
        _ => Ok(()),
    }
}

fn set_in_list(
    name: &str,
    items: &mut Vec<Entry>,
    index: usize,
    rest: &[Step],
    entry: Entry,
) -> Result<(), String> {
    let count = items.len();
    if index > count {
        return Err(format!("there is no {name}[{index}]; there are {count}, so the next is {count}"));
    }
    if index == count {
        items.push(Entry { origin: entry.origin.clone(), tree: Tree::Table(Table::new()) });
    }
    match items.get_mut(index).map(|item| &mut item.tree) {
        Some(Tree::Table(inner)) => set(inner, rest, entry),
        _ => Ok(()),
    }
}
