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
        filters.into_iter().zip(1..).map(check).collect::<Result<_, _>>().map(Filters)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn pass(&self, secret: &Secret) -> bool {
        self.0.iter().all(|(key, values)| passes(secret, key, values))
    }
}

fn check((filter, number): (Filter, usize)) -> Result<(Compared, Vec<String>), Refusal> {
    const KEYS: &str = "satisfy enum value set: [all, name, tag-key, description, tag-value, primary-region, owning-service]";
    let Filter { key, values } = filter;
    let key = key.ok_or_else(|| Refusal::invalid_parameter("Invalid filter key"))?;
    let member = |name: &str| format!("filters.{number}.member.{name}");
    let known = match key.as_str() {
        "name" => Compared::Name,
        "description" => Compared::Description,
        "tag-key" => Compared::KeyOfTag,
        "tag-value" => Compared::ValueOfTag,
        "primary-region" => Compared::PrimaryRegion,
        "owning-service" => Compared::OwningService,
        "all" => Compared::All,
        _ => return Err(Refusal::validation(&member("key"), KEYS)),
    };
    match values.len() {
        0 => return Err(Refusal::invalid_parameter(format!("Invalid filter values for key: {key}"))),
        1..=10 => {}
        _ => return Err(Refusal::validation(&member("values"), "have length less than or equal to 10")),
    }
    for (value, number) in values.iter().zip(1..) {
        let member = || format!("{}.{number}.member", member("values"));
        if value.chars().count() > 512 {
            return Err(Refusal::validation(&member(), "have length less than or equal to 512"));
        }
        if !value.chars().all(|c| c.is_ascii_alphanumeric() || " :_@/+=.-!".contains(c)) {
            return Err(Refusal::validation(
                &member(),
                "satisfy regular expression pattern: ^\\!?[a-zA-Z0-9 :_@\\/\\+\\=\\.\\-\\!]*$",
            ));
        }
    }
    Ok((known, values))
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

/// Whether every word of `wanted` begins a word of `text`, without regard to case. A text without a word matches nothing
/// (moto's authors report both from AWS).
fn has_words(text: &str, wanted: &str) -> bool {
    let (words, wanted) = (words(text), words(wanted));
    !wanted.is_empty() && wanted.iter().all(|wanted| words.iter().any(|word| word.starts_with(wanted)))
}

/// The words of a text in lower case. A word also begins at a capital that follows a small letter.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in text.chars() {
        if !letter.is_alphanumeric() || (before.is_lowercase() && letter.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}
