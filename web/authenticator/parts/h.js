// Making elements: data reaches the page as text and attributes alone, never as markup.

/**
 * @typedef {Node | string | number | false | null | undefined} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>} Attributes
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes] "on…" adds a listener; true is an empty attribute; false and null are none.
 * @param {(Child | Child[])[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  dress(element, attributes);
  element.append(...shown(children));
  return element;
}

/**
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {(Child | Child[])[]} children
 * @returns {SVGElement}
 */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  dress(element, attributes);
  element.append(...shown(children));
  return element;
}

/**
 * @param {Element} element
 * @param {Attributes} attributes
 */
export function dress(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * Fill the {places} of a sentence, each with a text or an element.
 *
 * @param {string} sentence
 * @param {Record<string, Child>} values
 * @returns {Child[]}
 */
export function said(sentence, values) {
  return sentence.split(/(\{\w+\})/).map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    return name ? values[name] : part;
  });
}

/** @param {string} name */
export const icon = (name) =>
  s("svg", { class: "i", "aria-hidden": "true" }, s("use", { href: `#i-${name}` }));

/**
 * The drawn pair, browser and phone.
 *
 * @param {string} name
 * @param {"ok" | "no" | "wait" | "off" | null} [state]
 */
export const glyph = (name, state = null) =>
  s(
    "svg",
    { class: "glyph glyph-xl", "data-state": state, "aria-hidden": "true" },
    s("use", { href: `#g-${name}` }),
  );

/**
 * @param {(Child | Child[])[]} children
 * @returns {(Node | string)[]}
 */
function shown(children) {
  return children
    .flat()
    .filter((child) => child !== false && child !== null && child !== undefined)
    .map((child) => (child instanceof Node ? child : String(child)));
}
