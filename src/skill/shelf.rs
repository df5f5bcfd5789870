//! The skills of a configuration, as its agents see them.

use super::{
    Library, Root, Skill, Trust, find, fingerprint,
    front::normalised,
    library::{self, Found},
};
use crate::domain::{nearest::suggestion, store::StoreError, trust::TrustStore};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// How long the index in prompts may be behind the disk: looking goes through whole workspaces, and
/// messages may come by the hundred. Loading and running a skill always looks anew.
pub const INDEX_FRESH: Duration = Duration::from_secs(1);
/// The longest index of skills in a prompt, in characters; it goes along with every request.
const MAX_INDEX: usize = 16_000;

/// Why a skill can't be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SkillError {
    /// There is none.
    #[error("there is no skill {name:?} ({hint})")]
    None {
        /// As asked for.
        name: String,
        /// The nearest, or all.
        hint: String,
    },
    /// The user has not said that it may be used.
    #[error(
        "the skill {name:?} is {state}: its user has to look at it and trust it first, with `openpista skills \
         trust {name}`"
    )]
    Untrusted {
        /// The skill.
        name: String,
        /// `new` or `changed since it was trusted`.
        state: &'static str,
    },
    /// It is for people only.
    #[error(
        "only its user runs the skill {name:?}, with `openpista skills run {name}`: it says disable-model-invocation"
    )]
    ByHand {
        /// The skill.
        name: String,
    },
    /// It can't be read any more.
    #[error("the skill {name:?} can't be read: {message}")]
    Unreadable {
        /// The skill.
        name: String,
        /// The system's own words.
        message: String,
    },
    /// Trust could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where skills are looked for, and who may use which. Looks anew each time, so that changes count at
/// once; in prompts, within [`INDEX_FRESH`].
pub struct Shelf {
    roots: Vec<Root>,
    trust: Arc<dyn TrustStore>,
    /// Names, or patterns with `*` at the end, by agent. An agent that is not there may use all.
    agents: BTreeMap<String, Vec<String>>,
    /// A person uses it, no model.
    by_hand: bool,
    /// What was found last, and when. Whoever looks makes the others wait for what it finds.
    last: Mutex<Option<(Instant, Arc<[Found]>)>>,
}

impl Shelf {
    /// Of two skills with one name that in the earlier root counts.
    pub fn new(roots: Vec<Root>, trust: Arc<dyn TrustStore>, agents: BTreeMap<String, Vec<String>>) -> Self {
        Self { roots, trust, agents, by_hand: false, last: Mutex::const_new(None) }
    }

    /// The same in the hands of a person, who may use what is withheld from models.
    pub fn by_hand(self) -> Self {
        Self { by_hand: true, ..self }
    }

    /// All skills, trusted or not.
    ///
    /// # Errors
    /// When trust can't be looked up.
    pub async fn library(&self) -> Result<Library, StoreError> {
        let found = self.look(Duration::ZERO).await;
        Library::of(&found, &*self.trust).await
    }

    /// What was found at most so long ago.
    async fn look(&self, fresh: Duration) -> Arc<[Found]> {
        let mut last = self.last.lock().await;
        match &*last {
            Some((at, found)) if at.elapsed() < fresh => Arc::clone(found),
            _ => {
                let found: Arc<[Found]> = library::look(&self.roots).await.into();
                *last = Some((Instant::now(), Arc::clone(&found)));
                found
            }
        }
    }

    /// The directories in which something of a skill could change, those higher up first: at most so many.
    pub fn places(&self, most: usize) -> BTreeSet<PathBuf> {
        let all = self.roots.iter().flat_map(|root| find::places(&root.path));
        let mut places = BTreeSet::new();
        for place in all {
            if places.len() >= most {
                tracing::debug!(most, "too many directories to watch for skills: the rest is left out");
                break;
            }
            places.insert(place);
        }
        places
    }

