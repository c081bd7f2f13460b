//! Many tasks, of which only so many run at once.

use tokio::task::JoinSet;

/// Runs every task, at most so many at once. `ended` gets what each came to, in the order in which they end.
///
/// # Panics
/// If a task does; those that still run are given up. If none may run.
pub async fn at_once<T, F>(most: usize, tasks: impl IntoIterator<Item = F>, mut ended: impl FnMut(T))
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    assert!(most > 0, "no task would run");
    let (mut waiting, mut running) = (tasks.into_iter().fuse(), JoinSet::new());
    loop {
        while running.len() < most
            && let Some(task) = waiting.next()
        {
            running.spawn(task);
        }
        let Some(one) = running.join_next().await else { return };
        ended(one.expect("it does not panic"));
    }
}
