//! Commands in a chat: they act at once, whatever waits, and need no model.

use super::{ChannelFacts, Place, Router};
use crate::{
    domain::{
        command,
        envelope::Origin,
        hook::TurnContext,
        id::{SessionId, TurnId},
        nearest::nearest,
        post::{Handled, Letter},
        store::StoreError,
    },
    health::chaos,
};
use serde_json::json;
use std::sync::Arc;

/// The commands that every chat has.
const COMMANDS: &[(&str, &str)] = &[
    ("help", "this list"),
    ("new", "begin a fresh session"),
    ("retry", "take up again what was not answered"),
    ("status", "what goes on here"),
    ("stop", "stop the answer under way, and forget what waits"),
];

impl Router {
    /// Runs the command that a message is.
    pub(super) async fn control(self: Arc<Self>, facts: Arc<ChannelFacts>, letter: Letter) {
        let Some((name, typed)) = command::split(&letter.arrival.text) else { return };
        let place = Place::of(&letter.arrival);
        if name == "retry" {
            return self.retry(&facts, letter).await;
        }
        chaos::point("commands");
        // It acts at once, also while the database is not available.
        let stopped = if name == "stop" { Some(self.stopped(&place).await) } else { None };
        let post = self.outgoing.post();
        match self.available(&self.stopping, || post.begin(letter.number, None)).await {
            Ok(true) => {}
            // Somebody else has it.
            Ok(false) => return,
            Err(error) => {
                return self.close(&letter, Handled::Failed, Some(format!("error: {error}"))).await;
            }
        }
        let answer = match name {
            _ if stopped.is_some() => Ok(stopped.unwrap_or_default()),
            "help" => Ok(self.help()),
            "new" => self.fresh(&facts, &letter, &place).await,
            "status" => self.status(&facts, &place).await,
            _ => self.own(&facts, &letter, &place, name, typed).await,
        };
        match answer {
            Ok(text) => self.close(&letter, Handled::Done, Some(text)).await,
            Err(error) => self.close(&letter, Handled::Failed, Some(format!("error: {error}"))).await,
        }
    }

    fn help(&self) -> String {
        self.list().iter().map(|(name, help)| format!("/{name}  {help}")).collect::<Vec<_>>().join("\n")
    }

    /// The commands that work in a chat, and what they do.
    pub fn list(&self) -> Vec<(String, String)> {
        let own = self.commands.list();
        COMMANDS.iter().map(|&(name, help)| (name.to_owned(), help.to_owned())).chain(own).collect()
    }

    async fn fresh(&self, facts: &ChannelFacts, letter: &Letter, place: &Place) -> Result<String, String> {
        let said = |error: StoreError| error.to_string();
        let old = self.outgoing.post().session(&place.channel, &place.conversation).await.map_err(said)?;
        let fresh = self.begin(place, &facts.agent).await.map_err(said)?;
        if let Some(old) = old {
            let context = context(facts, letter, old);
            let hooks = self.gateway.current().hooks.clone();
            hooks.tell(&context, "session.reset", || json!({ "next": fresh }));
        }
        Ok("A fresh session begins.".into())
    }

    async fn status(&self, facts: &ChannelFacts, place: &Place) -> Result<String, String> {
        let session = self.outgoing.post().session(&place.channel, &place.conversation).await;
        let session = session.map_err(|error| error.to_string())?;
        let session = session.map_or_else(|| "none yet".to_owned(), |session| session.to_string());
        let work = match self.waiting(place) {
            None => "idle".to_owned(),
            Some(0) => "answering".to_owned(),
            Some(waiting) => format!("answering, {waiting} waiting"),
        };
        Ok(format!("agent {}, session {session}: {work}", facts.agent))
    }

    async fn stopped(&self, place: &Place) -> String {
        let Some(dropped) = self.interrupt(place) else { return "Nothing is under way.".into() };
        for letter in &dropped {
            self.close(letter, Handled::Done, None).await;
        }
        match dropped.len() {
            0 => "Stopped.".into(),
            count => format!("Stopped; {count} waiting message(s) forgotten."),
        }
    }

    async fn retry(self: &Arc<Self>, facts: &Arc<ChannelFacts>, mut letter: Letter) {
        match self.outgoing.post().retry(letter.number).await {
            Ok(Some(text)) => {
                letter.arrival.text = text;
                if command::split(&letter.arrival.text).is_some() {
                    // What is retried is never a retry: the router does not come here again.
                    return Box::pin(Arc::clone(self).control(Arc::clone(facts), letter)).await;
                }
                self.enqueue(facts, letter, super::MAILBOX);
            }
            Ok(None) => self.close(&letter, Handled::Done, Some("There is nothing to retry.".into())).await,
            Err(error) => self.close(&letter, Handled::Failed, Some(format!("error: {error}"))).await,
        }
    }

    async fn own(
        &self,
        facts: &ChannelFacts,
        letter: &Letter,
        place: &Place,
        name: &str,
        typed: &str,
    ) -> Result<String, String> {
        let session = self.session(place, &facts.agent).await.map_err(|error| error.to_string())?;
        let context = context(facts, letter, session);
        match self.commands.run(name, typed, &context).await {
            Some(result) => result,
            None => {
                let own = self.commands.list();
                let names =
                    COMMANDS.iter().map(|(name, _)| *name).chain(own.iter().map(|(name, _)| name.as_str()));
                let hint =
                    nearest(name, names).map(|near| format!(", did you mean /{near}?")).unwrap_or_default();
                Ok(format!("There is no command /{name}{hint} (/help lists them)"))
            }
        }
    }
}

fn context(facts: &ChannelFacts, letter: &Letter, session: SessionId) -> TurnContext {
    TurnContext {
        session,
        turn: TurnId::from(""),
        agent: facts.agent.clone(),
        origin: Origin { channel: letter.arrival.channel.clone(), user: letter.arrival.user.clone() },
        depth: 0,
    }
}
