// What is on the screen: one screen at a time, by what happened, what waits, and the address.

import { say } from "../shared/dom.js";
import { sceneFor } from "./router.js";
import { outcome } from "./screens/outcome.js";
import { wiped } from "./screens/wiped.js";
import { fill, words } from "./words.js";

/**
 * @typedef {import("./engine/engine.js").Engine} Engine
 * @typedef {import("./engine/types.js").Request} Request
 *
 * @typedef {object} Screen
 * @property {string} title
 * @property {HTMLElement} element
 * @property {(now: number) => void} [tick] Once a second.
 * @property {() => void} [update] Accounts or requests changed.
 * @property {() => void} [leave]
 * @property {Request} [request] The request that is shown in full.
 *
 * @typedef {object} Scene
 * @property {string} key The same key is the same screen.
 * @property {(app: App) => Screen} make
 *
 * @typedef {Event & {prompt: () => Promise<unknown>}} InstallOffer
 */

const TICK_MS = 1000;

export class App {
  /** @type {Scene[]} What happened and stays until the person goes on; the last one is shown. */
  #scenes = [];
  /** @type {Screen | null} */
  #screen = null;
  #key = "";
  /** @type {Set<string>} Requests that a screen reader was told of. */
  #told = new Set();
  /** @type {InstallOffer | null} The browser's own offer to install the app. */
  installOffer = null;

  /**
   * @param {Engine} engine
   * @param {HTMLElement} root
   */
  constructor(engine, root) {
    this.engine = engine;
    this.root = root;
  }

  /** The request that is shown in full. */
  get request() {
    return this.#screen?.request;
  }

  /** Show what there is, and go on showing what changes. */
  start() {
    this.engine.addEventListener("change", () => this.#changed());
    this.engine.addEventListener("wiped", (event) => {
      this.show({ key: "wiped", make: (app) => wiped(app, /** @type {CustomEvent} */ (event).detail) });
    });
    this.engine.addEventListener("over", (event) => this.#over(/** @type {CustomEvent} */ (event).detail));
    window.addEventListener("hashchange", () => this.#moved());
    window.addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.installOffer = /** @type {InstallOffer} */ (event);
      this.#screen?.update?.();
    });
    document.addEventListener("visibilitychange", () => this.#ack());
    setInterval(() => this.#screen?.tick?.(Date.now()), TICK_MS);
    this.#tell();
    this.render();
  }

  /**
   * Show what happened, over everything else, until `next`.
   *
   * @param {Scene} scene
   */
  show(scene) {
    this.#scenes = [...this.#scenes.filter(({ key }) => key !== scene.key), scene];
    this.render();
  }

  /** The person has seen it: back to what is open. */
  next() {
    this.#scenes.pop();
    this.render();
  }

  /**
   * Go to an address of the app, "" for home, leaving behind what happened.
   *
   * @param {string} hash
   */
  go(hash) {
    this.#scenes = [];
    // Not by `location.hash`: its event would come later, and take away what is shown by then.
    if (location.hash.slice(1) !== hash) {
      window.history.pushState(null, "", hash ? `#${hash}` : location.pathname);
    }
    this.render();
  }

  /** Show the screen that is due; where it is there already, it keeps its fields and its focus. */
  render() {
    const scene = this.#scenes.at(-1) ?? sceneFor(this);
    if (scene.key === this.#key) {
      this.#screen?.update?.();
      return;
    }
    this.#screen?.leave?.();
    const isFirst = this.#screen === null;
    this.#key = scene.key;
    this.#screen = scene.make(this);
    document.title = fill(words.titled, { title: this.#screen.title });
    this.root.replaceChildren(this.#screen.element);
    this.#screen.tick?.(Date.now());
    window.scrollTo(0, 0);
    if (!isFirst) this.#focus();
    this.#ack();
  }

  #changed() {
    this.#tell();
    this.render();
  }

  #moved() {
    this.#scenes = [];
    this.render();
  }

  /** On a new screen the focus starts at its heading, or in the sheet that opened itself. */
  #focus() {
    const { element } = /** @type {Screen} */ (this.#screen);
    if (element.querySelector("dialog[open]") || element.contains(document.activeElement)) return;
    const heading = element.querySelector("h1[tabindex]");
    if (heading instanceof HTMLElement) heading.focus({ preventScroll: true });
  }

  /** The hub is told that a request is shown only while somebody can see it. */
  #ack() {
    const request = this.#screen?.request;
    if (request && document.visibilityState === "visible") void this.engine.shown(request.id);
  }

  /** Say to a screen reader that a request came. */
  #tell() {
    for (const { id, accountId } of this.engine.requests) {
      if (this.#told.has(id)) continue;
      this.#told.add(id);
      const account = this.engine.accounts.find((each) => each.id === accountId);
      say(fill(words.request.arrived, { tenant: account?.tenant.name ?? "" }));
    }
  }

  /** @param {{id: string, status: string, reason?: string, by: "here" | "elsewhere"}} ended */
  #over({ id, status, reason, by }) {
    const { request } = this.#screen ?? {};
    // What was answered here is told by the screen that asked.
    if (by === "here" || request?.id !== id) return;
    this.show({ key: `over:${id}`, make: (app) => outcome(app, { status, reason, request, by }) });
  }
}
