#!/usr/bin/env python3
"""table.py RESULTS CASE...: the rows of the benchmark's table for these cases.

A ratio is the median over the rounds of a program's cost to that of the floor in the same round."""
import statistics
import sys

FLOOR = "floor"
HEAD = ("case", "program", "ns min", "median", "ratio", "peak MB", "octets/entry", "records", "accounted")
FORM = "%-16s %-10s %9s %9s %7s %9s %13s %10s %10s"


def read(path):
    runs = {}
    with open(path) as lines:
        for line in lines:
            case, program, *rest = line.rstrip("\n").split("\t")
            runs.setdefault(case, {}).setdefault(program, []).append([int(x) for x in rest])
    return runs


def row(case, program, rounds, floor):
    costs = [r[0] / r[5] if r[5] else 0 for r in rounds]
    cpu, peak, entries, records, accounted, packets = rounds[-1]
    ratios = [r[0] / f[0] * f[5] / r[5] for r, f in zip(rounds, floor) if f[0] and r[5]]
    peak = max(r[1] for r in rounds)
    return FORM % (
        case, program, "%.1f" % min(costs), "%.1f" % statistics.median(costs),
        "%.2f" % statistics.median(ratios) if ratios else "-",
        "%.1f" % (peak / 1024), "%.0f" % (peak * 1024 / entries) if entries else "-",
        records, "%.4f %%" % (100 * accounted / packets) if packets else "-")


runs = read(sys.argv[1])
print(FORM % HEAD)
for case in sys.argv[2:]:
    programs = runs.get(case, {})
    for program, rounds in programs.items():
        print(row(case, program, rounds, programs.get(FLOOR, [])))
