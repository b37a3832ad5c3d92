"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const cells = [...document.querySelectorAll(".matrix button")];
  const choices = ["counts", "shares"].map((id) => document.getElementById(id));
  const shown = document.getElementById("shown");

  const choose = (choice) => {
    for (const button of choices) button.setAttribute("aria-pressed", String(button === choice));
    const what = choice.id === "shares" ? "share" : "count";
    for (const cell of cells) cell.textContent = cell.dataset[what];
  };
  for (const choice of choices) choice.addEventListener("click", () => choose(choice));

  const make = (kind, attributes, ...children) => {
    const element = document.createElement(kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // The image of this place on the sheets.
  const sample = (slot) => {
    const [index, truth, predicted, confidence] = facts.images[slot];
    const { width, height, columns, images } = facts.grid;
    const place = slot % images;
    const left = (place % columns) * width * facts.scale;
    const top = Math.floor(place / columns) * height * facts.scale;
    const caption = confidence.toFixed(2);
    const label = `Test image ${index}: ${facts.classes[truth]}, taken for ${facts.classes[predicted]}, ${caption}`;
    const image = make("span", {
      class: `image sheet-${Math.floor(slot / images)}`,
      role: "img",
      "aria-label": label,
      style: `background-position: -${left}px -${top}px`,
    });
    return make("li", {}, image, make("span", { "aria-hidden": "true" }, caption));
  };

  const show = (cell) => {
    const [truth, predicted] = [Number(cell.dataset.truth), Number(cell.dataset.predicted)];
    for (const other of cells) other.removeAttribute("aria-current");
    cell.setAttribute("aria-current", "true");
    const slots = [...facts.images.keys()].filter((slot) => facts.images[slot][1] === truth && facts.images[slot][2] === predicted);
    const samples = slots.map(sample);
    const count = facts.confusion[truth][predicted];
    const order = truth === predicted ? "The least certain come first" : "The most confident come first";
    const number = samples.length < count ? `${samples.length} of ${count} shown. ` : "";
    shown.replaceChildren(
      make("h3", {}, cell.title),
      make("p", {}, `${number}${order}, with the probability of the predicted class.`),
      make(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": cell.title },
        make("ul", { class: "samples" }, ...samples),
      ),
    );
  };
  for (const cell of cells) cell.addEventListener("click", () => show(cell));
})();
