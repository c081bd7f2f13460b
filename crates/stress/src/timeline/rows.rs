//! The heights of a picture's rows, in pixels.

/// A version: its label, its sign-ins, and a space.
pub(super) const LANE: i32 = 52;
/// The label of a version.
pub(super) const LABEL: i32 = 20;
/// Sign-ins.
pub(super) const SIGN_INS: i32 = 16;
/// The application's sign-ins, how many there are, and a space.
pub(super) const APPLICATION: i32 = 46;
/// One of the four steps.
pub(super) const STEP_ROW: i32 = 20;
/// The axis, with its numbers.
pub(super) const AXIS: i32 = 34;
