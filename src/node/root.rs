use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Translates the paths that an instance uses into paths of this machine.
///
/// A server of its own uses the machine's paths as they are. In the lab everything below a mount
/// point (`/data`) lies in the session's folder, nothing else exists, and no `..` and no symbolic
/// link leads out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    confined: Option<Confined>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Confined {
    /// Normal components of the mount point, as the instance sees it.
    mount: Vec<OsString>,
    /// The real folder, without symbolic links in its own path.
    base: PathBuf,
}

impl Root {
    /// The machine's own paths.
    pub fn host() -> Root {
        Root { confined: None }
    }

    /// `mount` (an absolute path such as `/data`, or `/`) shows the folder `base`, which must exist.
    pub fn confined(mount: &str, base: &Path) -> io::Result<Root> {
        let base = base.canonicalize()?;
        let mount = normal(Path::new(mount));
        Ok(Root { confined: Some(Confined { mount, base }) })
    }

    /// Whether paths are confined.
    pub fn is_confined(&self) -> bool {
        self.confined.is_some()
    }

    /// The real path of `path`, which the instance reads relative to `cwd` (absolute, as the
    /// instance sees it). Nothing needs to exist there.
    ///
    /// # Errors
    /// In a confined root `NotFound` for a path outside the mount, `PermissionDenied` for one that
    /// a symbolic link leads out of it.
    pub fn resolve(&self, cwd: &str, path: &str) -> io::Result<PathBuf> {
        let joined = Path::new(cwd).join(path);
        let Some(confined) = &self.confined else { return Ok(joined) };
        let parts = normal(&joined);
        let Some(rest) = parts.strip_prefix(confined.mount.as_slice()) else {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        };
        let real = rest.iter().fold(confined.base.clone(), |p, part| p.join(part));
        confined.check(&real)?;
        Ok(real)
    }

    /// The working directory after a `chdir` to `path`, absolute, as the instance sees it.
    ///
    /// # Errors
    /// Those of [`Root::resolve`], and the system's if it is no directory that can be entered.
    pub fn enter(&self, cwd: &str, path: &str) -> io::Result<String> {
        let real = self.resolve(cwd, path)?;
        if !std::fs::metadata(&real)?.is_dir() {
            return Err(io::Error::from_raw_os_error(libc::ENOTDIR));
        }
        match self.confined {
            Some(_) => Ok(self.absolute(cwd, path)),
            None => Ok(real.canonicalize()?.to_string_lossy().into_owned()),
        }
    }

    /// `path` as the instance sees it, absolute and without `.` and `..`.
    pub fn absolute(&self, cwd: &str, path: &str) -> String {
        let joined = Path::new(cwd).join(path);
        if self.confined.is_none() {
            // `..` behind a symbolic link means something else than its text; leave it alone.
            return joined.to_string_lossy().into_owned();
        }
        let mut out = String::new();
        for part in normal(&joined) {
            out.push('/');
            out.push_str(&part.to_string_lossy());
        }
        if out.is_empty() { "/".to_owned() } else { out }
    }
}

impl Confined {
    /// The deepest part of `real` that exists must lie in `base` once its links are followed. A
    /// dangling link counts as leading out: what it would create is nobody's business here.
    fn check(&self, real: &Path) -> io::Result<()> {
        let mut probe = real;
        loop {
            match probe.canonicalize() {
                Ok(there) if there.starts_with(&self.base) => return Ok(()),
                Ok(_) => return Err(io::Error::from_raw_os_error(libc::EACCES)),
                Err(_) if probe.is_symlink() => {
                    return Err(io::Error::from_raw_os_error(libc::EACCES));
                }
                Err(_) => match probe.parent() {
                    Some(up) if up.starts_with(&self.base) => probe = up,
                    _ => return Err(io::Error::from_raw_os_error(libc::EACCES)),
                },
            }
        }
    }
}

/// The named components of a path, `.` and `..` taken in by their text; `..` stops at the top.
fn normal(path: &Path) -> Vec<OsString> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_owned()),
            Component::ParentDir => {
                parts.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::Root;
    use std::io::ErrorKind;

    #[test]
    fn root_of_the_host_changes_nothing() {
        let root = Root::host();
        let path = root.resolve("/srv", "dump.rdb").expect("resolves");
        assert_eq!(path.to_str(), Some("/srv/dump.rdb"));
        assert_eq!(root.resolve("/srv", "/x/y").expect("resolves").to_str(), Some("/x/y"));
    }

    #[test]
    fn root_confines_texts_and_links() {
        let tmp = tempfile::tempdir().expect("temp dir");
        let base = tmp.path().join("session");
        std::fs::create_dir_all(base.join("6380")).expect("mkdir");
        std::fs::write(tmp.path().join("secret"), "x").expect("write");
        std::os::unix::fs::symlink(tmp.path(), base.join("out")).expect("symlink");
        std::os::unix::fs::symlink("6380", base.join("in")).expect("symlink");
        std::os::unix::fs::symlink(tmp.path().join("new"), base.join("dangling")).expect("symlink");
        let root = Root::confined("/data", &base).expect("root");
        let real = base.canonicalize().expect("base");

        let ok = |cwd: &str, p: &str| root.resolve(cwd, p).expect(p);
        assert_eq!(ok("/data/6380", "dump.rdb"), real.join("6380/dump.rdb"));
        assert_eq!(ok("/data/6380", "../6381/x"), real.join("6381/x"));
        assert_eq!(ok("/data", "/data"), real);
        assert_eq!(ok("/data", "in/dump.rdb"), real.join("in/dump.rdb"));
        assert_eq!(root.absolute("/data/6380", "../x/./y"), "/data/x/y");

        let kind = |p: &str| root.resolve("/data/6380", p).expect_err(p).kind();
        assert_eq!(kind("/etc/passwd"), ErrorKind::NotFound);
        assert_eq!(kind("../../etc/passwd"), ErrorKind::NotFound);
        assert_eq!(kind("/data/../secret"), ErrorKind::NotFound);
        assert_eq!(kind("/data/out/secret"), ErrorKind::PermissionDenied);
        assert_eq!(kind("/data/out/not-there"), ErrorKind::PermissionDenied);
        assert_eq!(kind("/data/dangling"), ErrorKind::PermissionDenied);
    }
}
