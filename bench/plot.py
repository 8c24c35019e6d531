"""Pictures of results, drawn by gnuplot beside the tables in bench/results."""

import subprocess

from queues import Failed
from report import RESULTS

HEAD = """
set terminal pngcairo size {width},{height} font "sans,10" noenhanced
set output "{path}"
set key outside top center horizontal
set grid ytics linecolor "#dddddd"
set border 3
set tics nomirror out
"""


def run(name, commands, width=900, height=420):
    path = RESULTS / f"{name}.png"
    done = subprocess.run(["gnuplot"], input=HEAD.format(width=width, height=height, path=path) + commands,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"gnuplot: {done.stderr}")


def block(rows):
    """Rows as a block of data, $data."""
    def cell(value):
        return f'"{value}"' if isinstance(value, str) else f"{value:.6g}"
    return "$data << END\n" + "\n".join(" ".join(map(cell, row)) for row in rows) + "\nEND\n"


def bars(name, rows, parts, unit, line=None):
    """A stacked bar for each row, [label, height of each part…]; line: a height to compare with."""
    text = block(rows) + f"""
set style data histograms
set style histogram rowstacked
set style fill solid 0.85 border -1
set boxwidth 0.7
set yrange [0:*]
set ylabel "{unit}"
set xtics font "sans,8"
set bmargin 4
"""
    plots = [f"$data using {i + 2}{':xtic(1)' if i == 0 else ''} title \"{part}\""
             for i, part in enumerate(parts)]
    if line is not None:
        plots.append(f'{line} with lines linecolor "#cc0000" dashtype 2 title "{line:g}"')
    run(name, text + "plot " + ", ".join(plots) + "\n")


def lines(name, rows, parts, unit, along):
    """A line for each part over the first column of the rows."""
    text = block(rows) + f"""
set yrange [0:*]
set xrange [0:*]
set ylabel "{unit}"
set xlabel "{along}"
"""
    plots = [f"$data using 1:{i + 2} with linespoints pointsize 0.4 linewidth 1.5 title \"{part}\""
             for i, part in enumerate(parts)]
    run(name, text + "plot " + ", ".join(plots) + "\n")
