// Bytes as text and as hashes: base64url (RFC 4648 section 5, no padding), UTF-8, SHA-256.

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true });

/**
 * @param {ArrayBuffer | Uint8Array<ArrayBuffer>} bytes
 * @returns {string}
 */
export function toBase64url(bytes) {
  let binary = "";
  for (const byte of bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)) {
    binary += String.fromCharCode(byte);
  }
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 * @throws {TypeError} For what is not base64url.
 */
export function fromBase64url(text) {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) throw new TypeError("not base64url");
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function toUtf8(text) {
  return ENCODER.encode(text);
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 * @throws {TypeError} For what is not UTF-8.
 */
export function fromUtf8(bytes) {
  return DECODER.decode(bytes);
}

/**
 * SHA-256 over a token as ASCII.
 *
 * @param {string} token
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function sha256(token) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", toUtf8(token)));
}
