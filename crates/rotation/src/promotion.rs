//! Which step makes the new version current.

/// The step that moves AWSCURRENT to the pending version.
///
/// Under single user a new sign-in with AWSCURRENT is rejected from the change of the password until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Promotion {
    /// finishSecret, as in AWS's own functions.
    #[default]
    InFinishSecret,
    /// setSecret, once the pending version has passed all of testSecret; testSecret and finishSecret then find the version
    /// current, and have nothing to do.
    ///
    /// AWS documents no rule against it, and none that allows it (not tried on AWS).
    InSetSecret,
}
