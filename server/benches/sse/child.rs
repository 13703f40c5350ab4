//! The other processes of the measurement, spoken to by lines.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

/// A process of this program in another role; ends with its owner.
pub(crate) struct Child {
    process: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start(words: &[&str]) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut process = Command::new(program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process can be started");
        let input = process.stdin.take().expect("its input is ours");
        let output = BufReader::new(process.stdout.take().expect("its output is ours"));
        Self { process, input, output }
    }

    /// The rest of the next line that begins so.
    pub(crate) fn expect(&mut self, start: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.output.read_line(&mut line).expect("it can be read");
            assert!(read > 0, "the process ended before it said `{start}`");
            if let Some(rest) = line.trim_end().strip_prefix(start) {
                return rest.to_owned();
            }
        }
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("it listens");
    }

    /// KiB of resident memory.
    pub(crate) fn resident(&self) -> u64 {
        resident(&self.process.id().to_string())
    }

    /// Seconds of CPU: in the program, and in the kernel for it.
    pub(crate) fn cpu(&self) -> [f64; 2] {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("it lives");
        let fields: Vec<&str> = text.rsplit(')').next().expect("fields follow").split_whitespace().collect();
        [11, 12].map(|at: usize| fields[at].parse::<u64>().expect("a number") as f64 / 100.0)
    }
}

/// KiB of resident memory of a process.
pub(crate) fn resident(pid: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
