//! Proof that the policy let something pass.

/// Something that the policy let pass. Holding one is the only way to run a tool.
///
/// It is read-only, and cannot be made outside this module:
///
/// ```compile_fail,E0423
/// use openpista::{domain::call::ToolCall, policy::Authorized};
/// let call = ToolCall::new("system.run", Default::default());
/// let forged = Authorized(call);
/// ```
///
/// The same without the forgery compiles:
///
/// ```
/// use openpista::{domain::call::ToolCall, policy::Authorized};
/// let call = ToolCall::new("system.run", Default::default());
/// let honest: Option<Authorized<ToolCall>> = None;
/// assert!(honest.is_none() && call.name == "system.run");
/// ```
#[derive(Debug, PartialEq)]
pub struct Authorized<T>(T);

impl<T> Authorized<T> {
    /// Only for `policy`.
    pub(in crate::policy) fn new(value: T) -> Self {
        Self(value)
    }

    /// Lets anything pass, for the unit tests of tools.
    #[cfg(test)]
    pub(crate) fn for_test(value: T) -> Self {
        Self(value)
    }

    /// What was let pass.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// What was let pass, given away; it is an ordinary value again.
    pub fn into_inner(self) -> T {
        self.0
    }
}
