//! A superuser shaped like RDS's master user.

use super::{MySql, MySqlVersion, name, text};
use crate::Credentials;

/// What RDS grants its master user on MySQL 8.4 and later by a role, except for what only RDS has. It has neither SUPER nor
/// `SYSTEM_USER`.
const ON_EVERYTHING: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, \
    SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, \
    SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";
const ON_MYSQL: &str = "CREATE ROLE, DROP ROLE";
const DYNAMIC: &str = "APPLICATION_PASSWORD_ADMIN, FLUSH_OPTIMIZER_COSTS, FLUSH_STATUS, FLUSH_TABLES, \
    FLUSH_USER_RESOURCES, ROLE_ADMIN, SESSION_VARIABLES_ADMIN, SET_ANY_DEFINER, SHOW_ROUTINE, XA_RECOVER_ADMIN";
/// What RDS and Aurora revoke from that on the schemas `mysql` and `sys`.
const RESTRICTED: &str = "INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE VIEW, CREATE ROUTINE, \
    ALTER ROUTINE, EVENT, TRIGGER";
const ON_MARIADB: &str = "DELETE HISTORY";
const ON_MARIADB_11: &str = "DELETE HISTORY, SHOW CREATE ROUTINE";

impl MySql {
    /// Creates another superuser shaped like RDS's master user. On MySQL it has its privileges by a default role, which is
    /// restricted if the server has partial revokes.
    pub async fn create_superuser(&self, user: &str) -> Credentials {
        let superuser = Credentials::new(user);
        let (account, password) = (format!("{}@'%'", name(user)), text(&superuser.password));
        self.execute(&format!("CREATE USER {account} IDENTIFIED BY {password}")).await;
        let on_everything = |of_product: &str, to: &str| {
            format!("GRANT {ON_EVERYTHING}, {of_product} ON *.* TO {to} WITH GRANT OPTION")
        };
        match self.version {
            MySqlVersion::MariaDb1011 => self.execute(&on_everything(ON_MARIADB, &account)).await,
            MySqlVersion::MariaDb118 => self.execute(&on_everything(ON_MARIADB_11, &account)).await,
            MySqlVersion::MySql97 => {
                let role = name(&format!("{user}_role"));
                self.execute(&format!("CREATE ROLE {role}")).await;
                self.execute(&on_everything(ON_MYSQL, &role)).await;
                self.execute(&format!("GRANT {DYNAMIC} ON *.* TO {role} WITH GRANT OPTION")).await;
                if self.values("SELECT @@partial_revokes").await == ["1"] {
                    for schema in ["mysql", "sys"] {
                        self.execute(&format!("REVOKE {RESTRICTED} ON {schema}.* FROM {role}")).await;
                    }
                }
                self.execute(&format!("GRANT {role} TO {account} WITH ADMIN OPTION")).await;
                self.execute(&format!("SET DEFAULT ROLE ALL TO {account}")).await;
            }
        }
        superuser
    }
}
