//! Bytes → messages. Whatever comes is taken: lines that end in `\n` alone, bytes that are no UTF-8 (caller names in old
//! encodings), lines without a colon. Only what is too large to be a message ends the connection.

use bytes::{Buf, BytesMut};

use super::message::Message;

/// A line that is longer is none that Asterisk writes: it cuts values at a few kilobytes itself.
const LONGEST_LINE: usize = 64 * 1024;

/// Fields of the largest message: an event of two channels has about sixty; a response to `Command` may have thousands.
const MOST_FIELDS: usize = 16 * 1024;

/// Bytes of the largest message.
const LARGEST: usize = 1024 * 1024;

/// What came cannot be a message: whoever speaks is no Asterisk, or the connection is out of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A line without end.
    #[error("a line of more than {LONGEST_LINE} bytes")]
    Line,
    /// A message without end.
    #[error("a message of more than {LARGEST} bytes or {MOST_FIELDS} lines")]
    Message,
}

/// Cuts a stream of bytes into messages. It may be fed in pieces of any size.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    /// So much of the buffer has no line's end in it.
    looked_at: usize,
    message: Message,
    fields: usize,
    size: usize,
}

impl Decoder {
    /// Takes in what was read.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next line, as the banner is one that belongs to no message; none until all of it is there.
    pub fn line(&mut self) -> Result<Option<String>, FrameError> {
        let rest = &self.buffer[self.looked_at..];
        let Some(length) = rest.iter().position(|byte| *byte == b'\n').map(|at| self.looked_at + at) else {
            self.looked_at = self.buffer.len();
            return if self.buffer.len() > LONGEST_LINE { Err(FrameError::Line) } else { Ok(None) };
        };
        self.looked_at = 0;
        if length > LONGEST_LINE {
            return Err(FrameError::Line);
        }
        let line = self.buffer.split_to(length);
        self.buffer.advance(1);
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        Ok(Some(String::from_utf8_lossy(text).into_owned()))
    }

    /// The next message; none until all of it is there.
    pub fn message(&mut self) -> Result<Option<Message>, FrameError> {
        while let Some(line) = self.line()? {
            if line.is_empty() {
                (self.fields, self.size) = (0, 0);
                if !self.message.is_empty() {
                    return Ok(Some(std::mem::take(&mut self.message)));
                }
                continue;
            }
            self.fields += 1;
            self.size += line.len();
            if self.fields > MOST_FIELDS || self.size > LARGEST {
                return Err(FrameError::Message);
            }
            // A line without a colon is output of a command, of which none is asked for here.
            if let Some((key, value)) = line.split_once(':') {
                self.message.push(key.trim().to_owned(), value.trim().to_owned());
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
