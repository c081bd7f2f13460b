use rand::RngExt;

/// The account that every ARN here names.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The region that every ARN here names.
pub(crate) const REGION: &str = "us-east-1";

/// A new secret's ARN: its name, then a hyphen and six random characters.
pub(crate) fn new_arn(name: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = crate::entropy();
    let suffix: String = (0..6).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect();
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{suffix}")
}
