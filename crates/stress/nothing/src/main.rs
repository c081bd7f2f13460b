//! A Lambda function that does nothing. What it costs, the Runtime API and the machine cost: nobody can be quicker.

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::Value;

fn main() -> Result<(), Error> {
    // As our functions have it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let nothing = async |_event: LambdaEvent<Value>| Ok::<(), Error>(());
    runtime.block_on(Runtime::new(service_fn(nothing)).run())
}
