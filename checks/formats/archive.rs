//! What an archive's own structure says, whatever its format: the facts that archive checks judge.

/// Structure of one archive.
#[derive(Clone, Debug, Default)]
pub struct ArchiveFacts {
    pub oddities: Vec<Oddity>,
}

/// A place where readers of the format disagree, or where the format's rules are broken.
#[derive(Clone, Debug)]
pub struct Oddity {
    pub what: What,
    /// Offset in the archive.
    pub at: u64,
    /// One line for a person, with the member's name where there is one.
    pub message: String,
}

/// Classes of oddities; each belongs to one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Two readers of the format would see different members or different bytes.
    Ambiguous,
    /// A member's name leads outside of the folder it is unpacked to.
    Escapes,
    /// A rule of the format is broken, and strict readers refuse what lenient readers load.
    Irregular,
    /// Unpacks to far more than its size lets expect.
    Bomb,
}

/// Oddities of one class that are listed; a hostile archive has as many as it likes.
const LISTED: usize = 100;

impl ArchiveFacts {
    /// Notes an oddity. Behind the hundredth of a class stands one line that there are more.
    pub(crate) fn note(&mut self, what: What, at: u64, message: impl Into<String>) {
        let listed = self.oddities.iter().filter(|oddity| oddity.what == what).count();
        if listed < LISTED {
            self.oddities.push(Oddity { what, at, message: message.into() });
        } else if listed == LISTED {
            self.oddities.push(Oddity { what, at, message: "There is more of the same kind, which is not listed.".into() });
        }
    }

    /// One finding for each oddity of this class.
    pub(crate) fn report(&self, what: What, out: &mut crate::Sink) {
        for oddity in self.oddities.iter().filter(|oddity| oddity.what == what) {
            let place = crate::Place::Bytes { offset: oddity.at, length: 1, in_file: None };
            out.report(place, oddity.message.clone(), oddity.message.clone());
        }
    }
}
