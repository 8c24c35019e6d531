"""Pictures of what bench/depth measured, by gnuplot."""

import subprocess

COLOURS = ("#9ecae1", "#4292c6", "#084594", "#fdae6b", "#e6550d")
HEAD = """
set terminal pngcairo size 1200,900 font "sans,10"
set output "{file}"
set multiplot layout {rows},{columns} title "{title}" font ",13"
set style fill solid noborder
set grid ytics lt 1 lc rgb "#dddddd"
set xtics rotate by -40 nomirror scale 0
set ytics nomirror
set border 3
set bmargin 7
set key outside top center horizontal samplen 1.5
set xrange [-0.6:{last}.6]
"""


def panel(number, title, operations, sizes, figures):
    """One panel: a bar for each size of each operation, and a line from it to the 90th percentile. What is
    far above the smallest size is cut, and bears its figure."""
    width = 0.8 / len(sizes)
    rows = [" ".join([str(i), *(f"{figures[operation, size][name]:.1f}" for size in sizes
                                for name in ("median_us", "p90_us"))])
            for i, operation in enumerate(operations)]
    tics = ", ".join(f'"{operation}" {i}' for i, operation in enumerate(operations))
    top = 2 * max(figures[operation, sizes[0]]["median_us"] for operation in operations)
    bars, lines, labels = [], [], ""
    for j, size in enumerate(sizes):
        place = f"($1{(j - (len(sizes) - 1) / 2) * width:+.4f})"
        median, p90 = 2 + 2 * j, 3 + 2 * j
        bars.append(f'$p{number} using {place}:{median}:({width * 0.92}) with boxes '
                    f'lc rgb "{COLOURS[j % len(COLOURS)]}" title "{size:,}"')
        lines.append(f"$p{number} using {place}:{median}:(0):(${p90}-${median}) with vectors nohead "
                     f'lc rgb "#888888" notitle')
        for i, operation in enumerate(operations):
            told = figures[operation, size]["median_us"]
            if told > top:
                labels += f'set label "{told:,.0f} " at {i - 0.4},{top * (0.96 - 0.06 * j):.0f} right\n'
    return (f"$p{number} << END\n" + "\n".join(rows) + f'\nEND\nset title "{title}"\nset xtics ({tics})\n'
            f'set yrange [0:{top:.0f}]\nset ylabel "µs: median, line to p90"\n'
            f"unset label\n{labels}plot " + ", ".join(bars + lines) + "\n")


def draw(file, title, panels, operations, sizes):
    """panels: (title, {(operation, size): figures}) of each."""
    columns = 2 if len(panels) > 1 else 1
    text = HEAD.format(file=file, title=title, rows=(len(panels) + 1) // 2, columns=columns,
                       last=len(operations) - 1)
    for number, (name, figures) in enumerate(panels):
        text += panel(number, name, operations, sizes, figures)
    subprocess.run(["gnuplot"], input=text + "unset multiplot\n", text=True, check=True)
