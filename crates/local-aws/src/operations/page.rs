use crate::secrets::Refusal;

/// One page of a list, from the position in `next`: at most `max` items. Returns also the `next` of the following page.
pub(super) fn page<T>(
    items: Vec<T>,
    max: usize,
    next: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    if next.is_some_and(|token| !(1..=4096).contains(&token.len())) {
        return Err(Refusal::validation("nextToken", "have length between 1 and 4096"));
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
