//! What a model is called that nobody has named.

use std::path::Path;

/// The name of its run or file, with no characters but those that addresses take as they are.
pub fn of(path: &Path) -> String {
    let own = path.file_stem().filter(|stem| path.is_dir() || *stem != "model");
    // A file that is called as in every run is named by the run.
    let whole = std::path::absolute(path).ok();
    let parent = || whole.as_deref().and_then(Path::parent).and_then(Path::file_name);
    let name = if path.is_dir() { path.file_name() } else { own }.or_else(parent);
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() || "._-".contains(character) { character } else { '_' }
    };
    let name: String = name.map_or_else(String::new, |name| name.to_string_lossy().chars().map(plain).collect());
    let name = name.trim_start_matches('.');
    if name.is_empty() { "model".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_called_as_their_runs_or_files() {
        let run = tempfile::tempdir().unwrap();
        let named = run.path().join("shoes v1.2");
        std::fs::create_dir(&named).unwrap();
        assert_eq!(of(&named), "shoes_v1.2");
        assert_eq!(of(&named.join("model.safetensors")), "shoes_v1.2");
        assert_eq!(of(Path::new("elsewhere/mine.safetensors")), "mine");
        assert_eq!(of(Path::new("/")), "model");
    }
}
