//! EC2 on this machine: moto behind endpoints that see and spoil every call, and an OpenSSH server as the instance.
//!
//! A [`Cloud`] is one moto and one server. A test takes an [`Account`] of it, which is as good as a cloud of its own, and
//! gives each client an [`Endpoint`] with a [`Plan`] of what shall go wrong; afterwards it asks for the [`Call`]s and for
//! a [`Census`] of what the account still has. moto's instances have no machine behind them: templates name the server
//! with `ssh_host` and `ssh_port`, and it lets in who holds a key pair of any account.

mod account;
mod answer;
mod aws;
mod call;
mod census;
mod cloud;
mod endpoint;
mod http;
mod moto;
mod plan;
mod user;

pub use account::Account;
pub use call::Call;
pub use census::{Census, Thing};
pub use cloud::{Cloud, SOURCE_AMI};
pub use endpoint::Endpoint;
pub use plan::{Fault, Plan, Refusal};
pub use user::User;
