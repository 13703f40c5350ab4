//! The built browser files: the manifest that names them, and the folder they are served from for a year.

use std::path::Path;

use serde::Deserialize;

/// What the build wrote into `manifest.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Address of the folder named by the hash of its contents, with a slash at both ends.
    pub base: String,
    /// The module that wakes the islands.
    pub js: String,
    /// The WASM it loads.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
}

impl Manifest {
    /// Reads the manifest of `folder`.
    ///
    /// # Errors
    /// One sentence for whoever starts the server.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("manifest.json");
        let text = std::fs::read_to_string(&path).map_err(|e| {
            format!("The browser files are not built: {} cannot be read ({e}). Try ./run.", path.display())
        })?;
        serde_json::from_str(&text).map_err(|e| format!("{} is damaged ({e}). Try ./run.", path.display()))
    }
}
