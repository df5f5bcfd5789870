//! Which model answers where none is named, and how the server spells it.

use super::{AttemptError, OpenAiProvider, Secret, Target, listing};

impl OpenAiProvider {
    /// The server's first model, asked for once.
    pub(super) async fn model(
        &self,
        client: &reqwest::Client,
        target: &Target,
    ) -> Result<String, AttemptError> {
        let ask = async {
            let listed = listing::first_model(client, target).await;
            let (model, window) = listed.map_err(|error| self.unlisted(error))?;
            self.change(&model, |known| known.window = window);
            Ok(model)
        };
        self.first_model.get_or_try_init(|| ask).await.cloned()
    }

    /// The error of a list of models that was asked for because none is named.
    fn unlisted(&self, error: AttemptError) -> AttemptError {
        let message = format!(
            "GET {}/models: {}; the server was asked for its models since none is named: name one with \
             OPENPISTA_MODEL, or with model = \"…\" in init.lua or config.toml",
            self.url, error.message
        );
        AttemptError { message, ..error }
    }

    /// The server's spelling of a model: one that is listed by a path is shown without its first slash.
    pub(super) fn spelt<'m>(&'m self, named: &'m str) -> &'m str {
        let listed = self.first_model.get().map(String::as_str);
        listed.filter(|listed| listed.trim_start_matches('/') == named).unwrap_or(named)
    }

    /// The model that the server lists first. `None`: it can't be asked now.
    pub(super) async fn listed(&self) -> Option<String> {
        let key = self.key().await.ok()?;
        let (auth, headers) = (self.dialect.auth, &self.dialect.extra_headers);
        let target = Target::new(&self.url, auth, key.as_ref().map(Secret::expose), headers).ok()?;
        let client = self.client.get_or_try_init(|| self.connect()).await.ok()?;
        self.model(client, &target).await.ok()
    }
}
