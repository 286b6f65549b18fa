//! An integration instance: one installation of the integration in a workspace, its settings and its status.

pub mod arguments;
pub mod settings;
pub mod status;
