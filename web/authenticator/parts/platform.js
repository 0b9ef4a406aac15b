// What this browser is, and what it can do.

/**
 * An iPhone or iPad, whichever browser: all of them are Safari underneath.
 *
 * @returns {"iphone" | "ipad" | null}
 */
export function appleDevice() {
  const agent = navigator.userAgent;
  if (/\b(iPhone|iPod)\b/.test(agent)) return "iphone";
  // iPads call themselves Macs; no Mac has a touch screen or tells standalone.
  if (/\biPad\b/.test(agent)) return "ipad";
  return "standalone" in navigator && navigator.maxTouchPoints > 1 ? "ipad" : null;
}

/** Whether this is the installed app, in a window of its own. */
export function isInstalled() {
  if ("standalone" in navigator && navigator.standalone === true) return true;
  return matchMedia("(display-mode: standalone), (display-mode: fullscreen)").matches;
}

/** A tab on iOS never enrols: its storage is not the installed app's. */
export const mustInstall = () => appleDevice() !== null && !isInstalled();

/**
 * What is missing here, as a name in the words, or null.
 *
 * @returns {"keys" | "storage" | "sockets" | "dialogs" | null}
 */
export function missing() {
  if (typeof indexedDB === "undefined") return "storage";
  if (!globalThis.crypto?.subtle) return "keys";
  if (typeof WebSocket === "undefined") return "sockets";
  return typeof HTMLDialogElement === "undefined" ? "dialogs" : null;
}

/**
 * What a person would call this device: "Pixel 9", "iPhone", "Firefox on Linux".
 *
 * @returns {Promise<string>}
 */
export async function deviceName() {
  const apple = appleDevice();
  if (apple) return apple === "ipad" ? "iPad" : "iPhone";
  const agent = navigator.userAgent;
  const model = await modelName();
  if (model) return model;
  if (/Android/.test(agent)) return /Mobile/.test(agent) ? "Android phone" : "Android tablet";
  const system = /Windows/.test(agent)
    ? "Windows"
    : /Macintosh/.test(agent)
      ? "Mac"
      : /CrOS/.test(agent)
        ? "Chromebook"
        : "Linux";
  const browser = /Edg\//.test(agent)
    ? "Edge"
    : /Firefox\//.test(agent)
      ? "Firefox"
      : /Chrom(e|ium)\//.test(agent)
        ? "Chrome"
        : /Safari\//.test(agent)
          ? "Safari"
          : "Browser";
  return `${browser} on ${system}`;
}

/** @returns {Promise<string>} "" where the browser does not tell. */
async function modelName() {
  const data = /** @type {any} */ (navigator).userAgentData;
  if (!data?.mobile || !data.getHighEntropyValues) return "";
  try {
    const { model } = await data.getHighEntropyValues(["model"]);
    return typeof model === "string" ? model.slice(0, 64) : "";
  } catch {
    return "";
  }
}

/**
 * A small yes that outlives the window. Where storage is refused it is asked again, no worse.
 *
 * @param {string} name
 */
export function wasToldOf(name) {
  try {
    return localStorage.getItem(`lumo-told-${name}`) !== null;
  } catch {
    return false;
  }
}

/** @param {string} name */
export function toldOf(name) {
  try {
    localStorage.setItem(`lumo-told-${name}`, "1");
  } catch {
    // Told again next time.
  }
}
