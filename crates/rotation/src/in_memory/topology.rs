//! RDS in memory.

use async_trait::async_trait;

use crate::ports::Topology;
use crate::{CallError, Cause, Endpoint};

/// One instance, and its readers.
#[derive(Debug)]
pub(crate) struct MemoryTopology {
    pub(crate) arn: String,
    pub(crate) engine: String,
    pub(crate) writer: Endpoint,
    pub(crate) readers: Vec<Endpoint>,
}

#[async_trait]
impl Topology for MemoryTopology {
    fn host(&self) -> Option<String> {
        None
    }

    async fn server_of(&self, arn: &str) -> Result<(Endpoint, String), CallError> {
        if arn == self.arn {
            return Ok((self.writer.clone(), self.engine.clone()));
        }
        Err(CallError::failed(Cause::Rds, format!("DBInstanceNotFound: {arn}")))
    }

    async fn is_reader_of(&self, reader: &Endpoint, primary: &Endpoint) -> Result<bool, CallError> {
        Ok(*primary == self.writer && self.readers.contains(reader))
    }
}
