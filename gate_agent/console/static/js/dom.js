// Builds and updates elements. Text is only ever set as text: nothing from the station is parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Node | string | null | undefined} Child
 * @typedef {Record<string, any>} Attributes
 */

/**
 * An HTML element; attributes `class`, `on` ({event: handler}) and any other by name.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} attributes
 * @param {(Child | Child[])[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  fill(node, attributes, children);
  return node;
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} attributes
 * @param {(Child | Child[])[]} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  fill(node, attributes, children);
  return /** @type {SVGElementTagNameMap[T]} */ (node);
}

/** @param {Element} node @param {Attributes} attributes @param {(Child | Child[])[]} children */
function fill(node, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  for (const [event, handler] of Object.entries(on)) node.addEventListener(event, handler);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
}

/**
 * The element of this id, or the first within a node that a selector finds; it must be there.
 * @param {string | ParentNode} where
 * @param {string} [selector]
 * @returns {any}
 */
export function find(where, selector) {
  const found = typeof where === "string" ? document.getElementById(where) : where.querySelector(selector ?? "*");
  if (!found) throw new Error(`no ${selector ?? where}`);
  return found;
}

/** Sets, or with null/false removes, an attribute; leaves it alone when nothing changes. @param {Element} node @param {string} name @param {any} value */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : value);
}

/** Sets text only when it differs, so that live regions speak once. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Keeps one child of `parent` per item, in order; a child stays (with focus and state) while its key does.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string | number} key
 * @param {(item: T) => HTMLElement} make
 * @param {(child: HTMLElement, item: T) => void} [update]
 */
export function keyed(parent, items, key, make, update) {
  const children = /** @type {HTMLElement[]} */ ([...parent.children]);
  const old = new Map(children.map((child) => [child.dataset.key, child]));
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
