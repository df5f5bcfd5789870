//! `pista.secret(reference)`: a handle that names where a secret is kept. Lua never sees the value.

use super::{
    super::{
        errors::ScriptError,
        fields::article,
        state::{Phase, State, caller, misuse},
    },
    Api, shown,
};
use crate::domain::secret::SecretRef;
use mlua::{MetaMethod, UserData, UserDataMethods, Value};

/// A secret as Lua holds it.
pub(in super::super) struct SecretHandle(pub(in super::super) SecretRef);

impl UserData for SecretHandle {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, this, ()| Ok(format!("secret({})", this.0)));
    }
}

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("secret", |lua, reference: Value| {
        let fail = |reason: String| -> ScriptError { misuse(caller(lua), format!("pista.secret: {reason}")) };
        let Value::String(text) = &reference else {
            return Err(fail(format!("the reference is a string, not {}", article(&reference))));
        };
        let secret: SecretRef = text.to_string_lossy().parse().map_err(fail)?;
        let state = State::of(lua);
        if state.phase.get() == Phase::Loading {
            let place = shown(caller(lua).as_ref());
            state.plan.borrow_mut().secrets.push((secret.clone(), place));
        }
        Ok(SecretHandle(secret))
    })
}
