// JSON calls to the hub. An answer is a value or a problem; nothing is thrown.

/**
 * @typedef {object} Problem RFC 9457, as far as the pages act on it.
 * @property {number} status 0 where the hub was not reached.
 * @property {string} code The hub's stable code, or "offline" or "unavailable".
 * @property {number} [retryAfterS]
 * @property {Record<string, unknown>} [told] The whole problem, for codes that carry more.
 */

/**
 * @template T
 * @typedef {{ok: true, value: T} | {ok: false, problem: Problem}} Answer
 */

/** A long poll takes up to 25 s; whatever takes much longer has been lost on the way. */
const GIVE_UP_AFTER_MS = 35_000;

/**
 * @template T
 * @param {"GET" | "POST" | "DELETE"} method
 * @param {string} path
 * @param {{body?: object, signal?: AbortSignal}} [options]
 * @returns {Promise<Answer<T>>}
 */
export async function call(method, path, { body, signal } = {}) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), GIVE_UP_AFTER_MS);
  const stop = () => giveUp.abort();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) giveUp.abort();
  try {
    const response = await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      headers: method === "POST" ? { "content-type": "application/json" } : {},
      body: method === "POST" ? JSON.stringify(body ?? {}) : null,
      signal: giveUp.signal,
    });
    if (!response.ok) return { ok: false, problem: await problemOf(response) };
    const value = response.status === 204 ? undefined : await response.json();
    return { ok: true, value: /** @type {T} */ (value) };
  } catch {
    return { ok: false, problem: { status: 0, code: "offline" } };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
async function problemOf(response) {
  const retryAfterS = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const told = await response.json().catch(() => null);
  return {
    status: response.status,
    code: typeof told?.code === "string" ? told.code : "unavailable",
    ...(Number.isFinite(retryAfterS) ? { retryAfterS } : {}),
    ...(told && typeof told === "object" ? { told } : {}),
  };
}
