"""Draws latency by percentile with gnuplot: the rarer, the farther to the right, both axes logarithmic."""

import dataclasses
import subprocess

COLOURS = ["#9ecae1", "#4292c6", "#08519c", "#d94801"]  # light to dark with the load, the last one stands out
TICKS = [0, 50, 90, 99, 99.9]
LAST = 99.9
KEY = 0.34, 95  # the part of a panel's height that its key takes, up to that percentile

HEAD = """
set terminal pngcairo size 1200,{height} font "DejaVu Sans,11" background "white"
set output "{path}"
set multiplot layout {rows},{columns} margins 0.075,0.985,0.075,0.955 spacing 0.085,0.105
set logscale xy
set xrange [1:1005]
set yrange [{low}:{high}]
set xtics ({ticks}) nomirror
set ytics ({values}) nomirror
set mytics 10
set border 3 linecolor "#888888"
set tics textcolor "#333333"
set grid xtics ytics linecolor "#dddddd" linetype 1 linewidth 1
set key top left reverse Left samplen 2 spacing 1.15 opaque nobox textcolor "#333333"
set xlabel "percentile" offset 0,0.4 textcolor "#333333"
set ylabel "ms" offset 1,0 textcolor "#333333"
"""


@dataclasses.dataclass(frozen=True)
class Line:
    title: str
    values: dict  # percentile, as text -> ms
    beside: bool  # drawn as what the others are compared with


def position(percentile):
    return 100 / (100 - percentile)


def points(line):
    return [(position(float(p)), ms) for p, ms in line.values.items() if float(p) <= LAST]


def decades(panels):
    """The powers of ten around all values, from the lowest on, with room for the keys."""
    values = [ms for _, lines in panels for line in lines for _, ms in points(line) if ms > 0]
    height, percentile = KEY
    behind = max(line.values[str(percentile)] for _, lines in panels for line in lines)
    found = [0.001]
    while found[0] * 10 <= min(values):
        found[0] = round(found[0] * 10, 3)
    while found[-1] < max(values) or len(found) < 2 or \
            behind > found[-1] / (found[-1] / found[0]) ** height:
        found.append(found[-1] * 10)
    return found


def style(line, number):
    colour = "#777777" if line.beside else COLOURS[number % len(COLOURS)]
    return f'linecolor "{colour}" linewidth {1.8 if line.beside else 2.4} dashtype {2 if line.beside else 1}'


def script(path, panels):
    values = decades(panels)
    columns = 2 if len(panels) > 1 else 1
    rows = (len(panels) + columns - 1) // columns
    lines = [HEAD.format(path=path, rows=rows, columns=columns, height=60 + 400 * rows, low=values[0], high=values[-1],
                         ticks=", ".join(f'"{t:g}" {position(t)}' for t in TICKS),
                         values=", ".join(f'"{v:,.10g}" {v:.10g}' for v in values))]
    for number, (title, its_lines) in enumerate(panels):
        for at, line in enumerate(its_lines):
            lines += [f"$data{number}_{at} << END", *(f"{x} {y}" for x, y in points(line)), "END"]
        lines.append(f'set title "{title}" offset 0,-0.6 textcolor "#111111"')
        lines.append("plot " + ", ".join(
            f'$data{number}_{at} using 1:2 with lines {style(line, at)} title "{line.title}"'
            for at, line in enumerate(its_lines)))
    return "\n".join([*lines, "unset multiplot", ""])


def draw(path, panels):
    """panels: [(title, [Line])]"""
    subprocess.run(["gnuplot"], input=script(path, panels), text=True, check=True)
