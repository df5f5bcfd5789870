//! The first configuration of a program.

use super::{
    ConfigError, Flags, Loaded,
    anywhere::Anywhere,
    assemble::{Live, assemble},
    loaded::LoadError,
    process::{Process, Told},
};
use crate::{
    domain::{approval::Approver, causes::causes},
    gateway::Questions,
    script::{Sink, Texts},
};
use std::sync::Arc;

/// How a program takes the database that it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Database {
    /// What is wrong with it shows when it is used.
    AsItIs,
    /// All of it is read first.
    Checked,
}

/// What a program begins with.
pub(super) struct Begun {
    pub(super) live: Live,
    pub(super) questions: Arc<Questions>,
    pub(super) approver: Arc<dyn Approver>,
    /// What is wrong with the configuration, where another stands in for it.
    pub(super) fault: Option<String>,
}

impl Begun {
    /// Loads the configuration, and builds everything on it.
    pub(super) async fn with(
        flags: Flags,
        approver: Arc<dyn Approver>,
        notice: Option<Sink>,
    ) -> anyhow::Result<Self> {
        let begun =
            Self::checked(Process::start(flags, Told::by(notice))?, None, approver, Database::AsItIs).await;
        begun.map_err(|failure| failure.error)
    }

    /// The same for a program that stays: where the configuration is at fault, the last one that worked
    /// stands in for it, until the fault is mended.
    ///
    /// Where it is to check the database, it reads all of it before anything else works on it.
    pub(super) async fn staying(
        flags: Flags,
        approver: Arc<dyn Approver>,
        told: Told,
        database: Database,
    ) -> anyhow::Result<Self> {
        let process = Process::start(flags, told)?;
        let failure = match Self::checked(process.clone(), None, approver.clone(), database).await {
            Ok(begun) => return Ok(begun),
            Err(failure) => failure,
        };
        let at_fault = failure.error.downcast_ref::<ConfigError>().is_some();
        let Some(kept) = process.last_good().filter(|_| at_fault) else { return Err(failure.error) };
        let process = Arc::new(process.anew());
        let Ok(mut begun) = Self::checked(process, Some(Arc::new(kept)), approver, database).await else {
            return Err(failure.error);
        };
        let loaded = &mut begun.live.loaded;
        (loaded.inputs, loaded.stands_in) = (failure.inputs, true);
        let fault = causes(failure.error.as_ref());
        let told = format!(
            "the configuration is broken: {fault}\nthe last one that worked is in force instead, until this is mended"
        );
        match loaded.notice() {
            Some(_) => loaded.complain(&told),
            None => eprintln!("openpista: {told}"),
        }
        begun.fault = Some(fault);
        Ok(begun)
    }

    async fn checked(
        process: Arc<Process>,
        kept: Option<Arc<Texts>>,
        approver: Arc<dyn Approver>,
        database: Database,
    ) -> Result<Self, LoadError> {
        let loaded = Loaded::of(process, kept).await?;
        loaded.settle();
        let inputs = loaded.inputs.clone();
        if database == Database::Checked
            && let Err(error) = loaded.verify_database().await
        {
            return Err(LoadError { error: error.into(), inputs });
        }
        Self::assembled(loaded, approver).await.map_err(|error| LoadError { error, inputs })
    }

    async fn assembled(loaded: Loaded, here: Arc<dyn Approver>) -> anyhow::Result<Self> {
        let questions = Arc::new(Questions::new(loaded.outgoing()?, Arc::new(loaded.memory()?.clone())));
        let approver: Arc<dyn Approver> = Arc::new(Anywhere { here, questions: questions.clone() });
        let live = assemble(loaded, approver.clone()).await?;
        Ok(Self { live, questions, approver, fault: None })
    }
}
