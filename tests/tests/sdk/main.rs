//! The SDKs and what is made with them: the same two steps in every language, the projects of `kilnbox plugin new`, and
//! components of earlier days.

mod carried;
mod contract_in_c;
mod languages;
mod same;
