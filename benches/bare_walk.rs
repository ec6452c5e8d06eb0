//! The peer of the small-files benchmark: walks a folder, opens every file and reads its first 4 KiB; one thread.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;

fn main() -> io::Result<()> {
    let mut folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (mut files, mut bytes, mut head) = (0_u64, 0_u64, [0; 4096]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += File::open(entry.path())?.read(&mut head)? as u64;
                files += 1;
            }
        }
    }
    println!("{files} files, {bytes} bytes");
    Ok(())
}
