use rand::RngExt;

/// The account in every ARN.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The region in every ARN.
pub(crate) const REGION: &str = "us-east-1";

/// The ARN of a new secret. It ends with the secret's name, a hyphen and six random characters.
pub(crate) fn new_arn(name: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = crate::entropy::entropy();
    let suffix: String = (0..6).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect();
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{suffix}")
}
