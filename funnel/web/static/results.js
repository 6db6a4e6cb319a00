// Bars above the tables, for people who would rather look. The table beside is what they draw, and
// what is read: a figure is hidden from programs that read pages aloud, and without it nothing lacks.

const HEIGHT = 190;
const ROOM = 24; // pixels that a label of two digits takes, with what is between them

for (const figure of document.querySelectorAll("[data-plot]")) begin(figure);

async function begin(figure) {
  const drawn = read(figure);
  if (!figure.dataset.built || drawn.labels.length < 2 || !drawn.series.some((each) => each.values.some(Boolean))) return;
  const { uPlot } = await import(figure.dataset.built);
  figure.hidden = false;
  figure.append(legendOf(drawn));
  let plot;
  const draw = () => {
    plot?.destroy();
    plot = new uPlot(options(uPlot, drawn, figure.clientWidth), [drawn.labels.map((_, place) => place), ...drawn.series.map((each) => each.values)], figure);
  };
  draw();
  let width = figure.clientWidth;
  new ResizeObserver(() => {
    if (figure.clientWidth === width) return;
    width = figure.clientWidth;
    plot.setSize({ width, height: HEIGHT });
  }).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

function read(figure) {
  const table = document.getElementById(figure.dataset.plot);
  const rows = [...table.tBodies[0].rows];
  if ("backwards" in figure.dataset) rows.reverse(); // the table begins with the latest, a plot ends with it
  return {
    labels: rows.map((row) => row.dataset.label),
    series: figure.dataset.of.split(" ").map((name) => ({
      label: table.querySelector(`thead [data-name="${name}"]`).textContent,
      values: rows.map((row) => Number(row.querySelector(`[data-${name}]`).dataset[name])),
    })),
  };
}

function legendOf({ series }) {
  const legend = document.createElement("p");
  legend.className = "legend";
  for (const each of series) {
    const name = document.createElement("span");
    name.textContent = each.label;
    legend.append(name);
  }
  return legend;
}

function options(uPlot, { labels, series }, width) {
  const look = getComputedStyle(document.documentElement);
  const colour = (name) => look.getPropertyValue(name).trim();
  const axis = { stroke: colour("--ink-soft"), font: `12px ${colour("--sans")}`, ticks: { show: false } };
  const bar = (align) => uPlot.paths.bars({ size: [0.34, 28], align, gap: 0 });
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: (_, __, most) => [0, Math.max(4, most * 1.05)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, splits: () => labels.map((_, place) => place), values: (plot, places) => thinned(places.map((place) => labels[place]), plot.width) },
      { ...axis, grid: { stroke: colour("--line"), width: 1 }, size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000] },
    ],
    series: [
      {},
      { label: series[0].label, fill: colour("--edge"), width: 0, paths: bar(-1), points: { show: false } },
      { label: series[1].label, fill: colour("--accent"), width: 0, paths: bar(1), points: { show: false } },
    ],
  };
}

// As many labels as there is room for, the first among them.
function thinned(labels, width) {
  const longest = Math.max(...labels.map((each) => each.length));
  const each = Math.ceil((labels.length * Math.max(ROOM, longest * 7)) / (width - 60));
  return labels.map((label, place) => (place % each === 0 ? label : ""));
}
