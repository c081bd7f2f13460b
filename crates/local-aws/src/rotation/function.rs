use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::lock::lock;
use crate::operations::{FunctionCheck, function_of_rotation};
use crate::secrets::Region;
use crate::service::Service;

/// How long the program that runs functions may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// The name in a function's ARN (`arn:aws:lambda:REGION:ACCOUNT:function:NAME`, with or without a version or alias).
pub(crate) fn function_name(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ("arn", "lambda", "function") = (*parts.first()?, *parts.get(2)?, *parts.get(5)?) else {
        return None;
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    parts.get(6).copied().filter(|name| !name.is_empty() && name.chars().all(allowed))
}

/// Whether the function that a `RotateSecret` is about can be called. AWS asks Lambda whether it exists and whether the
/// service may call it. Here it is in the list of functions; without such a list, something accepts connections where
/// functions are called.
pub(crate) async fn check_function(service: &Service, region: &Region, body: &[u8]) -> FunctionCheck {
    let arn = function_of_rotation(service, region, body);
    // Without a name, or with an impossible one, the request is refused for another reason.
    let Some(name) = arn.as_deref().and_then(function_name) else { return FunctionCheck::Callable };
    let is_callable = match &service.settings.functions {
        Some(all) => all.iter().any(|known| known == name),
        None => is_reachable(service).await,
    };
    match is_callable {
        true => FunctionCheck::Callable,
        false => FunctionCheck::NotCallable,
    }
}

async fn is_reachable(service: &Service) -> bool {
    let url = lock(&service.lambda_url).as_deref().and_then(|url| url::Url::parse(url).ok());
    let Some(url) = url else { return false };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
    let host = host.trim_matches(['[', ']']);
    matches!(timeout(CONNECT, TcpStream::connect((host, port))).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_its_arn() {
        for (arn, name) in [
            ("arn:aws:lambda:us-east-1:123456789012:function:rotate", Some("rotate")),
            ("arn:aws-cn:lambda:cn-north-1:123456789012:function:a_b-1:live", Some("a_b-1")),
            ("arn:aws:lambda:us-east-1:123456789012:function:", None),
            ("arn:aws:lambda:us-east-1:123456789012:function:a/../b", None),
            ("arn:aws:s3:us-east-1:123456789012:function:rotate", None),
            ("rotate", None),
        ] {
            assert_eq!(function_name(arn), name, "{arn}");
        }
    }
}
