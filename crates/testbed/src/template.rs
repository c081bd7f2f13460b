//! Data folders of new servers, created once per version and kept in `target/testbed`. Copying one takes a tenth of the
//! time of creating it.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
};

use crate::{
    environment::repository,
    folder::Folder,
    private,
    server_user::{copy, user},
};

/// A data folder to copy, and the password of its root user.
pub(crate) struct Template {
    pub(crate) data: PathBuf,
    pub(crate) root_password: String,
}

/// The template of a server such as `mysql-9.7`. If it is missing, `make` creates the folder `data` in
/// [`Folder::server`], with this password for the root user.
pub(crate) fn template(server: &str, make: impl FnOnce(&Folder, &str)) -> Template {
    let templates = templates();
    let template = templates.join(format!("{server}-user-{}", user()));
    if !template.is_dir() {
        let made = private::temporary_folder(&templates, ".half-");
        let folder = Folder::for_server(None);
        let password = uuid::Uuid::new_v4().to_string();
        make(&folder, &password);
        copy(&folder.server().join("data"), &made.path().join("data"));
        private::write(&made.path().join("password"), &password);
        let _ = fs::remove_dir_all(&folder.path);
        // Another process may have created it meanwhile; that template is equal.
        let _ = fs::rename(made.path(), &template);
    }
    let root_password = fs::read_to_string(template.join("password")).expect("the template's password");
    Template { data: template.join("data"), root_password }
}

/// The folder of the templates (mode 0700).
fn templates() -> PathBuf {
    let folder = repository().join("target/testbed");
    fs::create_dir_all(&folder).expect("a folder in target");
    let lock = File::create(folder.join("lock"));
    let lock = lock.unwrap_or_else(|error| panic!("cannot write in target/testbed ({error}): remove it"));
    lock.lock().expect("a lock on a file of ours");
    if fs::metadata(&folder).expect("it is there").mode() & 0o077 != 0 {
        // It is new, or from an earlier version, when other users could read the passwords in it.
        for left in fs::read_dir(&folder).expect("it is ours").flatten() {
            let _ = fs::remove_dir_all(left.path());
        }
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("it is ours");
    }
    folder
}
