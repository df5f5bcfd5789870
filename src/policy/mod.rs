//! Who may do what. The only module that can make an [`Authorized`] call, so that nothing acts
//! without having passed it: tools take nothing else.

mod authorized;
mod execute;

pub use authorized::Authorized;
pub use execute::Executor;
