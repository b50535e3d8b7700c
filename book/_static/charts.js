// Puts each interactive chart in the place of its picture, which stays where a chart can't be drawn.
for (const spec of document.querySelectorAll("script.chart")) {
  const picture = spec.parentElement.previousElementSibling;
  const chart = document.createElement("div");
  vegaEmbed(chart, JSON.parse(spec.textContent), { actions: false, renderer: "canvas" }).then(() => {
    chart.setAttribute("aria-label", picture.alt);
    picture.replaceWith(chart);
  });
}
