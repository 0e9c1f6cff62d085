"""What the systems' desktops want to know of the program."""

from __future__ import annotations

from pathlib import Path

NAME = "maskcam"
SUMMARY = "Watches a video and says, for every face, whether it wears a mask"
CAMERA_REASON = (
    "maskcam watches the camera to say, for every face, whether it wears a mask. Nothing leaves this machine."
)


def linux_entry() -> str:
    """The `.desktop` file; `maskcam` must be on the PATH."""
    return f"""[Desktop Entry]
Type=Application
Version=1.5
Name={NAME}
GenericName=Mask watcher
Comment={SUMMARY}
Exec={NAME} live --tell-in-window %f
TryExec={NAME}
Icon={NAME}
Terminal=false
Categories=AudioVideo;Video;
Keywords=camera;webcam;face;mask;
MimeType=video/mp4;video/x-matroska;video/quicktime;video/webm;
StartupWMClass={NAME}
"""


def windows_version(version: str, program: str) -> str:
    """The version information of a Windows program, in the form that PyInstaller reads."""
    numbers = tuple(([int(part) for part in version.split(".") if part.isdigit()] + [0, 0, 0, 0])[:4])
    texts = {
        "CompanyName": NAME,
        "FileDescription": SUMMARY,
        "FileVersion": version,
        "InternalName": program,
        "LegalCopyright": "Apache-2.0; parts by others, see the folder licences",
        "OriginalFilename": f"{program}.exe",
        "ProductName": NAME,
        "ProductVersion": version,
    }
    strings = ", ".join(f"StringStruct({name!r}, {text!r})" for name, text in texts.items())
    return f"""VSVersionInfo(
    ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1),
    kids=[
        StringFileInfo([StringTable("040904B0", [{strings}])]),
        VarFileInfo([VarStruct("Translation", [1033, 1200])]),
    ],
)
"""


def mac_properties(version: str) -> dict[str, object]:
    """What `Info.plist` says beyond PyInstaller's own; without the camera's line macOS ends the program."""
    return {
        "CFBundleDisplayName": NAME,
        "CFBundleShortVersionString": version,
        "CFBundleVersion": version,
        "LSApplicationCategoryType": "public.app-category.video",
        "LSMinimumSystemVersion": "11.0",
        "NSCameraUsageDescription": CAMERA_REASON,
        "NSHighResolutionCapable": True,
    }


def write_linux(folder: Path, icon: Path) -> None:
    """Put `.desktop` file and icon under `folder`, as they lie under `/usr/share`."""
    entry = folder / "applications" / f"{NAME}.desktop"
    picture = folder / "icons" / "hicolor" / "256x256" / "apps" / f"{NAME}.png"
    for path in (entry, picture):
        path.parent.mkdir(parents=True, exist_ok=True)
    entry.write_text(linux_entry(), encoding="utf-8")
    picture.write_bytes(icon.read_bytes())
