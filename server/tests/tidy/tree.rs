//! The sources of the workspace, as text.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// From the workspace's root, with `/`.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

impl File {
    /// A file that only a test knows.
    pub(crate) fn made(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Lines of code with their numbers from 1: comments and empty lines left out.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = (1..).zip(self.text.lines()).map(|(at, line)| (at, line.split("//").next().unwrap_or("").trim()));
        lines.filter(|(_, line)| !line.is_empty())
    }
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the server lies in the workspace").to_owned()
}

/// A document, whole.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path} can be read: {e}"))
}

/// Every source file of Parterre: Rust, scripts, SQL, style.
pub(crate) fn files() -> Vec<File> {
    let mut found = Vec::new();
    for folder in ["app", "frontend", "server", "migrations", "scripts", "end2end", "benches", "public"] {
        let known = found.len();
        gather(&root().join(folder), &mut found);
        assert!(found.len() > known, "{folder} is where the sources lie");
    }
    // The commands that a person types have no ending.
    found.extend(["run", "test", "bench"].map(|path| File { path: path.into(), text: read(path) }));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn gather(folder: &Path, found: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if !["node_modules", "target", "out", "dist", "corpus", "artifacts"].iter().any(|skip| name == *skip) {
                gather(&path, found);
            }
        } else if path.extension().is_some_and(|e| ["rs", "mjs", "js", "sh", "sql", "css"].iter().any(|k| e == *k)) {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
            found.push(File { path, text });
        }
    }
}
