//! Which function gets a step, where two take turns.

use crate::Step;

/// The functions' turns. The first function begins the first rotation, the second the next, and so on; each rotation is
/// finished by the other one, from the step of the hand-over on.
#[derive(Debug)]
pub(super) struct Turns {
    functions: usize,
    hand_over: Step,
    /// The versions that were rotated, in their order.
    versions: Vec<String>,
}

impl Turns {
    pub(super) fn new(functions: usize, hand_over: Step) -> Self {
        Self { functions, hand_over, versions: Vec::new() }
    }

    /// The number of the rotation of this version, from 0 on, and the function that gets this step of it.
    pub(super) fn next(&mut self, version: &str, step: Option<Step>) -> (usize, usize) {
        let known = self.versions.iter().position(|known| known == version);
        let rotation = known.unwrap_or_else(|| {
            self.versions.push(version.to_owned());
            self.versions.len() - 1
        });
        let place = |step: Step| Step::ALL.iter().position(|other| *other == step);
        let is_handed_over = step.is_some_and(|step| place(step) >= place(self.hand_over));
        (rotation, (rotation + usize::from(is_handed_over)) % self.functions.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(functions: usize, hand_over: Step, versions: &[&str]) -> Vec<[usize; 4]> {
        let mut turns = Turns::new(functions, hand_over);
        versions.iter().map(|version| Step::ALL.map(|step| turns.next(version, Some(step)).1)).collect()
    }

    #[test]
    fn each_rotation_is_finished_by_the_function_that_begins_the_next_one() {
        assert_eq!(turns(2, Step::SetSecret, &["a", "b", "c"]), [[0, 1, 1, 1], [1, 0, 0, 0], [0, 1, 1, 1]]);
        assert_eq!(turns(2, Step::FinishSecret, &["a", "b"]), [[0, 0, 0, 1], [1, 1, 1, 0]]);
        assert_eq!(turns(2, Step::CreateSecret, &["a", "b"]), [[1; 4], [0; 4]]);
        assert_eq!(turns(1, Step::SetSecret, &["a", "b"]), [[0; 4], [0; 4]]);
    }

    #[test]
    fn an_attempt_is_part_of_its_rotation() {
        assert_eq!(turns(2, Step::SetSecret, &["a", "a", "b"]), [[0, 1, 1, 1], [0, 1, 1, 1], [1, 0, 0, 0]]);
    }
}
