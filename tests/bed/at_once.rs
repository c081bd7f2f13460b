//! Many tasks, of which only so many run at once.

use tokio::task::JoinSet;

/// Runs every task, at most so many at once. `ended` gets what each came to, in the order in which they end.
///
/// # Panics
/// If a task does; those that still run are given up.
pub async fn at_once<T, F>(most: usize, tasks: impl IntoIterator<Item = F>, mut ended: impl FnMut(T))
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut running = JoinSet::new();
    // Boxed: a future that holds whole ones becomes too deep for the compiler.
    for task in tasks.into_iter().map(Box::pin) {
        if running.len() == most
            && let Some(one) = running.join_next().await
        {
            ended(one.expect("it does not panic"));
        }
        running.spawn(task);
    }
    while let Some(one) = running.join_next().await {
        ended(one.expect("it does not panic"));
    }
}
