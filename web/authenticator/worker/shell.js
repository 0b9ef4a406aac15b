// The app itself, kept on the phone: it opens without a network, and all of one version together.

const PAGE = "/authenticator/";
const PREFIX = "authenticator-";

export class Shell {
  #name;
  #urls;
  /** @type {Set<string>} */
  #paths;

  /**
   * @param {string} version Changes with any file of the app.
   * @param {string[]} urls Everything that the app needs.
   * @param {string} origin
   */
  constructor(version, urls, origin) {
    this.#name = PREFIX + version;
    this.#urls = urls;
    this.#paths = new Set(urls.map((url) => new URL(url, origin).pathname));
  }

  /** Fetch all of it, or nothing: half of a version must not be kept. */
  async fill() {
    const cache = await caches.open(this.#name);
    await cache.addAll(this.#urls.map((url) => new Request(url, { cache: "no-cache" })));
  }

  /** Throw other versions away. */
  async sweep() {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== this.#name);
    await Promise.all(old.map((name) => caches.delete(name)));
  }

  /**
   * The answer to a request for a part of the app, or null where it is for the network.
   *
   * @param {Request} request
   * @returns {Promise<Response> | null}
   */
  answer(request) {
    const { origin, pathname } = new URL(request.url);
    if (request.method !== "GET" || origin !== location.origin) return null;
    if (request.mode === "navigate" ? pathname !== PAGE : !this.#paths.has(pathname)) return null;
    return this.#kept(request, pathname);
  }

  /**
   * @param {Request} request
   * @param {string} pathname
   */
  async #kept(request, pathname) {
    const cache = await caches.open(this.#name);
    const kept = await cache.match(pathname, { ignoreSearch: true });
    // The browser may have thrown it away under want of space.
    return kept ?? fetch(request);
  }
}
