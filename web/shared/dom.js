// The few things that every page's script does to its page.

/**
 * The element that *selector* names; the template has it, or this is a defect.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function find(root, selector, type) {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
}

/**
 * Show each part of *root* that depends on a fact (data-when) exactly where it holds.
 *
 * @param {ParentNode} root
 * @param {ReadonlySet<string>} facts
 */
export function showWhen(root, facts) {
  for (const part of root.querySelectorAll("[data-when]")) {
    if (!(part instanceof HTMLElement)) continue;
    const hidden = !facts.has(part.dataset.when ?? "");
    if (part.hidden !== hidden) part.hidden = hidden;
  }
}

/**
 * Put values into the places that wait for them (data-fill). What stands there already is left alone.
 *
 * @param {ParentNode} root
 * @param {Readonly<Record<string, string>>} values
 */
export function fill(root, values) {
  for (const place of root.querySelectorAll("[data-fill]")) {
    const value = place instanceof HTMLElement ? values[place.dataset.fill ?? ""] : undefined;
    if (value !== undefined && place.textContent !== value) place.textContent = value;
  }
}

/**
 * A sentence of the page's own (template#words), with values in its places: {wait}.
 *
 * @param {string} code
 * @param {Readonly<Record<string, string>>} [values]
 */
export function words(code, values = {}) {
  const { content } = find(document, "template#words", HTMLTemplateElement);
  const sentence = content.querySelector(`[data-code="${CSS.escape(code)}"]`);
  const text = (sentence ?? find(content, '[data-code="unavailable"]', HTMLElement)).textContent ?? "";
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/**
 * Say something to a screen reader, through the page's one live region.
 *
 * @param {string} text
 */
export function say(text) {
  find(document, "#say", HTMLElement).textContent = text;
}
