//! A picture of every strategy: the labels of a secret's versions, when each password signs in, and what an application that
//! reads AWSCURRENT sees, while real functions rotate on real servers. `make timeline` records and draws.
//!
//! A [`Mode`] is one row of [`MODES`]. [`record`] runs its rotations and returns a [`Recording`], which is kept as JSON;
//! [`picture`] and [`table`] are made of recordings alone, so that a test can make them again.

mod canvas;
mod mode;
mod page;
mod palette;
mod panel;
mod picture;
mod record;
mod recording;
mod rows;
mod sampler;
mod words;

pub use self::{
    mode::{MODES, Mode, Preparation, Promise},
    page::{table, with_table},
    picture::picture,
    record::{Plan, record},
    recording::{Label, LabelSpan, Lane, Outcome, Recording, Rotation, SignIn, Step},
    words::{summary, title},
};
