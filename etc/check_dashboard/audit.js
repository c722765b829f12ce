// Looks at the page that is shown for what would keep somebody from using it; returns what is wrong, in
// words. It is run in the page by the driver, which the page's policy does not concern.

const wrong = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

function nameOf(element) {
  const text = element.id || element.textContent.trim().slice(0, 30);
  return `<${element.tagName.toLowerCase()}> ${text}`.trim();
}

// One heading of the first level, none left out; a language, a title, no id twice.
if (!document.documentElement.lang) wrong.push("the page has no language");
if (!document.title) wrong.push("the page has no title");
const levels = all("h1, h2, h3, h4").filter((heading) => heading.checkVisibility())
  .map((heading) => Number(heading.tagName[1]));
if (levels.filter((level) => level === 1).length !== 1) wrong.push(`the headings are ${levels}`);
levels.forEach((level, index) => {
  const former = levels[index - 1] ?? 1;
  if (level > former + 1) wrong.push(`a heading of level ${level} follows ${former}`);
});
const ids = all("[id]").map((element) => element.id);
for (const id of new Set(ids)) {
  if (ids.filter((other) => other === id).length > 1) wrong.push(`two have the id ${id}`);
}
for (const label of all("label")) if (!label.control) wrong.push(`the label ${nameOf(label)} is of nothing`);

// Contrast of each text with what is behind it (WCAG 2.2, 1.4.3).
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

function channels(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return { rgb: [red, green, blue], alpha: alpha / 255 };
}

function luminance(rgb) {
  const [red, green, blue] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function behind(element) {
  for (let at = element; at; at = at.parentElement) {
    const { rgb, alpha } = channels(getComputedStyle(at).backgroundColor);
    if (alpha === 1) return rgb;
  }
  wrong.push(`there is nothing behind ${nameOf(element)}`);
  return [255, 255, 255];
}

function check(element, colour, what) {
  const [text, ground] = [luminance(channels(colour).rgb), luminance(behind(element))];
  const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
  if (ratio < 4.5) wrong.push(`${what} ${nameOf(element)} has a contrast of ${ratio.toFixed(2)}`);
}

let texts = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const isNone = !walker.currentNode.data.trim() || !isShown(element);
  if (isNone || element.closest(".unseen, noscript, :disabled")) continue;
  texts += 1;
  const style = getComputedStyle(element);
  check(element, element instanceof SVGElement ? style.fill : style.color, "the text of");
}
for (const field of all("[placeholder]").filter(isShown)) {
  check(field, getComputedStyle(field, "::placeholder").color, "the example in");
}
if (texts < 10) wrong.push(`there are only ${texts} texts to look at`);

// What other people wrote has become no element, and nothing has a listener in its text.
for (const element of all("main img, main script, main iframe, [onerror], [onload], [onclick]")) {
  wrong.push(`there is ${nameOf(element)}, which is not of the page`);
}
// The width of the window grows with the page on a phone; that of the root does not.
const { scrollWidth, clientWidth } = document.documentElement;
if (scrollWidth > clientWidth) wrong.push(`the page is ${scrollWidth} wide on a screen of ${clientWidth}`);
return wrong;
