//! The tools of a request as servers take them, kept from one request to the next: tools seldom change.

use super::schema;
use crate::{
    domain::tool::ToolSpec,
    llm::{dialect::SchemaFilter, names::Names},
};
use serde_json::{json, value::RawValue};
use std::sync::{Arc, Mutex, PoisonError};

/// So many sets of tools are kept: as many as there may be agents at work.
const KEPT: usize = 8;

/// Tools on offer.
pub(super) struct Offer {
    tools: Vec<ToolSpec>,
    filter: SchemaFilter,
    /// Their names on the wire.
    pub(super) names: Names,
    /// The list in JSON; `None`: there are none.
    pub(super) json: Option<Arc<RawValue>>,
}

impl Offer {
    fn new(tools: &[ToolSpec], filter: SchemaFilter) -> serde_json::Result<Self> {
        let names = Names::of_tools(tools);
        let list = tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": names.to_wire(&tool.name),
                "description": tool.description,
                "parameters": schema::render(&tool.parameters, filter),
            }})
        });
        let json = match tools {
            [] => None,
            _ => Some(serde_json::value::to_raw_value(&list.collect::<Vec<_>>())?.into()),
        };
        Ok(Self { tools: tools.to_vec(), filter, names, json })
    }
}

/// Those of the last requests.
#[derive(Default)]
pub(super) struct Offers(Mutex<Vec<Arc<Offer>>>);

impl Offers {
    pub(super) fn of(&self, tools: &[ToolSpec], filter: SchemaFilter) -> serde_json::Result<Arc<Offer>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.iter().find(|offer| offer.filter == filter && offer.tools == tools) {
            return Ok(Arc::clone(known));
        }
        let offer = Arc::new(Offer::new(tools, filter)?);
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(Arc::clone(&offer));
        Ok(offer)
    }
}
