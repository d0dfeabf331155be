//! Paths to manifest files, and files to text, whatever stands there.
//!
//! Only regular files are opened, so nothing here waits for a writer or a
//! device; nothing is read past the size cap. What cannot be read is a finding,
//! never a panic and never silence.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::Code;
use super::finding::Finding;
use super::place::{Spot, quoted, shown};

/// Largest file, in bytes: a thousand manifests of 1 KiB.
pub(crate) const MAX_FILE: u64 = 1024 * 1024;

/// Deepest directory below a path; deeper is no manifest tree but a mishap.
const MAX_DIRECTORIES: usize = 64;

/// `manifests/` when there is one, else the current directory.
pub fn default_paths() -> Vec<PathBuf> {
    let usual = Path::new("manifests");
    vec![if usual.is_dir() { usual.to_owned() } else { PathBuf::from(".") }]
}

/// What stands at some paths.
pub(crate) struct Collected {
    /// The manifest files: sorted, each once.
    pub(crate) files: Vec<PathBuf>,
    /// What could not be looked into.
    pub(crate) findings: Vec<Finding>,
    /// The real path of every directory that was looked into.
    pub(crate) directories: HashSet<PathBuf>,
    /// Links that were met in them.
    pub(crate) links: Vec<PathBuf>,
}

/// The manifest files of the paths. Directories are read recursively; in them
/// only `*.yaml` and `*.yml` count, and dotfiles and editor leftovers do not. A
/// file that is named is taken whatever it is called.
pub(crate) fn collect(paths: &[PathBuf]) -> Collected {
    let mut walk = Walk { once: paths.len() > 1, ..Walk::default() };
    for path in paths {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {
                if let Some(real) = walk.real(path) {
                    walk.seen_directories.insert(real.clone());
                    walk.directory(path, &mut vec![real]);
                }
            }
            Ok(_) => walk.files.push(path.clone()),
            Err(error) => walk.findings.push(unreadable(path, &error)),
        }
    }
    let Walk { mut files, findings, once, seen_directories: directories, links } = walk;
    // One path was walked in this order and had each file once.
    if paths.len() > 1 {
        files.sort();
        files.dedup();
    }
    if once {
        let mut seen = HashSet::new();
        // A link that leads nowhere stays in: reading it says so.
        files.retain(|file| fs::canonicalize(file).map_or(true, |real| seen.insert(real)));
    }
    Collected { files, findings, directories, links }
}

#[derive(Default)]
struct Walk {
    files: Vec<PathBuf>,
    findings: Vec<Finding>,
    /// Two paths may lead to one file: several were given, or a link was seen.
    once: bool,
    seen_directories: HashSet<PathBuf>,
    links: Vec<PathBuf>,
}

impl Walk {
    fn real(&mut self, path: &Path) -> Option<PathBuf> {
        fs::canonicalize(path).map_err(|e| self.findings.push(unreadable(path, &e))).ok()
    }

    /// `above` are the real paths of this directory and those it was reached through.
    fn directory(&mut self, directory: &Path, above: &mut Vec<PathBuf>) {
        if above.len() > MAX_DIRECTORIES {
            let message = format!("more than {MAX_DIRECTORIES} directories deep");
            self.findings.push(
                Finding::new(Code::Unreadable, Spot::whole(directory.into()), message)
                    .hint("name the directory of the manifests itself"),
            );
            return;
        }
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => return self.findings.push(unreadable(directory, &error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok((name, _)) if is_leftover(Path::new(&name)) => {}
                Ok(entry) => found.push(entry),
                Err(error) => self.findings.push(unreadable(directory, &error)),
            }
        }
        // Of two ways to one directory the same is taken each time; and names are
        // compared faster than paths.
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (name, kind) in found {
            let path = directory.join(name);
            let link = kind.is_symlink();
            if link {
                self.once = true;
                self.links.push(path.clone());
            }
            let is_directory =
                kind.is_dir() || link && fs::metadata(&path).is_ok_and(|meta| meta.is_dir());
            if is_directory {
                self.subdirectory(&path, link, above);
            } else if is_manifest(&path) {
                self.files.push(path);
            }
        }
    }

    fn subdirectory(&mut self, path: &Path, link: bool, above: &mut Vec<PathBuf>) {
        let Some(real) = self.real(path) else { return };
        if link && above.contains(&real) {
            self.findings.push(
                Finding::new(
                    Code::SymlinkLoop,
                    Spot::whole(path.into()),
                    format!("a link back to {}", quoted(&real.to_string_lossy())),
                )
                .hint("remove the link"),
            );
            return;
        }
        if self.seen_directories.insert(real.clone()) {
            above.push(real);
            self.directory(path, above);
            above.pop();
        }
    }
}

/// Whether a directory's entry of that name is never looked at.
pub(crate) fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // `.#a.yaml`, `#a.yaml#`, `~a.yaml` and `a.yaml~`: locks and backups of editors.
    name.starts_with(['.', '#', '~']) || name.ends_with(['~', '#'])
}

/// Whether a directory's file of that name is a manifest.
pub(crate) fn is_manifest(path: &Path) -> bool {
    !is_leftover(path) && path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml")
}

/// The text of a file, less a byte-order mark.
pub(crate) fn read(path: &Path) -> Result<String, Box<Finding>> {
    text(path, bytes(path)?)
}

/// The bytes of a file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Box<Finding>> {
    AtPath::of(path).bytes(path)
}

