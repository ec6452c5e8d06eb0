//! The fixed records of a zip archive as PKWARE's APPNOTE 6.3.10 lays them out (section 4.3), bytes in, fields out.

pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";
pub(super) const CENTRAL: &[u8; 4] = b"PK\x01\x02";
pub(super) const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";
pub(super) const END: &[u8; 4] = b"PK\x05\x06";
pub(super) const END64: &[u8; 4] = b"PK\x06\x06";
pub(super) const LOCATOR64: &[u8; 4] = b"PK\x06\x07";
pub(super) const LOCAL_SIZE: usize = 30;
pub(super) const CENTRAL_SIZE: usize = 46;
pub(super) const END_SIZE: usize = 22;
pub(super) const END64_SIZE: usize = 56;
pub(super) const LOCATOR64_SIZE: usize = 20;

/// Flag bits (4.4.4) that decide how bytes are read.
pub(super) const ENCRYPTED: u16 = 1;
pub(super) const HAS_DESCRIPTOR: u16 = 1 << 3;
/// Compressed patch data, strong encryption, masked headers: a reader that knows them cannot read plain bytes.
pub(super) const UNREADABLE: u16 = ENCRYPTED | 1 << 5 | 1 << 6 | 1 << 13;

pub(super) fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn le64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// One header's word about one member: from the central directory, or from the header in front of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    /// The name in the Unicode path extra field, where its checksum says that it belongs to this name.
    pub(super) unicode: Option<Vec<u8>>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Where the local header stands, as the archive counts it; zero in a local header.
    pub(super) at: u64,
    pub(super) disk: u32,
    /// Unix file mode, where a Unix system made the member.
    pub(super) mode: u32,
    /// Bytes of this header.
    pub(super) length: u64,
}

impl Header {
    /// Reads the local header at the beginning of `bytes`, whose name and extra field must be whole.
    pub(super) fn local(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(LOCAL) {
            return None;
        }
        Self::local_whatever_its_signature(bytes)
    }

    /// PyTorch finds the data of a record through these two lengths and never looks at the signature
    /// (`getRecordOffset` in `caffe2/serialize/inline_container.cc`).
    pub(super) fn local_whatever_its_signature(bytes: &[u8]) -> Option<Self> {
        let [name, extra] = [usize::from(le16(bytes, 26)?), usize::from(le16(bytes, 28)?)];
        let length = LOCAL_SIZE + name + extra;
        let mut header = Self {
            name: bytes.get(LOCAL_SIZE..LOCAL_SIZE + name)?.to_vec(),
            unicode: None,
            flags: le16(bytes, 6)?,
            method: le16(bytes, 8)?,
            crc: le32(bytes, 14)?,
            packed: le32(bytes, 18)?.into(),
            size: le32(bytes, 22)?.into(),
            at: 0,
            disk: 0,
            mode: 0,
            length: length as u64,
        };
        header.read_extra(bytes.get(LOCAL_SIZE + name..length)?);
        Some(header)
    }

    /// Reads the central directory header at the beginning of `bytes`.
    pub(super) fn central(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(CENTRAL) {
            return None;
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| le16(bytes, at).map(usize::from));
        let (name, extra, comment) = (name?, extra?, comment?);
        // The upper byte of "version made by": 3 is Unix, 19 is macOS.
        let unix = matches!(bytes.get(5), Some(3 | 19));
        let mut header = Self {
            name: bytes.get(CENTRAL_SIZE..CENTRAL_SIZE + name)?.to_vec(),
            unicode: None,
            flags: le16(bytes, 8)?,
            method: le16(bytes, 10)?,
            crc: le32(bytes, 16)?,
            packed: le32(bytes, 20)?.into(),
            size: le32(bytes, 24)?.into(),
            at: le32(bytes, 42)?.into(),
            disk: le16(bytes, 34)?.into(),
            mode: if unix { le32(bytes, 38)? >> 16 } else { 0 },
            length: (CENTRAL_SIZE + name + extra + comment) as u64,
        };
        header.read_extra(bytes.get(CENTRAL_SIZE + name..CENTRAL_SIZE + name + extra)?);
        Some(header)
    }

    /// Zip64 sizes (4.5.3: only for fields that are saturated, in this order) and the Unicode path (4.6.9).
    fn read_extra(&mut self, mut extra: &[u8]) {
        while let (Some(id), Some(size)) = (le16(extra, 0), le16(extra, 2)) {
            let Some(field) = extra.get(4..4 + usize::from(size)) else { break };
            match id {
                0x0001 => self.read_zip64(field),
                0x7075 if field.first() == Some(&1) && le32(field, 1) == Some(crc(&self.name)) => {
                    self.unicode = field.get(5..).map(<[u8]>::to_vec);
                }
                _ => {}
            }
            extra = extra.get(4 + usize::from(size)..).unwrap_or_default();
        }
    }

    fn read_zip64(&mut self, mut field: &[u8]) {
        for value in [&mut self.size, &mut self.packed, &mut self.at] {
            if *value == u64::from(u32::MAX)
                && let Some(wide) = le64(field, 0)
            {
                *value = wide;
                field = field.get(8..).unwrap_or_default();
            }
        }
        if self.disk == u32::from(u16::MAX)
            && let Some(wide) = le32(field, 0)
        {
            self.disk = wide;
        }
    }

    pub(super) fn has_descriptor(&self) -> bool {
        self.flags & HAS_DESCRIPTOR != 0
    }

