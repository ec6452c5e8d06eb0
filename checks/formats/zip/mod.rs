//! A temporary stand-in for the zip reader.

use super::archive::ArchiveFacts;
use crate::{Content, Cx, Gap, Why, Window};

#[derive(Debug, Default)]
pub(crate) struct Opened {
    pub facts: ArchiveFacts,
    pub members: Vec<Member>,
    pub outside: Vec<(u64, u64)>,
    pub gaps: Vec<Gap>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    pub name: String,
    pub at: u64,
    pub size: u64,
    pub packed: u64,
}

impl Member {
    pub(crate) fn content<'a>(&self, archive: Window<'a>, _: &'a Cx<'_>) -> Result<Content<'a>, Gap> {
        Ok(Content::Window(archive.slice(self.at, self.size)))
    }
}

pub(crate) fn is_zip(archive: Window<'_>) -> bool {
    archive.bytes(0, 4).is_ok_and(|head| head == b"PK\x03\x04")
}

pub(crate) fn open(_: Window<'_>, _: &Cx<'_>) -> Opened {
    let gaps = vec![Gap { why: Why::NoReader, detail: "zip".into() }];
    Opened { gaps, ..Opened::default() }
}