/// What stands at a path, and the file itself where it is open already.
pub(crate) struct AtPath {
    pub(crate) meta: io::Result<Metadata>,
    open: Option<fs::File>,
}

impl AtPath {
    /// What the file system says.
    pub(crate) fn of(path: &Path) -> Self {
        Self { meta: fs::metadata(path), open: None }
    }

    /// The same of what was a file that could be read a moment ago: to open it
    /// and to ask then finds the way to it once, not twice. Whatever it is by
    /// now, nothing waits; the writer of a pipe hears once that somebody came
    /// and left.
    pub(crate) fn again(path: &Path) -> Self {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use rustix::fs::OFlags;
            use std::os::unix::fs::OpenOptionsExt;
            let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
            options.custom_flags(flags.bits().cast_signed());
        }
        let open = options.open(path).and_then(|file| Ok((file.metadata()?, file)));
        match open {
            Ok((meta, file)) => Self { meta: Ok(meta), open: Some(file) },
            // What is wrong is told by the usual way.
            Err(_) => Self::of(path),
        }
    }

    /// The bytes, or why there are none.
    pub(crate) fn bytes(self, path: &Path) -> Result<Vec<u8>, Box<Finding>> {
        let finding = |code, message: &str| Finding::new(code, Spot::whole(path.into()), message);
        // Before opening: to open a pipe would wait for its writer.
        let meta = self.meta.map_err(|error| Box::new(unreadable(path, &error)))?;
        if !meta.is_file() {
            let finding = finding(Code::NotAFile, "neither a regular file nor a directory");
            return Err(Box::new(finding.hint("write the manifest into a file")));
        }
        let too_large = || {
            let finding =
                finding(Code::FileTooLarge, &format!("more than {} KiB", MAX_FILE / 1024));
            Box::new(finding.hint("split the file; a manifest takes about 1 KiB"))
        };
        if meta.len() > MAX_FILE {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0) + 1);
        let open = self.open.map_or_else(|| fs::File::open(path), Ok);
        // Past the size that was announced too: some files announce none.
        open.and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
            .map_err(|error| Box::new(unreadable(path, &error)))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(too_large());
        }
        Ok(bytes)
    }
}

/// What a file's bytes say, less a byte-order mark.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Box<Finding>> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let good = bytes.get(..valid).and_then(|b| str::from_utf8(b).ok()).unwrap_or_default();
        let finding = at_end_of(path, good, Code::NotUtf8, "not UTF-8 from here on");
        Box::new(finding.hint("save the file as UTF-8"))
    })?;
    if let Some(at) = text.find('\0') {
        let good = text.get(..at).unwrap_or_default();
        let finding = at_end_of(path, good, Code::NulByte, "a NUL byte");
        return Err(Box::new(finding.hint("remove it; was the file saved as UTF-16?")));
    }
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// A finding where `good`, the readable part of a file, ends.
fn at_end_of(path: &Path, good: &str, code: Code, message: &str) -> Finding {
    let mut spot = Spot::whole(Arc::from(path));
    let lines = good.bytes().filter(|b| *b == b'\n').count() + 1;
    let last = good.rsplit('\n').next().unwrap_or_default();
    spot.line = u32::try_from(lines).unwrap_or(u32::MAX);
    spot.column = u32::try_from(last.chars().count() + 1).unwrap_or(u32::MAX);
    spot.end_column = spot.column.saturating_add(1);
    Finding::new(code, spot, message)
}

fn unreadable(path: &Path, error: &io::Error) -> Finding {
    let spot = Spot::whole(path.into());
    match error.kind() {
        io::ErrorKind::NotFound => {
            let link = fs::symlink_metadata(path).is_ok();
            let what = if link { "a link to nothing" } else { "no such file or directory" };
            Finding::new(Code::NotFound, spot, what).hint("check the path")
        }
        io::ErrorKind::PermissionDenied => {
            Finding::new(Code::Unreadable, spot, "no permission to read it")
                .hint(format!("try `chmod +r {}`", shown(&path.to_string_lossy())))
        }
        // ELOOP has a kind of its own in unstable Rust only.
        _ if error.to_string().contains("symbolic link") => {
            Finding::new(Code::SymlinkLoop, spot, "links that lead in a circle")
                .hint("remove the link")
        }
        _ => Finding::new(Code::Unreadable, spot, format!("cannot be read: {error}"))
            .hint("check the file system"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_no_manifests() {
        for name in ["a.yaml", "a.yml", "x/b.c.yaml"] {
            assert!(is_manifest(Path::new(name)), "{name}");
        }
        for name in [".a.yaml", ".#a.yaml", "#a.yaml#", "a.yaml~", "~a.yaml", "a.json", "yaml"] {
            assert!(!is_manifest(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_directory_is_read_once_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        for name in ["z.yaml", "b/c/d.yml", "a.yaml", "b/x.txt", ".hidden.yaml"] {
            fs::write(root.join(name), "").unwrap();
        }
        let Collected { files, findings, .. } =
            collect(&[root.to_owned(), root.join("b"), root.join("a.yaml")]);
        let names: Vec<_> = files.iter().map(|f| f.strip_prefix(root).unwrap()).collect();
        assert_eq!(names, [Path::new("a.yaml"), Path::new("b/c/d.yml"), Path::new("z.yaml")]);
        assert!(findings.is_empty());
    }
}
