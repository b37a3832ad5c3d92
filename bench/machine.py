"""What the machine and its compilers are."""

import os
import pathlib
import platform
import shutil
import subprocess


def cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def load():
    """Runnable processes over the last minute, on average."""
    return os.getloadavg()[0]


def hardware():
    """Rows of a table."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return [
        ("processor", f"{processor()} ({platform.machine()})"),
        ("cores", f"{cores()}"),
        ("memory", f"{memory / 1e9:.1f} GB"),
        ("system", system()),
    ]


def processor():
    """Its model, as the system names it."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        fields = dict(
            (part.strip() for part in line.split(":", 1)) for line in cpuinfo.read_text().splitlines() if ":" in line
        )
        if "model name" in fields:
            # Virtual machines give no more than the maker's name: family and model say the rest.
            return f"{fields['model name']}, family {fields.get('cpu family')}, model {fields.get('model')}"
    return told(["sysctl", "-n", "machdep.cpu.brand_string"]) or platform.processor() or "unknown"


def system():
    """Distribution and kernel."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    return f"{name}, kernel {platform.release()}"


def rustc():
    """The compiler's version."""
    return told(["rustc", "--version"]) or "rustc not found"


def commit(repository):
    """What of the repository is checked out."""
    git = ["git", "-C", str(repository)]
    name = told([*git, "rev-parse", "--short=12", "HEAD"])
    if not name:
        return "unknown commit"
    changed = told([*git, "status", "--porcelain", "--untracked-files=no"])
    return f"commit {name}" + (", with uncommitted changes" if changed else "")


def told(command):
    """What a command prints; nothing if it fails or is not there."""
    if shutil.which(command[0]) is None:
        return ""
    ended = subprocess.run(command, capture_output=True, text=True)
    return ended.stdout.strip() if ended.returncode == 0 else ""
