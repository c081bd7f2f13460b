pub(crate) const RDS: &str = "";
