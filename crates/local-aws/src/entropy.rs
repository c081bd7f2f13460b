/// The operating system's entropy. It panics if the system has none, since no key and no password could then be trusted.
pub(crate) fn entropy() -> impl rand::Rng {
    rand::rand_core::UnwrapErr(rand::rngs::SysRng)
}
