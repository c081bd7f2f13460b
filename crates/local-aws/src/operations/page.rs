use crate::secrets::Refusal;

/// One page of a list, from the position in `next`: at most `max` items (1 to 100; 100 if not given). Returns also the
/// `next` of the following page.
pub(super) fn page<T>(
    items: Vec<T>,
    max: Option<i64>,
    next: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let max = max.map_or(Ok(100), usize::try_from).unwrap_or(0);
    if !(1..=100).contains(&max) {
        return Err(Refusal::validation("maxResults", "have value between 1 and 100"));
    }
    let start: usize = match next {
        None => 0,
        Some(token) => token
            .parse()
            .ok()
            // Only as it was issued: neither `+5` nor `05`.
            .filter(|start: &usize| *start <= items.len() && start.to_string() == token)
            .ok_or_else(|| Refusal::new("InvalidNextTokenException", "Invalid next token."))?,
    };
    let more = (items.len() > start + max).then(|| (start + max).to_string());
    Ok((items.into_iter().skip(start).take(max).collect(), more))
}
