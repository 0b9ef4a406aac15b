// Activation codes as people give them: a square code's address, a link, or letters typed by hand. Pure.

/**
 * @typedef {{code: string} | {elsewhere: string} | null} Activation The code of this hub, or which address to
 *   open for one of another hub, or nothing.
 */

/** Crockford's base32: 0-9 and the letters without I, L, O, U. */
const LETTERS = /^[0-9A-HJKMNP-TV-Z]+$/;
const LENGTHS = [8, 16];
const APP = "/authenticator/";

/**
 * @param {string} text
 * @param {string} [here] This hub's origin.
 * @returns {Activation}
 */
export function activationOf(text, here = location.origin) {
  const given = text.trim();
  const address = addressIn(given);
  if (!address) return withCode(given);
  const found = withCode(new URLSearchParams(address.hash.slice(1)).get("enroll") ?? "");
  if (!found || !("code" in found) || address.pathname !== APP) return null;
  return address.origin === here ? found : { elsewhere: `${address.origin}${APP}#enroll=${found.code}` };
}

/** @param {string} text */
function addressIn(text) {
  if (!/^https?:\/\//i.test(text)) return null;
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/**
 * The code in groups of four, what people mix up put right (PROTOCOL: case, "-", O and 0, I, L and 1).
 *
 * @param {string} text
 * @returns {{code: string} | null}
 */
function withCode(text) {
  const letters = text
    .toUpperCase()
    .replace(/[\s\u2010-\u2015-]/g, "")
    .replace(/O/g, "0")
    .replace(/[IL]/g, "1");
  if (!LENGTHS.includes(letters.length) || !LETTERS.test(letters)) return null;
  return { code: (letters.match(/.{4}/g) ?? []).join("-") };
}
