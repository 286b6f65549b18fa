//! The adapters against servers that answer as the contracts say, and as they do not.

mod generic;