    /// A local header that leaves its sizes to the data descriptor: zero, or saturated without a zip64 field.
    pub(super) fn leaves_sizes_open(&self) -> bool {
        self.has_descriptor() && (self.packed == 0 || self.packed == u64::from(u32::MAX))
    }
}

/// Whether numbers look like a local header's, not like four letters by chance.
pub(super) fn is_plausible_local(fixed: &[u8]) -> bool {
    let known = matches!(le16(fixed, 8), Some(0..=20 | 93..=99));
    fixed.starts_with(LOCAL) && known && matches!(le16(fixed, 26), Some(1..=4096))
}

pub(super) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Where an end record says that the central directory stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) count: u64,
    pub(super) one_disk: bool,
}

/// The end of central directory record (4.3.16).
pub(super) struct EndRecord {
    pub(super) extent: Extent,
    pub(super) comment: u64,
}

impl EndRecord {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(END) {
            return None;
        }
        let one_disk = le16(bytes, 4)? == le16(bytes, 6)? && le16(bytes, 8)? == le16(bytes, 10)? && le16(bytes, 4)? <= 1;
        let extent =
            Extent { offset: le32(bytes, 16)?.into(), size: le32(bytes, 12)?.into(), count: le16(bytes, 10)?.into(), one_disk };
        Some(Self { extent, comment: le16(bytes, 20)?.into() })
    }

    /// Whether this record alone says where the directory is: no field refers to the zip64 record.
    pub(super) fn is_complete(&self) -> bool {
        let Extent { offset, size, count, .. } = self.extent;
        offset != u64::from(u32::MAX) && size != u64::from(u32::MAX) && count != u64::from(u16::MAX)
    }

    /// Whether the zip64 record says the same in every field that is not left to it.
    pub(super) fn agrees_with(&self, wide: &Extent) -> bool {
        let same = |narrow: u64, wide: u64, limit: u64| narrow == limit || narrow == wide;
        same(self.extent.offset, wide.offset, u32::MAX.into())
            && same(self.extent.size, wide.size, u32::MAX.into())
            && same(self.extent.count, wide.count, u16::MAX.into())
    }
}

/// The zip64 end of central directory record (4.3.14).
pub(super) fn end64(bytes: &[u8]) -> Option<Extent> {
    if !bytes.starts_with(END64) {
        return None;
    }
    let one_disk = le32(bytes, 16)? == le32(bytes, 20)? && le64(bytes, 24)? == le64(bytes, 32)?;
    Some(Extent { offset: le64(bytes, 48)?, size: le64(bytes, 40)?, count: le64(bytes, 32)?, one_disk })
}

/// Bytes of a data descriptor that says these numbers (4.3.9): with or without signature, with 32-bit or 64-bit sizes.
pub(super) fn descriptor_size(bytes: &[u8], crc: u32, packed: u64, size: u64) -> Option<u64> {
    let after = if bytes.starts_with(DESCRIPTOR) { 4 } else { 0 };
    if le32(bytes, after)? != crc {
        return None;
    }
    if le64(bytes, after + 4) == Some(packed) && le64(bytes, after + 12) == Some(size) {
        return Some(after as u64 + 20);
    }
    let narrow = (le32(bytes, after + 4)?.into(), le32(bytes, after + 8)?.into());
    (narrow == (packed, size)).then_some(after as u64 + 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zip64_fields_fill_only_what_is_saturated() {
        let mut bytes = Vec::from(*LOCAL);
        bytes.extend([45, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
        bytes.extend(7_u32.to_le_bytes());
        bytes.extend(u32::MAX.to_le_bytes());
        bytes.extend([1, 0, 12, 0]);
        bytes.extend(b"n\x01\x00\x08\x00");
        bytes.extend(0x1_0000_0000_u64.to_le_bytes());
        let header = Header::local(&bytes).unwrap();
        assert_eq!((header.packed, header.size, header.crc, header.length), (7, 1 << 32, 0x0403_0201, 43));
    }

    #[test]
    fn the_unicode_path_counts_only_with_the_checksum_of_the_name() {
        for (sum, wanted) in [(crc(b"n"), Some(b"m".to_vec())), (crc(b"m"), None)] {
            let mut bytes = Vec::from(*LOCAL);
            bytes.extend([0; 22]);
            bytes.extend([1, 0, 10, 0]);
            bytes.extend(b"n\x75\x70\x06\x00\x01");
            bytes.extend(sum.to_le_bytes());
            bytes.push(b'm');
            assert_eq!(Header::local(&bytes).unwrap().unicode, wanted);
        }
    }

    #[test]
    fn descriptors_come_in_four_shapes() {
        let wide: Vec<u8> = [&9_u32.to_le_bytes()[..], &5_u64.to_le_bytes(), &6_u64.to_le_bytes()].concat();
        let narrow: Vec<u8> = [9_u32, 5, 6].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(descriptor_size(&wide, 9, 5, 6), Some(20));
        assert_eq!(descriptor_size(&narrow, 9, 5, 6), Some(12));
        assert_eq!(descriptor_size(&[&DESCRIPTOR[..], &wide].concat(), 9, 5, 6), Some(24));
        assert_eq!(descriptor_size(&[&DESCRIPTOR[..], &narrow].concat(), 9, 5, 6), Some(16));
        assert_eq!(descriptor_size(&narrow, 9, 5, 7), None);
        assert_eq!(descriptor_size(&narrow, 8, 5, 6), None);
    }
}
