use std::io::Write;

use serde_json::{Value as Json, json};

use super::client::Endpoint;
use super::error::CliError;
use super::print::{external, line};
use crate::{DbCluster, DbClusterMember, DbInstance, MemberRole};

#[derive(clap::Args)]
pub(super) struct InstanceArgs {
    /// The identifier of the instance
    identifier: String,
    /// The host name or address of its endpoint
    #[arg(long)]
    address: String,
    /// The port of its endpoint
    #[arg(long)]
    port: u16,
    /// The engine: postgres, aurora-postgresql, mysql, aurora-mysql or mariadb
    #[arg(long)]
    engine: String,
    /// The instance that this one replicates
    #[arg(long, value_name = "IDENTIFIER")]
    replica_of: Option<String>,
    /// The cluster that this instance belongs to
    #[arg(long, value_name = "IDENTIFIER")]
    cluster: Option<String>,
    #[command(flatten)]
    endpoint: Endpoint,
}

#[derive(clap::Args)]
pub(super) struct ClusterArgs {
    /// The identifier of the cluster
    identifier: String,
    /// The host name or address of the writer's endpoint
    #[arg(long)]
    address: String,
    /// The host name or address of the reader's endpoint
    #[arg(long, value_name = "ADDRESS")]
    reader_address: Option<String>,
    /// The host name or address of a custom endpoint; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    custom_address: Vec<String>,
    /// The port of the endpoints
    #[arg(long)]
    port: u16,
    /// The engine: aurora-postgresql or aurora-mysql
    #[arg(long)]
    engine: String,
    /// The instance that takes writes
    #[arg(long, value_name = "IDENTIFIER")]
    writer: Option<String>,
    /// An instance that only reads; may be repeated
    #[arg(long, value_name = "IDENTIFIER")]
    reader: Vec<String>,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// Registers an instance, and prints its ARN.
pub(super) async fn instance(args: InstanceArgs, out: &mut impl Write) -> Result<(), CliError> {
    let InstanceArgs { identifier, address, port, engine, replica_of, cluster, endpoint } = args;
    let instance = DbInstance { identifier, address, port, engine, replica_of, cluster };
    let response = endpoint.put("instances", &json!(instance)).await?;
    print_arn(&response, out)
}

/// Registers a cluster, and prints its ARN.
pub(super) async fn cluster(args: ClusterArgs, out: &mut impl Write) -> Result<(), CliError> {
    let member = |role| move |instance| DbClusterMember { instance, role };
    let writers = args.writer.into_iter().map(member(MemberRole::Writer));
    let readers = args.reader.into_iter().map(member(MemberRole::Reader));
    let cluster = DbCluster {
        identifier: args.identifier,
        endpoint: args.address,
        reader_endpoint: args.reader_address,
        custom_endpoints: args.custom_address,
        port: args.port,
        engine: args.engine,
        members: writers.chain(readers).collect(),
    };
    let response = args.endpoint.put("clusters", &json!(cluster)).await?;
    print_arn(&response, out)
}

fn print_arn(response: &Json, out: &mut impl Write) -> Result<(), CliError> {
    line(out, format_args!("{}", external(response["Arn"].as_str().unwrap_or_default())))?;
    Ok(())
}
