// Makes elements. Every text goes in as text: names, labels and logs are other people's input.

/**
 * Makes an element. `properties` are attributes, but for `on` (listeners by event), `style` (through the
 * CSSOM, as the policy wants it) and what is undefined, null or false, which is left out. Children are nodes
 * or texts. `svg:` before a name makes it one of a drawing.
 */
export function h(tag, properties = {}, ...children) {
  const element = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "style") {
      for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    } else if (name === "href") {
      element.setAttribute("href", ownAddress(String(value)));
    } else if (name.startsWith("on")) {
      throw new Error(`a listener belongs in \`on\`: ${name}`);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (child === undefined || child === null || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Links lead to places of this page only. */
function ownAddress(address) {
  if (!address.startsWith("#")) throw new Error(`no link of this page: ${address}`);
  return address;
}

/** Puts children in the place of what an element has, but leaves alone what is the same. */
export function fill(element, ...children) {
  const fresh = h("div", {}, ...children);
  if (element.childNodes.length === fresh.childNodes.length
    && [...element.childNodes].every((node, index) => node.isEqualNode(fresh.childNodes[index]))) return;
  element.replaceChildren(...fresh.childNodes);
}

/** The address of a page with filters; those that are empty are left out. */
export function address(path, query = {}) {
  const items = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of [value].flat()) {
      if (item !== undefined && item !== null && item !== "") items.append(name, item);
    }
  }
  const text = items.toString();
  return text ? `#${path}?${text}` : `#${path}`;
}

/** Calls `work` a while after the first of many calls, and once for all of them. */
export function calm(work, milliseconds) {
  let timer;
  const call = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      work();
    }, milliseconds);
  };
  call.stop = () => clearTimeout(timer);
  return call;
}
