//! Fault injection: rotations are interrupted over and over, and checked after every attempt. `make faults` runs it at
//! length, and the tests in small.
//!
//! A [`FaultInjector`] interrupts a rotation, which is then run again as Secrets Manager does. A [`FaultRun`] counts
//! rotations, interruptions and violations in a [`Row`].

mod attempts;
mod case;
mod checks;
mod counting_proxy;
mod crash;
mod gap;
mod injector;
mod kill;
mod kill_trigger;
mod network;
mod row;
mod run;
mod secrets_manager;
mod strategy;
mod subject;

pub use self::{
    case::{Case, Kind, Limits},
    crash::{AsItIs, CrashAtACall, RunStep},
    gap::{Gap, gaps},
    injector::{Attempt, FaultInjector},
    kill::Kill,
    network::NetworkFault,
    row::{Row, table},
    run::{FaultRun, IsEnough, OnProgress},
    secrets_manager::SecretsManagerFault,
    strategy::strategy_of,
    subject::{Subject, alternation_lock},
};
