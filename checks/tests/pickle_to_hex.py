#!/usr/bin/env python3
"""Writes a pickle as commented hex, the form in which harmful cases are kept: pickle_to_hex.py FILE.pkl > FILE.pkl.hex

Lines that begin with `#` are comments; `# finds: TEXT` demands that the finding's message holds TEXT.
"""
import pickletools
import sys


def commented(data: bytes) -> str:
    """One line an opcode, with its name and operand; what is no opcode follows as plain hex."""
    lines, at = [], 0
    try:
        ops = []
        for op, arg, pos in pickletools.genops(data):
            ops.append((pos, op.name, arg))
    except Exception as error:  # a case may break on purpose: what came before the break is still commented
        broken = f"# here pickletools stops: {error}"
    else:
        broken = None
    ends = [pos for pos, _, _ in ops[1:]] + [None]
    for (pos, name, arg), end in zip(ops, ends):
        if end is None:
            end = len(data) if broken else pos + 1 if name == "STOP" else len(data)
        note = name if arg is None else f"{name} {arg!r}"
        lines.append(f"# {pos}: {note}"[:120])
        lines.append(data[pos:end].hex(" "))
        at = end
    if broken:
        lines.append(broken)
    if at < len(data):
        lines.append(f"# {at}: bytes behind")
        lines.append(data[at:].hex(" "))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        sys.stdout.write(commented(file.read()))
