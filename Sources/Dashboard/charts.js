// Charts by Chart.js, in the page's colours; each has its figures in words beside it.

/* global Chart */

import { clock } from "./format.js";

const darkness = matchMedia("(prefers-color-scheme: dark)");
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function withAlpha(hex, alpha) {
  return `${hex}${Math.round(alpha * 255).toString(16).padStart(2, "0")}`;
}

/** Keeps a chart in the colours of the theme until `signal` ends it. */
function themed(canvas, signal, configure) {
  const family = getComputedStyle(document.body).fontFamily;
  const chart = new Chart(canvas, configure({ colour, withAlpha, family }));
  const repaint = () => {
    const fresh = configure({ colour, withAlpha, family });
    chart.options = fresh.options;
    fresh.data.datasets.forEach((set, index) => {
      const { data, ...look } = set;
      Object.assign(chart.data.datasets[index], look);
    });
    chart.update("none");
  };
  darkness.addEventListener("change", repaint);
  signal.addEventListener("abort", () => {
    darkness.removeEventListener("change", repaint);
    chart.destroy();
  });
  return chart;
}

function options({ colour, family }, { y, unit, x = {}, ticks: steps = {} }) {
  const font = { family, size: 11 };
  const ticks = { color: colour("muted"), font, maxRotation: 0, autoSkipPadding: 24 };
  return {
    responsive: true, maintainAspectRatio: false, animation: false, normalized: true,
    interaction: { mode: "index", intersect: false },
    plugins: {
      legend: { display: false },
      tooltip: {
        backgroundColor: colour("ink"), titleColor: colour("paper"), bodyColor: colour("paper"),
        titleFont: font, bodyFont: font, displayColors: false, cornerRadius: 3,
        callbacks: { label: (item) => `${item.dataset.label}: ${unit(item.parsed.y)}` },
      },
    },
    scales: {
      x: { grid: { display: false }, border: { display: false }, ticks, ...x },
      y: {
        beginAtZero: true, grid: { color: colour("line"), drawBorder: false, drawTicks: false },
        ticks: { ...ticks, padding: 8, maxTicksLimit: 6, callback: (value) => unit(value), ...steps }, ...y,
      },
    },
  };
}

/** Starts and ends by minute: bars for ends, a line for starts. */
export function activityChart(canvas, signal, rows) {
  const chart = themed(canvas, signal, (theme) => ({
    data: {
      labels: rows.map((row) => clock(row.time).slice(0, 5)),
      datasets: [
        { type: "line", label: "started", data: [], borderColor: theme.colour("ink"), borderWidth: 1,
          stepped: "middle", pointRadius: 0, pointHitRadius: 6 },
        { type: "bar", label: "succeeded", data: [], stack: "ends", categoryPercentage: 0.9,
          backgroundColor: theme.colour("accent"), barPercentage: 0.9 },
        { type: "bar", label: "ended otherwise", data: [], stack: "ends", categoryPercentage: 0.9,
          backgroundColor: theme.colour("bad"), barPercentage: 0.9 },
      ],
    },
    options: options(theme, {
      y: { stacked: true, suggestedMax: 4 }, x: { stacked: true },
      unit: (value) => (Number.isInteger(value) ? String(value) : ""),
    }),
  }));
  const update = (rows) => {
    chart.data.labels = rows.map((row) => clock(row.time).slice(0, 5));
    ["starts", "succeeded", "others"].forEach((name, index) => {
      chart.data.datasets[index].data = rows.map((row) => row[name]);
    });
    chart.update(stillness.matches ? "none" : undefined);
  };
  update(rows);
  return update;
}

/** A measure over time with its limit as a line. */
export function usageChart(canvas, signal, { label, unit, limit }) {
  const chart = themed(canvas, signal, (theme) => ({
    type: "line",
    data: {
      labels: [],
      datasets: [
        { label, data: [], borderColor: theme.colour("accent"), borderWidth: 1.5, pointRadius: 0,
          backgroundColor: theme.withAlpha(theme.colour("accent"), 0.14), fill: "origin", tension: 0.2 },
        { label: "limit", data: [], borderColor: theme.colour("muted"), borderWidth: 1,
          borderDash: [4, 4], pointRadius: 0 },
      ],
    },
    options: options(theme, { y: { suggestedMax: limit }, ticks: { stepSize: limit / 4 }, unit }),
  }));
  return (points) => {
    chart.data.labels = points.map((point) => clock(point.time));
    chart.data.datasets[0].data = points.map((point) => point.value);
    chart.data.datasets[1].data = points.map(() => limit);
    chart.update("none");
  };
}
