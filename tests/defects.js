// What a machine can see of a page's defects. Returns sentences; none means none.
const defects = [];
const isSeen = (element) =>
  element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
  element.getClientRects().length > 0 &&
  !element.closest(".visually-hidden, .skip-link, [inert]");
const nameOf = (element) => {
  const name = element.dataset.testid || element.id || element.className || element.tagName.toLowerCase();
  return `${name} "${(element.innerText ?? "").trim().slice(0, 40)}"`;
};
// While a dialog is open, what is behind it is out of reach.
const scope = document.querySelector("dialog[open]") ?? document.body;
const elements = [...scope.querySelectorAll("*")].filter(isSeen);

// Only what is meant to scroll sideways does so, and nothing else is wider than the window.
const MAY_SCROLL = "pre, table, .table-scroll, .tabs, .plot, textarea, input";
for (const element of [document.scrollingElement, ...elements]) {
  const { overflowX } = getComputedStyle(element);
  const isScroller = element === document.scrollingElement || overflowX === "auto" || overflowX === "scroll";
  if (isScroller && !element.matches(MAY_SCROLL) && element.scrollWidth > element.clientWidth + 1) {
    defects.push(`${nameOf(element)} scrolls sideways`);
  }
  const { left, right } = element.getBoundingClientRect();
  if ((right > window.innerWidth + 1 || left < -1) && !element.parentElement?.closest(MAY_SCROLL)) {
    defects.push(`${nameOf(element)} reaches beyond the window`);
  }
}

// Ids are unique: labels and descriptions depend on them.
const ids = new Map();
for (const { id } of document.querySelectorAll("[id]")) ids.set(id, (ids.get(id) ?? 0) + 1);
for (const [id, count] of ids) if (count > 1) defects.push(`the id ${id} is there ${count} times`);

// Everything that can be used has a name, and is large enough for a finger.
const isPhone = matchMedia("(pointer: coarse)").matches;
for (const element of elements.filter((element) => element.matches("button, a[href], input, select, textarea"))) {
  const labels = [...(element.labels ?? [])].map((label) => label.innerText).join("");
  const name = element.ariaLabel || labels || element.innerText || element.title;
  if (!name?.trim()) defects.push(`${element.outerHTML.slice(0, 120)} has no name`);
  const { width, height } = element.getBoundingClientRect();
  const isInText = element.matches("p a, li a, td a");
  if (isPhone && !isInText && element.type !== "range" && element.type !== "radio" && (width < 24 || height < 24)) {
    defects.push(`${nameOf(element)} is ${Math.round(width)} x ${Math.round(height)}: too small for a finger`);
  }
}

// Text stands out from what is behind it: WCAG's 4.5, or 3 for large letters.
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
canvas.canvas.width = canvas.canvas.height = 1;
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return { channels: [red, green, blue], alpha: alpha / 255 };
};
const over = (front, back) => front.channels.map((value, i) => value * front.alpha + back[i] * (1 - front.alpha));
const behind = (element) => {
  const layers = [];
  for (let parent = element; parent; parent = parent.parentElement) {
    const layer = rgba(getComputedStyle(parent).backgroundColor);
    layers.push(layer);
    if (layer.alpha === 1) break;
  }
  return layers.reverse().reduce((back, layer) => over(layer, back), rgba("Canvas").channels);
};
const luminance = (channels) => {
  const [red, green, blue] = channels.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const seen = new Set();
for (const element of elements) {
  const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!hasText || element.closest(":disabled, option, optgroup, svg")) continue;
  const style = getComputedStyle(element);
  const back = behind(element);
  const front = over(rgba(style.color), back);
  const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
  const ratio = (light + 0.05) / (dark + 0.05);
  const size = parseFloat(style.fontSize);
  const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  const key = `${style.color} on ${back.map(Math.round)}`;
  if (ratio < needed && !seen.has(key)) {
    seen.add(key);
    defects.push(`${nameOf(element)} is hard to read: contrast ${ratio.toFixed(2)}, ${key}`);
  }
}
return defects;
