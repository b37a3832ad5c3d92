"use strict";
const at = (id) => document.getElementById(id);
let models = [];
let token = "";
let asked = 0;
let shown = "";

// Asks the server; whoever asks is told by an exception what went wrong.
async function ask(address, options = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(address, { ...options, headers });
  if (response.status === 401) {
    at("secret").hidden = false;
    at("token").focus();
  }
  const document = await response.json();
  if (!response.ok) throw new Error(document.error);
  return document;
}

const model = () => models.find(({ name }) => name === at("model").value);

async function begin() {
  models = (await ask("v1/models")).models;
  at("secret").hidden = true;
  at("model").replaceChildren(...models.map(({ name }) => new Option(name, name)));
  at("choice").hidden = models.length < 2;
  await change();
}

async function change() {
  const { name, classes } = model();
  const few = classes.length > 12 ? `${classes.slice(0, 12).join(", ")}, …` : classes.join(", ");
  at("about").textContent = `${name} knows ${classes.length} classes: ${few}.`;
  const { examples } = await ask(`v1/examples?model=${encodeURIComponent(name)}`);
  at("samples").hidden = examples.length === 0;
  at("examples").replaceChildren(
    ...examples.map((example) => {
      const [item, button, image] = ["li", "button", "img"].map((kind) => document.createElement(kind));
      button.type = "button";
      image.src = example.picture;
      image.alt = example.class;
      button.title = example.class;
      button.append(image);
      button.addEventListener("click", () => predict(blobOf(example.picture)));
      item.append(button);
      return item;
    }),
  );
}

// The picture that lies in an address, without a request.
function blobOf(address) {
  const bytes = Uint8Array.from(atob(address.split(",")[1]), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}

// Has the network look at a picture, and shows what it says, unless another was asked for in the meantime.
async function predict(picture) {
  const mine = ++asked;
  at("result").setAttribute("aria-busy", "true");
  at("state").hidden = false;
  at("state").className = "";
  at("state").textContent = "The network is looking …";
  try {
    const { name, classes } = model();
    const query = new URLSearchParams({ model: name, top: Math.min(classes.length, 10), explain: true, show_prepared: true });
    const answer = await ask(`v1/predict?${query}`, { method: "POST", body: picture });
    if (mine === asked) await show(picture, answer);
  } catch (error) {
    if (mine !== asked) return;
    at("answer").hidden = true;
    at("state").className = "problem";
    at("state").textContent = error.message;
  } finally {
    if (mine === asked) at("result").setAttribute("aria-busy", "false");
  }
}

async function show(picture, answer) {
  URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(picture);
  at("original").src = shown;
  at("class").textContent = answer.class;
  at("bars").replaceChildren(...answer.top.map(bar));
  at("seen").src = answer.seen ?? "";
  at("seen").parentElement.hidden = !answer.seen;
  const { explanation } = answer;
  at("heat").setAttribute("aria-label", `Heat map of what decided for ${explanation.class}`);
  await drawHeat(answer.seen, explanation);
  at("prepared").textContent = answer.prepared === "as it is" ? "" : `What was done to the picture: ${answer.prepared}.`;
  at("unfamiliar").textContent =
    answer.unfamiliar > 0.99 ? "This is unlike all that the network was trained on: do not rely on the answer." : "";
  at("state").hidden = true;
  at("answer").hidden = false;
  // On a phone it stands below what was touched.
  if (at("result").getBoundingClientRect().top > innerHeight / 2) at("result").scrollIntoView();
}

function bar({ class: name, probability }) {
  const item = document.createElement("li");
  const [label, track, fill, share] = ["span", "span", "span", "span"].map((kind) => document.createElement(kind));
  [label.className, track.className, fill.className, share.className] = ["name", "track", "fill", "share"];
  label.textContent = name;
  fill.style.width = `${probability * 100}%`;
  share.textContent = `${(probability * 100).toFixed(1)} %`;
  track.setAttribute("aria-hidden", "true");
  track.append(fill);
  item.append(label, track, share);
  return item;
}

// What the network saw, in grey, under what each pixel does for the class.
async function drawHeat(seen, { height, width, importance }) {
  const canvas = at("heat");
  [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d");
  if (seen) {
    const image = new Image();
    image.src = seen;
    await image.decode();
    pen.filter = "grayscale(1)";
    pen.drawImage(image, 0, 0);
    pen.filter = "none";
  }
  const most = Math.max(1e-9, ...importance.map(Math.abs));
  importance.forEach((value, place) => {
    const share = Math.min(1, Math.abs(value) / most) * 0.75;
    pen.fillStyle = value > 0 ? `rgb(255 120 40 / ${share})` : `rgb(60 150 255 / ${share})`;
    pen.fillRect(place % width, Math.floor(place / width), 1, 1);
  });
}

// Files: chosen, dropped, pasted, or taken by a phone's camera.
const isPicture = (file) => file?.type.startsWith("image/");
for (const id of ["file", "shot"]) {
  at(id).addEventListener("change", () => {
    const [file] = at(id).files;
    if (file) predict(file);
    at(id).value = "";
  });
}
for (const [event, isOver] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(event, (happening) => {
    happening.preventDefault();
    at("drop").classList.toggle("over", isOver);
    const [file] = event === "drop" ? happening.dataTransfer.files : [];
    if (file) predict(file);
  });
}
document.addEventListener("paste", ({ clipboardData }) => {
  const file = [...clipboardData.files].find(isPicture);
  if (file) predict(file);
});

// The camera. Browsers show it only to pages of this machine or by TLS; else the phone's own camera is asked.
let stream;
function closeCamera() {
  stream?.getTracks().forEach((track) => track.stop());
  at("viewfinder").hidden = true;
}
at("camera").addEventListener("click", async () => {
  if (!navigator.mediaDevices) return at("shot").click();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    at("video").srcObject = stream;
    at("viewfinder").hidden = false;
    await at("video").play();
    at("capture").focus();
  } catch {
    at("shot").click();
  }
});
at("capture").addEventListener("click", () => {
  const video = at("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  closeCamera();
  canvas.toBlob(predict, "image/png");
});
at("cancel").addEventListener("click", closeCamera);

// The drawing: white on black, as most sets of drawn things have it.
const pad = at("pad");
const pen = pad.getContext("2d");
let last;
function clear() {
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, pad.width, pad.height);
}
function place({ clientX, clientY }) {
  const box = pad.getBoundingClientRect();
  return [((clientX - box.left) / box.width) * pad.width, ((clientY - box.top) / box.height) * pad.height];
}
function line(event) {
  if (!last) return;
  const next = place(event);
  pen.strokeStyle = "#fff";
  pen.lineWidth = 20;
  pen.lineCap = "round";
  pen.beginPath();
  pen.moveTo(...last);
  pen.lineTo(...next);
  pen.stroke();
  last = next;
}
pad.addEventListener("pointerdown", (event) => {
  pad.setPointerCapture(event.pointerId);
  last = place(event);
  line(event);
});
pad.addEventListener("pointermove", line);
pad.addEventListener("pointerup", (event) => {
  line(event);
  last = undefined;
  pad.toBlob(predict, "image/png");
});
pad.addEventListener("pointercancel", () => (last = undefined));
at("clear").addEventListener("click", clear);
clear();

const told = (error) => {
  at("state").className = "problem";
  at("state").textContent = error.message;
};
at("model").addEventListener("change", () => change().catch(told));
at("secret").addEventListener("submit", (event) => {
  event.preventDefault();
  token = at("token").value.trim();
  begin().then(() => (at("state").textContent = "Nothing yet: show it a picture."), told);
});
begin().catch(told);
