#!/usr/bin/env python3
"""Reading a file shows how far it has come, on a terminal and nowhere else.

weir reads a pipe that is filled by hand, so that it is in the middle of a file for as long as the
test wants. Standard error is a terminal of our own, a terminal that shows the records, too, or a pipe."""

import os
import pty
import re
import subprocess
import sys
import tempfile
import threading
import time

WEIR = os.environ.get("WEIR", "./weir")
GEN = os.environ.get("GEN", "build/tests/gen")
LINE = re.compile(rb"weir: ([0-9]+ % of )?[0-9.]+ ?[kMG]?B, [0-9.]+( [kMG])? packets/s, [0-9.]+( [kMG])? flows")
failures = []


def check(good, what):
    if not good:
        failures.append(what)


def drain(fd, seen):
    """Reads fd into seen[0] until the other side closes."""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:  # the terminal's other side is closed
            return
        if not piece:
            return
        seen[0] += piece


def run(capture, arguments, stdout_too=False, expected=True):
    """weir with standard error on a terminal; what appeared there. The capture comes through a pipe, so slowly
    that it takes a second, or until a progress line is seen."""
    master, slave = pty.openpty()
    source, sink = os.pipe()
    stdout = slave if stdout_too else subprocess.DEVNULL
    child = subprocess.Popen([WEIR, "-r", "-", *arguments], stdin=source, stdout=stdout, stderr=slave)
    os.close(source)
    os.close(slave)
    seen = [b""]
    reader = threading.Thread(target=drain, args=(master, seen))
    reader.start()
    data = open(capture, "rb").read()
    end = time.monotonic() + (60 if expected else 1)
    at = 24
    os.write(sink, data[:at])
    while at < len(data) * 9 // 10 and time.monotonic() < end and not LINE.search(seen[0]):
        begin = at
        for _ in range(256):  # it looks at the time once in so many frames
            at += 16 + int.from_bytes(data[at + 8 : at + 12], "little")
        os.write(sink, data[begin:at])
        time.sleep(0.1)
    os.write(sink, data[at:])
    os.close(sink)
    status = child.wait(timeout=60)
    reader.join()
    os.close(master)
    check(status == 0, f"{arguments}: exit status {status}: {seen[0][-300:]!r}")
    return seen[0]


def main():
    if not os.access(GEN, os.X_OK):
        print("the generator is not built")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "office.pcap")
        subprocess.run([GEN, "office", capture], check=True)

        seen = run(capture, ["-o", "csv"])
        check(LINE.search(seen), f"no progress on a terminal: {seen!r}")
        # The line is wiped out: blanks over it, and the summary from the margin on.
        check(re.search(rb"\r +\rweir: [0-9]+ packets seen", seen), f"the line stays there: {seen[-400:]!r}")
        check(b"\x1b" not in seen, "control sequences")

        check(not LINE.search(run(capture, ["-o", "csv", "-q"], expected=False)), "progress in spite of -q")
        check(not LINE.search(run(capture, [], stdout_too=True, expected=False)), "progress among the records")

        quiet = subprocess.run([WEIR, "-r", capture, "-o", "csv"], capture_output=True, check=True)
        check(quiet.stderr.count(b"\n") == 1 and b"\r" not in quiet.stderr, f"into a pipe: {quiet.stderr!r}")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
