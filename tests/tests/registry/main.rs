//! Where plugins come from: files, the web and registries, and that nobody can swap them on the way or afterwards.
//!
//! The registry is Debian's own, over TLS and with a password. What no honest registry would serve comes from a small
//! server. Every refusal is a snapshot: its words are what the user has to go by.

mod component;
mod consent;
mod desk;
mod hostile;
mod images;
mod login;
mod others;
mod publish;
mod stays;
mod versions;
mod web;
