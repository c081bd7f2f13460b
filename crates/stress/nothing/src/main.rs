//! A Lambda function that does nothing: its time and memory are those of the Runtime API and the machine.

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::Value;

fn main() -> Result<(), Error> {
    // The same runtime as that of our functions.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let nothing = async |_event: LambdaEvent<Value>| Ok::<(), Error>(());
    runtime.block_on(Runtime::new(service_fn(nothing)).run())
}
