use serde::Deserialize;

use crate::secrets::{Refusal, Secret};

/// A filter of `ListSecrets` and `BatchGetSecretValue`, as a request has it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    key: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

/// What a filter compares (API reference, Filter).
enum Compared {
    Name,
    Description,
    KeyOfTag,
    ValueOfTag,
    PrimaryRegion,
    OwningService,
    All,
}

/// Filters that were checked. A secret passes if it passes every one.
pub(super) struct Filters(Vec<(Compared, Vec<String>)>);

impl Filters {
    /// Checks the filters of a request, even if there is no secret that they could apply to (recorded).
    pub(super) fn new(filters: Vec<Filter>) -> Result<Self, Refusal> {
        if filters.len() > 10 {
            return Err(Refusal::validation("filters", "have length less than or equal to 10"));
        }
        filters.into_iter().map(check).collect::<Result<_, _>>().map(Filters)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn pass(&self, secret: &Secret) -> bool {
        self.0.iter().all(|(key, values)| passes(secret, key, values))
    }
}

fn check(Filter { key, values }: Filter) -> Result<(Compared, Vec<String>), Refusal> {
    const KEYS: &str = "satisfy enum value set: [all, name, tag-key, description, tag-value, primary-region, owning-service]";
    let key = key.ok_or_else(|| Refusal::invalid_parameter("Invalid filter key"))?;
    let known = match key.as_str() {
        "name" => Compared::Name,
        "description" => Compared::Description,
        "tag-key" => Compared::KeyOfTag,
        "tag-value" => Compared::ValueOfTag,
        "primary-region" => Compared::PrimaryRegion,
        "owning-service" => Compared::OwningService,
        "all" => Compared::All,
        _ => return Err(Refusal::validation("filters.1.member.key", KEYS)),
    };
    match values.len() {
        0 => Err(Refusal::invalid_parameter(format!("Invalid filter values for key: {key}"))),
        1..=10 if values.iter().any(|value| value.chars().count() > 512) => Err(Refusal::validation(
            "filters.1.member.values",
            "satisfy constraint: [Member must have length less than or equal to 512]",
        )),
        1..=10 => Ok((known, values)),
        _ => Err(Refusal::validation("filters.1.member.values", "have length less than or equal to 10")),
    }
}

/// A secret passes a filter if one of its values matches. A value that begins with `!` matches what does not begin with the
/// rest of it (API reference, Filter).
fn passes(secret: &Secret, key: &Compared, values: &[String]) -> bool {
    values.iter().any(|value| match value.strip_prefix('!') {
        Some(rest) => !matches(secret, key, rest),
        None => matches(secret, key, value),
    })
}

/// Names and tags match by their beginning and with regard to case, descriptions by the beginning of a word and without, and
/// `all` by any of these, by words and without regard to case (API reference, Filter; recorded).
fn matches(secret: &Secret, key: &Compared, value: &str) -> bool {
    let words = |text: &str| has_words(text, value);
    match key {
        Compared::Name => secret.name.starts_with(value),
        Compared::Description => secret.description.as_deref().is_some_and(words),
        Compared::KeyOfTag => secret.tags.keys().any(|key| key.starts_with(value)),
        Compared::ValueOfTag => secret.tags.values().any(|tag| tag.starts_with(value)),
        Compared::PrimaryRegion => secret.primary_region().is_some_and(|region| region.starts_with(value)),
        Compared::OwningService => secret.owning_service().is_some_and(|service| service.starts_with(value)),
        Compared::All => {
            words(&secret.name)
                || secret.description.as_deref().is_some_and(words)
                || secret.tags.iter().any(|(key, value)| words(key) || words(value))
        }
    }
}

/// Whether every word of `wanted` begins a word of `text`, without regard to case.
fn has_words(text: &str, wanted: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let words = split(text);
    split(wanted).iter().all(|wanted| words.iter().any(|word| word.starts_with(wanted)))
}
