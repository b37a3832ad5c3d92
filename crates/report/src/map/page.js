"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  const text = (id) => element(id).textContent;
  const bytes = (id) => Uint8Array.from(atob(text(id)), (letter) => letter.charCodeAt(0));
  const facts = JSON.parse(text("facts"));
  const coordinates = new Float32Array(bytes("coordinates").buffer);
  const indices = new Uint32Array(bytes("indices").buffer);
  const labels = facts.labelled ? bytes("labels") : null;
  const predicted = facts.predicted ? bytes("predicted") : null;
  const shown = labels ?? predicted;
  const count = indices.length;
  const map = element("map");

  // Points in groups that are shown and hidden together: one for each class, right and wrong apart.
  const groups = [];
  {
    const found = new Map();
    for (let point = 0; point < count; point++) {
      const group = shown ? shown[point] : -1;
      const wrong = labels !== null && predicted !== null && labels[point] !== predicted[point];
      const key = group * 2 + wrong;
      if (!found.has(key)) found.set(key, { group, wrong, points: [] });
      found.get(key).points.push(point);
    }
    // Mistakes last, so that they lie on top.
    groups.push(...[...found.values()].sort((a, b) => a.wrong - b.wrong || a.group - b.group));
  }
  const colourOf = (group) => (group < 0 ? facts.colour : facts.classes[group].colour);
  const nameOf = (group) => facts.classes[group].name;

  // The view that shows everything, with some room around it.
  const whole = [0, 1].map((axis) => {
    let [least, most] = [Infinity, -Infinity];
    for (let at = axis; at < coordinates.length; at += 2) {
      least = Math.min(least, coordinates[at]);
      most = Math.max(most, coordinates[at]);
    }
    if (!(most > least)) [least, most] = count ? [least - 1, most + 1] : [-1, 1];
    const room = (most - least) * 0.04;
    return [least - room, most + room];
  });

  // The more dots, the smaller; and larger, though less than the map, as one comes closer.
  const sizeAt = (zoom) => {
    const room = Math.min(map.clientWidth, map.clientHeight) / Math.sqrt(count || 1);
    const base = Math.min(10, Math.max(2.5, 0.4 * room));
    return Math.min(14, base * Math.max(1, zoom) ** 0.5);
  };
  let size = sizeAt(1);

  // Among others a mistake has a line round it, finer round smaller dots, so that many do not turn the map black;
  // alone, mistakes are larger instead, and their colours seen.
  const box = element("mistakes");
  const lineOf = ({ wrong }) => (wrong && !box.checked ? Math.min(1, size / 9) : 0);
  const markers = () => ({
    "marker.size": box.checked ? size + 2 : size,
    "marker.line.width": groups.map(lineOf),
  });

  const along = (points, axis) => Float32Array.from(points, (point) => coordinates[2 * point + axis]);
  const traces = groups.map((each) => ({
    type: "scattergl",
    mode: "markers",
    x: along(each.points, 0),
    y: along(each.points, 1),
    hoverinfo: "none",
    marker: { size, color: colourOf(each.group), opacity: 0.8, line: { width: lineOf(each), color: "#212126" } },
  }));
  const axis = { visible: false, zeroline: false, showgrid: false };
  const layout = {
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    dragmode: "pan",
    hovermode: "closest",
    hoverdistance: 12,
    xaxis: { ...axis },
    yaxis: { ...axis, scaleanchor: "x" },
  };
  const config = { scrollZoom: true, displayModeBar: false, doubleClick: false };

  const view = () => [map.layout.xaxis.range, map.layout.yaxis.range];
  const look = ([x, y], also) => Plotly.relayout(map, { "xaxis.range": x, "yaxis.range": y, ...also });

  // The whole map, widened along one axis so that both have the same scale.
  function fitted() {
    const pixels = [map.clientWidth, map.clientHeight];
    const unit = Math.max(...whole.map(([from, to], axis) => (to - from) / pixels[axis]));
    return whole.map(([from, to], axis) => [-1, 1].map((side) => (from + to + side * unit * pixels[axis]) / 2));
  }
  const extentsOf = (ranges) => ranges.map(([from, to]) => to - from);
  let extents = extentsOf(fitted());

  const nearer = (factors) => view().map(([from, to], axis) => {
    const [middle, half] = [(from + to) / 2, (to - from) / 2 / factors[axis]];
    return [middle - half, middle + half];
  });
  const zoomed = (factor) => look(nearer([factor, factor]));
  const moved = (steps) => look(view().map(([from, to], axis) => {
    const step = (to - from) * 0.15 * steps[axis];
    return [from + step, to + step];
  }));

  function listen() {
    const views = { in: () => zoomed(1.5), out: () => zoomed(1 / 1.5), all: () => look(fitted()) };
    element("zoom").addEventListener("click", ({ target }) => views[target.dataset.zoom]?.());
    const keys = {
      "+": views.in, "=": views.in, "-": views.out, 0: views.all,
      ArrowLeft: () => moved([-1, 0]), ArrowRight: () => moved([1, 0]),
      ArrowDown: () => moved([0, -1]), ArrowUp: () => moved([0, 1]),
    };
    map.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });

    // Giving all points another size takes a while, so it waits until one has stopped zooming.
    let timer;
    map.on("plotly_relayout", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const wanted = sizeAt(extents[0] / extentsOf(view())[0]);
        if (Math.abs(Math.log(wanted / size)) < 0.2) return;
        size = wanted;
        Plotly.restyle(map, markers());
      }, 250);
    });
    // In a window of another size one sees the same part of the map, as large as it fits.
    addEventListener("resize", () => {
      if (!map.clientWidth || !map.clientHeight) return;
      const before = extents;
      extents = extentsOf(fitted());
      look(nearer(before.map((extent, axis) => extent / extents[axis])), { autosize: true });
    });

    const show = ({ points: [hit], event }) => showCard(groups[hit.curveNumber].points[hit.pointNumber], event);
    map.on("plotly_hover", show);
    map.on("plotly_unhover", hideCard);
    // Fingers do not hover, they tap.
    map.addEventListener("pointerdown", hideCard);
    map.on("plotly_click", show);
    map.on("plotly_relayouting", hideCard);
  }

  const counted = (wanted) =>
    groups.filter(wanted).reduce((sum, { points }) => sum + points.length, 0).toLocaleString("en");

  // Which groups are shown.
  const hidden = new Set();
  function filter() {
    const wanted = ({ wrong }) => wrong || !box.checked;
    const visible = groups.map((each) => wanted(each) && !hidden.has(each.group));
    for (const button of element("legend").children) {
      const group = Number(button.dataset.group);
      button.setAttribute("aria-pressed", !hidden.has(group));
      button.querySelector("small").textContent = counted((each) => wanted(each) && each.group === group);
    }
    element("every").disabled = hidden.size === 0;
    hideCard();
    Plotly.restyle(map, { visible, ...markers() });
  }

  function fillPanel() {
    const classes = [...new Set(groups.map(({ group }) => group))].filter((group) => group >= 0).sort((a, b) => a - b);
    const legend = element("legend");
    for (const group of classes) {
      const button = legend.appendChild(document.createElement("button"));
      button.type = "button";
      button.dataset.group = group;
      button.title = nameOf(group);
      button.style.setProperty("--colour", colourOf(group));
      button.setAttribute("aria-pressed", true);
      const images = counted((each) => each.group === group);
      for (const [tag, words] of [["i", ""], ["span", nameOf(group)], ["small", images]]) {
        button.appendChild(document.createElement(tag)).textContent = words;
      }
      button.addEventListener("click", ({ shiftKey }) => {
        if (shiftKey) {
          const alone = hidden.size === classes.length - 1 && !hidden.has(group);
          hidden.clear();
          if (!alone) classes.filter((other) => other !== group).forEach((other) => hidden.add(other));
        } else if (!hidden.delete(group)) {
          hidden.add(group);
        }
        filter();
      });
    }
    element("every").addEventListener("click", () => { hidden.clear(); filter(); });
    element("filter").hidden = classes.length === 0;
    if (!labels) element("heading").textContent = "Predicted classes";
    if (labels && predicted) {
      element("judged").querySelector("small").textContent = counted(({ wrong }) => wrong);
      element("judged").hidden = false;
      box.addEventListener("change", filter);
    }
  }

  // The card beside the pointer.
  const card = element("card");
  const canvas = card.querySelector("canvas");
  const sheets = new Map();
  let current = -1;

  // A sheet is decoded when the first of its images is wanted.
  function sheet(number) {
    if (!sheets.has(number)) {
      const image = new Image();
      image.src = `data:image/png;base64,${text(`sheet-${number}`)}`;
      sheets.set(number, image.decode().then(() => image));
    }
    return sheets.get(number);
  }

  async function drawImage(point) {
    const { width, height, columns, images } = facts.sprites;
    // This clears what was there before.
    [canvas.width, canvas.height] = [width, height];
    const source = await sheet(Math.floor(point / images));
    if (point !== current) return;
    const place = point % images;
    const [left, top] = [place % columns * width, Math.floor(place / columns) * height];
    canvas.getContext("2d").drawImage(source, left, top, width, height, 0, 0, width, height);
  }

  function showCard(point, { clientX, clientY }) {
    current = point;
    card.style.setProperty("--colour", colourOf(shown ? shown[point] : -1));
    const wrong = labels && predicted && labels[point] !== predicted[point];
    const rows = [];
    if (labels) rows.push(["label", nameOf(labels[point])]);
    if (predicted) rows.push(["predicted", nameOf(predicted[point]), wrong ? "wrong" : ""]);
    rows.push(["index", indices[point]]);
    card.querySelector("dl").replaceChildren(...rows.flatMap(([term, words, kind = ""]) => {
      const [name, value] = ["dt", "dd"].map((tag) => document.createElement(tag));
      [name.textContent, value.textContent, value.className] = [term, words, kind];
      return [name, value];
    }));
    canvas.hidden = !facts.sprites;
    if (facts.sprites) {
      canvas.style.aspectRatio = `${facts.sprites.width} / ${facts.sprites.height}`;
      drawImage(point);
    }
    card.hidden = false;
    const { width, height } = card.getBoundingClientRect();
    const beside = (at, length, room) => Math.max(4, at + 18 + length > room ? at - 18 - length : at + 18);
    card.style.left = `${beside(clientX, width, innerWidth)}px`;
    card.style.top = `${beside(clientY, height, innerHeight)}px`;
  }

  function hideCard() {
    current = -1;
    card.hidden = true;
  }

  fillPanel();
  [layout.xaxis.range, layout.yaxis.range] = fitted();
  Plotly.newPlot(map, traces, layout, config).then(() => {
    element("wait").remove();
    listen();
  });
})();
