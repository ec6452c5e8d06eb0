//! `sluice man` and `sluice completions`: made from the command line's own types.

use std::io;
use std::path::Path;

use clap::CommandFactory as _;

use crate::cli::Cli;

/// The man page of `sluice`, or a page a command in `folder`.
pub(crate) fn man(folder: Option<&Path>) -> io::Result<()> {
    let command = Cli::command();
    match folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            clap_mangen::generate_to(command, folder)
        }
        None => clap_mangen::Man::new(command).render(&mut io::stdout().lock()),
    }
}

pub(crate) fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "sluice", &mut io::stdout().lock());
}
