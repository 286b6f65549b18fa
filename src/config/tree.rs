//! A configuration before it means anything: keys and values with the place where each was set, from a file, from
//! JSON or from variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::path::{KeyPath, Step};

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// In this line of the file, counted from 1.
    Line(usize),
    /// By this environment variable.
    Variable(Arc<str>),
    /// In JSON, which has no lines to speak of.
    Json,
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) origin: Origin,
    pub(super) tree: Tree,
}

/// The keys of a table.
pub(super) type Table = BTreeMap<String, Entry>;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    /// JSON's `null`: as if left out.
    Null,
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// TOML's date or time.
    Time(String),
    List(Vec<Entry>),
    Table(Table),
}

impl Tree {
    /// What it is, for people.
    pub(super) const fn found(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number with a fraction",
            Self::Boolean(_) => "true or false",
            Self::Time(_) => "a date or time without quotes",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// From JSON.
    pub(super) fn of_json(value: &Value) -> Self {
        let entry = |value| Entry { origin: Origin::Json, tree: Self::of_json(value) };
        match value {
            Value::Null => Self::Null,
            Value::Bool(on) => Self::Boolean(*on),
            Value::Number(number) => number_of_json(number),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(entry).collect()),
            Value::Object(fields) => {
                Self::Table(fields.iter().map(|(name, value)| (name.clone(), entry(value))).collect())
            }
        }
    }

    /// To JSON, as it was written.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) | Self::Time(text) => Value::String(text.clone()),
            Self::Integer(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
            Self::Boolean(on) => (*on).into(),
            Self::List(items) => items.iter().map(|item| item.tree.to_json()).collect(),
            Self::Table(fields) => {
                let fields = fields.iter().map(|(name, entry)| (name.clone(), entry.tree.to_json()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }
}

fn number_of_json(number: &serde_json::Number) -> Tree {
    match number.as_i64() {
        Some(whole) => Tree::Integer(whole),
        None => Tree::Float(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// Where `path` was set; for a key that is missing, where the table is that should have it. A part of a value that
/// has no origin of its own has that of the whole.
pub(super) fn origin_of<'a>(root: &'a Entry, path: &KeyPath) -> &'a Origin {
    let (mut found, mut origin) = (root, &root.origin);
    for step in path.steps() {
        let next = match (&found.tree, step) {
            (Tree::Table(fields), Step::Key(name)) => fields.get(name),
            (Tree::List(items), Step::Index(index)) => items.get(*index),
            _ => None,
        };
        let Some(next) = next else { break };
        found = next;
        if found.origin != Origin::Json {
            origin = &found.origin;
        }
    }
    origin
}

/// A fault of the file's syntax.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxFault {
    pub(super) line: usize,
    pub(super) message: String,
}

/// Where the lines of a text end, so that thousands of keys find theirs without reading all before them.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, counted from 1.
    fn at(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|end| *end < offset)
    }
}

/// Reads TOML; all faults of its syntax if there are any.
pub(super) fn read_toml(text: &str) -> Result<Entry, Vec<SyntaxFault>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::of(text);
    if errors.is_empty() {
        let tree = Tree::Table(table_of_toml(&lines, table.get_ref()));
        return Ok(Entry { origin: Origin::Line(1), tree });
    }
    let fault = |error: &toml::de::Error| {
        let line = lines.at(error.span().map_or(0, |span| span.start));
        SyntaxFault { line, message: error.message().lines().collect::<Vec<_>>().join(", ") }
    };
    Err(errors.iter().map(fault).collect())
}

/// A key stands in the line of its name; so does a table whose header ends with it.
fn table_of_toml(lines: &Lines, table: &DeTable<'_>) -> Table {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| Entry {
        origin: Origin::Line(lines.at(key.span().start)),
        tree: tree_of_toml(lines, value.get_ref()),
    };
    table.iter().map(|(key, value)| (key.get_ref().to_string(), entry((key, value)))).collect()
}

fn tree_of_toml(lines: &Lines, value: &DeValue<'_>) -> Tree {
    match value {
        DeValue::String(text) => Tree::Text(text.to_string()),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map_or(Tree::Float(f64::INFINITY), Tree::Integer),
        DeValue::Float(digits) => Tree::Float(digits.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(on) => Tree::Boolean(*on),
        DeValue::Datetime(time) => Tree::Time(time.to_string()),
        DeValue::Table(table) => Tree::Table(table_of_toml(lines, table)),
        DeValue::Array(items) => {
            let entry = |item: &toml::Spanned<DeValue<'_>>| Entry {
                origin: Origin::Line(lines.at(item.span().start)),
                tree: tree_of_toml(lines, item.get_ref()),
            };
            Tree::List(items.iter().map(entry).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_in_the_line_that_its_newline_ends() {
        let lines = Lines::of("ab\n\nc");
        assert_eq!([0, 2, 3, 4, 9].map(|offset| lines.at(offset)), [1, 1, 2, 3, 3]);
    }
}
