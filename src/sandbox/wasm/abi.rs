//! The ABI between host and guest. Everything goes through the guest's memory as JSON.
//!
//! The guest exports
//!
//! - `memory`,
//! - `alloc(len: i32) -> i32`: a place for `len` bytes,
//! - `dealloc(ptr: i32, len: i32)`: gives it back,
//! - `run(ptr: i32, len: i32) -> i64`: reads the input there, and returns where its result is: the
//!   address in the upper 32 bits, the length in the lower ones,
//! - and, if it has one, `_initialize()`, called first.
//!
//! Nothing that a guest says is believed: every place is checked against its memory.

use super::{WasmError, guest::Guest};
use serde_json::Value;
use wasmtime::{Instance, Memory, Store, TypedFunc};

/// The longest result, in bytes.
pub const MAX_RESULT: usize = 16 << 20;

/// The functions of an instance.
pub(super) struct Abi {
    memory: Memory,
    alloc: TypedFunc<i32, i32>,
    dealloc: TypedFunc<(i32, i32), ()>,
    run: TypedFunc<(i32, i32), i64>,
    initialize: Option<TypedFunc<(), ()>>,
}

/// How a call went wrong.
pub(super) enum Fault {
    /// The guest trapped, left, or was stopped.
    Trap(wasmtime::Error),
    /// The guest said what can't be.
    Lie(String),
}

impl From<wasmtime::Error> for Fault {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

impl Abi {
    pub(super) fn of(instance: &Instance, store: &mut Store<Guest>) -> Result<Self, WasmError> {
        let missing = |name, expected| WasmError::Export { name, expected };
        let memory =
            instance.get_memory(&mut *store, "memory").ok_or_else(|| missing("memory", "a memory"))?;
        Ok(Self {
            memory,
            alloc: instance
                .get_typed_func(&mut *store, "alloc")
                .map_err(|_| missing("alloc", "a function (i32) -> i32"))?,
            dealloc: instance
                .get_typed_func(&mut *store, "dealloc")
                .map_err(|_| missing("dealloc", "a function (i32, i32)"))?,
            run: instance
                .get_typed_func(&mut *store, "run")
                .map_err(|_| missing("run", "a function (i32, i32) -> i64"))?,
            initialize: instance.get_typed_func(&mut *store, "_initialize").ok(),
        })
    }

    /// Hands over the input and fetches the result.
    pub(super) async fn call(&self, store: &mut Store<Guest>, input: &[u8]) -> Result<Value, Fault> {
        if let Some(initialize) = &self.initialize {
            initialize.call_async(&mut *store, ()).await?;
        }
        let length = i32::try_from(input.len()).map_err(|_| Fault::Lie("the input is too long".into()))?;
        let at = self.alloc.call_async(&mut *store, length).await?;
        self.memory
            .write(&mut *store, at as u32 as usize, input)
            .map_err(|_| Fault::Lie(format!("alloc({length}) returned {at}, which is outside its memory")))?;
        let packed = self.run.call_async(&mut *store, (at, length)).await? as u64;
        let (place, size) = ((packed >> 32) as u32 as usize, packed as u32 as usize);
        let value = self.read(store, place, size)?;
        self.dealloc.call_async(&mut *store, (place as i32, size as i32)).await?;
        Ok(value)
    }

    fn read(&self, store: &Store<Guest>, place: usize, size: usize) -> Result<Value, Fault> {
        if size > MAX_RESULT {
            return Err(Fault::Lie(format!("its result has {size} bytes; at most {MAX_RESULT} are taken")));
        }
        let memory = self.memory.data(store);
        let bytes = place.checked_add(size).and_then(|end| memory.get(place..end)).ok_or_else(|| {
            Fault::Lie(format!(
                "its result is said to be {size} bytes at {place}, and its memory ends at {}",
                memory.len()
            ))
        })?;
        serde_json::from_slice(bytes).map_err(|error| Fault::Lie(format!("its result is no JSON: {error}")))
    }
}
