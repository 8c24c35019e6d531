"""What the kernel tells of a process: processor time and memory."""

import os
import pathlib
import re

TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count()


def cpu_seconds(pid):
    """Time it has run so far, its own and in the kernel for it."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def children_seconds():
    """The same of all children of this process that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def machine_seconds():
    """Time that all processors together have been busy so far."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _, _, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / TICKS


def kib(path, *names):
    text = pathlib.Path(path).read_text()
    return sum(int(re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)[1]) for name in names)


def resident_kib(pid):
    return kib(f"/proc/{pid}/status", "VmRSS")


def private_kib(pid):
    """Resident memory that is nobody else's."""
    return kib(f"/proc/{pid}/smaps_rollup", "Private_Clean", "Private_Dirty")
