//! The SDKs and what is made with them: the same two steps in every language, the projects of `kilnbox plugin new`, and
//! components of earlier days.

mod carried;
mod contract_in_c;
mod earlier;
mod languages;
mod own;
mod projects;
mod same;
mod script;
