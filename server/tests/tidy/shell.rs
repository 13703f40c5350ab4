//! The commands and their scripts keep to what macOS brings along: bash 3.2, and tools without GNU's own flags.

use crate::tree::File;

/// What bash 3.2 does not know.
const NEWER_BASH: [&str; 10] =
    ["mapfile", "readarray", "declare -A", "local -A", "local -n", "coproc", ",,}", "^^}", "|&", "&>>"];

/// What the tools of macOS lack, or mean otherwise.
const GNU_ONLY: [&str; 16] = [
    "date +%N",
    "date +%s%N",
    "date -d",
    "find -printf",
    "grep -P",
    "mktemp --",
    "nproc",
    "readlink -f",
    "realpath",
    "sed -i",
    "sed -r",
    "setsid",
    "sort -V",
    "stat -c",
    "timeout ",
    "xargs -r",
];

/// Breaches of a script; comments may name what they like.
pub(crate) fn portable(file: &File) -> Vec<String> {
    if !file.path.ends_with(".sh") && !["run", "test", "bench"].contains(&file.path.as_str()) {
        return Vec::new();
    }
    let code = (1..).zip(file.text.lines()).filter(|(_, line)| !line.trim_start().starts_with('#'));
    let newer = NEWER_BASH.iter().map(|word| (*word, "needs a newer bash than macOS has"));
    let foreign: Vec<_> = newer.chain(GNU_ONLY.iter().map(|word| (*word, "is not known to macOS"))).collect();
    let breaches = code.flat_map(|(at, line)| {
        let there = foreign.iter().filter(move |(word, _)| line.contains(word));
        there.map(move |(word, why)| format!("{}:{at}: `{word}` {why}", file.path))
    });
    breaches.collect()
}

#[test]
fn a_script_that_macos_cannot_run_is_found() {
    for line in ["name=${name,,}", "mapfile -t lines <log", "  sed -i s/a/b/ file", "timeout 5 cargo build", "a |& b"] {
        for path in ["run", "scripts/lib.sh"] {
            assert_eq!(portable(&File::made(path, &format!("set -u\n{line}\n"))).len(), 1, "{path}: {line}");
        }
    }
    assert!(portable(&File::made("run", "# no sed -i here\nsed s/a/b/ file || true\n")).is_empty());
    assert!(portable(&File::made("scripts/a.mjs", "spawn('setsid')")).is_empty());
}