    /// Whether an agent may use a skill.
    fn allows(&self, agent: &str, skill: &Skill) -> bool {
        let name = &skill.front.name;
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(begin) => {
                name.starts_with(begin) || begin.ends_with('_') && name.starts_with(&begin.replace('_', "-"))
            }
            None => *pattern == *name || normalised(pattern) == *name,
        };
        self.agents.get(agent).is_none_or(|patterns| patterns.iter().any(fits))
    }

    /// Whether an agent is told of a skill.
    fn offers(&self, agent: &str, skill: &Skill) -> bool {
        skill.trust.is_usable() && !skill.front.by_hand && self.allows(agent, skill)
    }

    /// What an agent's prompt says of its skills, names and descriptions; and whether it has any. A
    /// prompt of the user's own (`own`) is not lengthened by the examples that come with the program,
    /// unless the agent's `skills` name them.
    ///
    /// # Errors
    /// When trust can't be looked up.
    pub async fn index(&self, agent: &str, own: bool) -> Result<(String, bool), StoreError> {
        let library = Library::of(&self.look(INDEX_FRESH).await, &*self.trust).await?;
        let (mut index, mut any) = (String::new(), false);
        for skill in library.all().filter(|skill| self.offers(agent, skill)) {
            any = true;
            if skill.trust == Trust::Shipped && own && !self.agents.contains_key(agent) {
                continue;
            }
            let line = format!("- {}: {}\n", skill.front.name, skill.front.description);
            if index.len() + line.len() > MAX_INDEX {
                tracing::warn!("there are more skills than fit into a prompt; the index leaves some out");
                break;
            }
            index.push_str(&line);
        }
        if index.is_empty() {
            return Ok((index, any));
        }
        let index = format!(
            "Skills that you can use. Before you use one, read it with skill.load; run its program, if it has one, \
             with skill.run.\n{}",
            index.trim_end()
        );
        Ok((index, any))
    }

    /// A skill that `agent` may use, with the content that is trusted.
    ///
    /// # Errors
    /// When there is none, it is not trusted, or it was changed this very moment.
    pub async fn take(&self, agent: &str, name: &str) -> Result<Arc<Skill>, SkillError> {
        let library = self.library().await?;
        let Some(skill) = library.get(name).filter(|skill| self.allows(agent, skill)) else {
            let known = library.all().filter(|skill| self.offers(agent, skill));
            let names: Vec<&str> = known.map(|skill| skill.front.name.as_str()).collect();
            let hint = suggestion(name, names.iter().copied());
            return Err(SkillError::None { name: name.to_owned(), hint });
        };
        match skill.trust {
            Trust::Shipped | Trust::Trusted if skill.front.by_hand && !self.by_hand => {
                Err(SkillError::ByHand { name: name.to_owned() })
            }
            Trust::Shipped | Trust::Trusted => Ok(Arc::clone(skill)),
            Trust::New => Err(SkillError::Untrusted { name: name.to_owned(), state: "new" }),
            Trust::Changed => {
                Err(SkillError::Untrusted { name: name.to_owned(), state: "changed since it was trusted" })
            }
        }
    }

    /// Trusts a skill as it is on the disk now, provided that this is what was shown.
    ///
    /// # Errors
    /// When it was changed since, or can't be read.
    pub async fn trust(&self, skill: &Skill) -> Result<(), SkillError> {
        let name = skill.front.name.clone();
        let Some(folder) = &skill.folder else { return Ok(()) };
        match fingerprint(folder) {
            Ok(now) if now == skill.fingerprint => Ok(self.trust.trust(&name, &now).await?),
            Ok(_) => {
                Err(SkillError::Unreadable { name, message: "it was changed this moment; look again".into() })
            }
            Err(error) => Err(SkillError::Unreadable { name, message: error.to_string() }),
        }
    }

    /// Trusts nothing of this name any more; whether anything was.
    ///
    /// # Errors
    /// When that can't be stored.
    pub async fn distrust(&self, name: &str) -> Result<bool, StoreError> {
        self.trust.distrust(name).await
    }
}
