//! What Asterisk writes of its calls: `Master.csv`, read on our own, so that a mistake of the product cannot hide here.

use std::collections::BTreeMap;
use std::ops::Index;

/// The columns that our configuration asks for, in Asterisk's order.
const COLUMNS: [&str; 21] = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
];

/// A row, by the names of its columns.
#[derive(Debug)]
pub(super) struct Row(BTreeMap<&'static str, String>);

impl Row {
    /// The whole file. What stands after the last line end is still being written.
    pub(super) fn all(csv: &str) -> Vec<Self> {
        csv.split_inclusive('\n').filter_map(|line| Some(Self::read(line.strip_suffix('\n')?))).collect()
    }

    fn read(line: &str) -> Self {
        let fields = fields(line);
        assert_eq!(fields.len(), COLUMNS.len(), "{line}");
        Self(COLUMNS.into_iter().zip(fields).collect())
    }

    /// The extension or trunk of the channel in this column: `PJSIP/101-00000001` is `101`.
    pub(super) fn endpoint(&self, column: &str) -> &str {
        let channel = self[column].strip_prefix("PJSIP/").unwrap_or(&self[column]);
        channel.rsplit_once('-').map_or(channel, |(endpoint, _)| endpoint)
    }

    /// The one line that a test compares: who, to whom, and what became of it.
    pub(super) fn gist(&self) -> String {
        let [from, to] = ["channel", "dstchannel"].map(|column| self.endpoint(column));
        format!("{from} {to} {}", &self["disposition"])
    }
}

impl Index<&str> for Row {
    type Output = str;

    fn index(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("there is no column {column}"))
    }
}

/// The fields of a line: quoted ones have `""` for a quote.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let field = fields.last_mut().expect("it has begun");
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            character => field.push(character),
        }
    }
    fields
}
