use std::borrow::Borrow;

use serde::{Deserialize, Serialize};

/// An AWS region, such as `us-east-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Region(String);

impl Region {
    /// A region by its name: lower-case words and a number, joined by hyphens. Whether AWS has such a region is not
    /// checked, because it adds some every year. `None` for any other text.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let words: Vec<&str> = name.split('-').collect();
        let (number, words) = words.split_last()?;
        let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
        let is_number = (1..=2).contains(&number.len()) && number.chars().all(|c| c.is_ascii_digit());
        let is_name = words.len() >= 2 && words.iter().all(is_word) && is_number && name.len() <= 32;
        is_name.then(|| Region(name.to_owned()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// The partition in the region's ARNs (IAM user guide, "Identify AWS resources with ARNs").
    pub(crate) fn partition(&self) -> &'static str {
        match self.0.split_once('-') {
            Some(("cn", _)) => "aws-cn",
            Some(("us", rest)) if rest.starts_with("gov-") => "aws-us-gov",
            Some(_) | None => "aws",
        }
    }
}

impl Default for Region {
    fn default() -> Self {
        Region("us-east-1".to_owned())
    }
}

impl Borrow<str> for Region {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_words_and_a_number() {
        for (name, partition) in [
            ("us-east-1", Some("aws")),
            ("ap-southeast-12", Some("aws")),
            ("cn-north-1", Some("aws-cn")),
            ("us-gov-west-1", Some("aws-us-gov")),
            ("", None),
            ("1", None),
            ("us-1", None),
            ("us-east", None),
            ("us-east-x", None),
            ("us--1", None),
            ("US-EAST-1", None),
            ("us-east-1:1", None),
            ("us-east-123", None),
        ] {
            assert_eq!(Region::new(name).map(|region| region.partition()), partition, "{name}");
        }
    }
}
