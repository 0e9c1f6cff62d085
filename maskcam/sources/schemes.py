"""What of a text is an address, and of which kind; and how an address is shown."""

from __future__ import annotations

import re

from maskcam.errors import UnusableInput

SCHEMES = ("rtsp", "rtsps", "http", "https")
"""What the address of a stream begins with."""
# Two letters at least: C:// is a drive.
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def scheme_of(text: str) -> str | None:
    """Return what `text` begins with if it is an address, in small letters; UnusableInput for the address of a file."""
    found = _ADDRESS.match(text)
    if found is None:
        return None
    scheme = found[1].lower()
    if scheme == "file":
        raise UnusableInput(f"{text}: give the file's path alone, without file://")
    return scheme


def mask_password(address: str) -> str:
    """Return the address without user, password, and the values after `?`, where cameras take passwords too.

    When in doubt too much is hidden: a password may hold any character, `/` and `@` among them.
    """
    masked = re.sub(r"(//).*@", r"\1***@", address, flags=re.DOTALL)
    return re.sub(r"\?.*", "?***", masked, flags=re.DOTALL)
