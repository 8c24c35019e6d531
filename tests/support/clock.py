"""A wall clock for a server that steps where the test says (libfaketime). Its other clocks run on."""

import glob
import os
import pathlib

LIBRARIES = sorted(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"))


class Clock:
    def __init__(self, folder):
        self.file = pathlib.Path(folder) / "clock"
        self.offset = 0
        self.move(0)

    def move(self, seconds):
        self.offset += seconds
        new = self.file.with_suffix(".new")
        new.write_text(f"{self.offset:+d}\n")
        os.replace(new, self.file)

    def env(self):
        return {"LD_PRELOAD": LIBRARIES[0], "FAKETIME_TIMESTAMP_FILE": str(self.file),
                "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1",
                # faketime stands before the sanitizer's own library, which would refuse to run.
                "ASAN_OPTIONS": "verify_asan_link_order=0"}
