"""Unpacks downloaded wheels and keeps what is no program text: `sources.py WHEELS FOLDER`."""

import pathlib
import shutil
import sys
import zipfile

# Programs, documents and media. Everything else stays, also what is not a model: no alarm may come of it either.
LEFT_OUT = {
    ".c", ".cpp", ".css", ".dll", ".h", ".html", ".jpg", ".js", ".md", ".mp3", ".png", ".pxd", ".py", ".pyc", ".pyi", ".pyx", ".rst",
    ".so", ".svg", ".txt", ".typed", ".wav", ".yaml", ".yml",
}


def is_kept(name):
    path = pathlib.PurePosixPath(name)
    if name.endswith("/") or path.suffix.lower() in LEFT_OUT or path.name.startswith((".", "LICENSE")):
        return False
    return not any(part.endswith((".dist-info", ".data", ".libs")) for part in path.parts)


def main(wheels, folder):
    for wheel in sorted(wheels.glob("*.whl")):
        package = "-".join(wheel.name.split("-")[:2])
        with zipfile.ZipFile(wheel) as archive:
            for name in filter(is_kept, archive.namelist()):
                target = folder / package / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as member, target.open("wb") as out:
                    shutil.copyfileobj(member, out)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
