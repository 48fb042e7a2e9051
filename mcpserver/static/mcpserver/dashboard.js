// Draws the two plots of the admin's first page. Their figures are also in tables.
"use strict";

const figures = JSON.parse(document.getElementById("plots").textContent);
const drawn = [];

function colour(name) {
  const page = document.querySelector(".dashboard");
  return getComputedStyle(page).getPropertyValue(`--${name}`).trim();
}

function axis(text, more) {
  return {
    title: { display: true, text, color: colour("quiet") },
    ticks: { color: colour("quiet"), maxRotation: 0, autoSkipPadding: 12 },
    grid: { color: colour("line") },
    ...more,
  };
}

function options(unit, stacked, mark) {
  return {
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    plugins: {
      legend: { position: "bottom", labels: { color: colour("text"), usePointStyle: true, pointStyle: mark } },
    },
    scales: {
      x: axis(figures.axis, { stacked, grid: { display: false } }),
      y: axis(unit, { stacked, beginAtZero: true, grace: "5%" }),
    },
  };
}

function bars() {
  const shown = figures.calls.filter(
    ({ outcome, data }) => outcome !== "unfinished" || data.some(Boolean),
  );
  return shown.map(({ outcome, label, data }) => ({
    label,
    data,
    backgroundColor: colour(outcome),
    maxBarThickness: 40,
  }));
}

function line(label, data, name, dash) {
  return {
    label,
    data,
    borderColor: colour(name),
    backgroundColor: colour(name),
    borderDash: dash,
    borderWidth: 2,
    pointRadius: 2,
    tension: 0.2,
    spanGaps: true,
  };
}

function draw() {
  drawn.splice(0).forEach((plot) => plot.destroy());
  drawn.push(
    new Chart(document.getElementById("plot-calls"), {
      type: "bar",
      data: { labels: figures.labels, datasets: bars() },
      options: options("Calls", true, "rect"),
    }),
    new Chart(document.getElementById("plot-durations"), {
      type: "line",
      data: {
        labels: figures.labels,
        datasets: [
          line("Median (p50)", figures.median, "ok", []),
          line("95th percentile (p95)", figures.high, "failed", [6, 4]),
        ],
      },
      options: options("Milliseconds", false, "line"),
    }),
  );
}

draw();
// The theme's switch between light and dark sets a class there.
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["class"] });
