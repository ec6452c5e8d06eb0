//! The opcodes of pickle protocols 0 to 5, as CPython's `Lib/pickletools.py` and `Modules/_pickle.c` define them.

macro_rules! opcodes {
    ($($(#[$doc:meta])* $name:ident = $byte:literal,)*) => {
        /// One opcode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Op { $($(#[$doc])* $name,)* }

        impl Op {
            /// Every opcode with its byte.
            #[cfg(test)]
            pub(crate) const ALL: &[(u8, Op)] = &[$(($byte, Op::$name),)*];

            pub(crate) fn of(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

opcodes! {
    // Protocol 0 and 1
    Mark = b'(', Stop = b'.', Pop = b'0', PopMark = b'1', Dup = b'2',
    Float = b'F', Int = b'I', BinInt = b'J', BinInt1 = b'K', Long = b'L', BinInt2 = b'M', None = b'N',
    PersId = b'P', BinPersId = b'Q', Reduce = b'R', String = b'S', BinString = b'T', ShortBinString = b'U',
    Unicode = b'V', BinUnicode = b'X', Append = b'a', Build = b'b', Global = b'c', Dict = b'd', EmptyDict = b'}',
    Appends = b'e', Get = b'g', BinGet = b'h', Inst = b'i', LongBinGet = b'j', List = b'l', EmptyList = b']',
    Obj = b'o', Put = b'p', BinPut = b'q', LongBinPut = b'r', SetItem = b's', Tuple = b't', EmptyTuple = b')',
    SetItems = b'u', BinFloat = b'G',
    // Protocol 2
    Proto = 0x80, NewObj = 0x81, Ext1 = 0x82, Ext2 = 0x83, Ext4 = 0x84, Tuple1 = 0x85, Tuple2 = 0x86, Tuple3 = 0x87,
    NewTrue = 0x88, NewFalse = 0x89, Long1 = 0x8a, Long4 = 0x8b,
    // Protocol 3
    BinBytes = b'B', ShortBinBytes = b'C',
    // Protocol 4
    ShortBinUnicode = 0x8c, BinUnicode8 = 0x8d, BinBytes8 = 0x8e, EmptySet = 0x8f, AddItems = 0x90, FrozenSet = 0x91,
    NewObjEx = 0x92, StackGlobal = 0x93, Memoize = 0x94, Frame = 0x95,
    // Protocol 5
    ByteArray8 = 0x96, NextBuffer = 0x97, ReadonlyBuffer = 0x98,
}

/// Highest protocol that any released CPython reads (PEP 574).
pub(crate) const HIGHEST_PROTOCOL: u8 = 5;

#[cfg(test)]
mod tests {
    use super::Op;

    /// `len(pickletools.opcodes)` in CPython 3.8 to 3.14.
    #[test]
    fn there_are_as_many_as_in_pickletools() {
        assert_eq!(Op::ALL.len(), 68);
        for &(byte, op) in Op::ALL {
            assert_eq!(Op::of(byte), Some(op));
        }
    }
}
