// Builds and updates elements. Text is only ever set as text: nothing from the station is parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; attributes `class`, `on` ({event: handler}) and any other by name. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  for (const [event, handler] of Object.entries(on)) node.addEventListener(event, handler);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Sets, or with null/false removes, an attribute; leaves it alone when nothing changes. */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : value);
}

/** Sets text only when it differs, so that live regions speak once. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Keeps one child of `parent` per item, in order; a child stays (with focus and state) while its key does. */
export function keyed(parent, items, key, make, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const kept = new Set();
  items.forEach((item, index) => {
    const id = String(key(item));
    let child = old.get(id);
    if (!child || kept.has(child)) {
      child = make(item);
      child.dataset.key = id;
    }
    kept.add(child);
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
    update?.(child, item);
  });
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
}
