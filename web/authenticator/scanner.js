// Reads the code that the camera sees; the pictures never leave the page.

/**
 * @typedef {"refused" | "missing"} Trouble
 * @typedef {{detect: (source: CanvasImageSource) => Promise<{rawValue: string}[]>}} Detector
 */

const LOOK_EVERY_MS = 150;
/** Enough for a code that fills a third of the picture; more only costs time. */
const WIDTH = 640;

/** Whether there is anything to read a code with, and a camera to see it. */
export async function canScan() {
  if (!navigator.mediaDevices?.getUserMedia) return false;
  return Boolean(document.body.dataset.decoder) || (await browserReads());
}

async function browserReads() {
  const Native = /** @type {any} */ (globalThis).BarcodeDetector;
  try {
    return Boolean(Native) && (await Native.getSupportedFormats()).includes("qr_code");
  } catch {
    return false;
  }
}

/** Whether the person has allowed the camera before: then opening it asks nothing. */
export async function isAllowed() {
  try {
    const { state } = await navigator.permissions.query({ name: /** @type {any} */ ("camera") });
    return state === "granted";
  } catch {
    return false;
  }
}

/**
 * The browser's own reader, or the one that was kept at set-up.
 *
 * @returns {Promise<Detector>}
 */
async function detector() {
  const formats = { formats: ["qr_code"] };
  if (await browserReads()) return new /** @type {any} */ (globalThis).BarcodeDetector(formats);
  const kept = await import(document.body.dataset.decoder ?? "");
  return new kept.BarcodeDetector(formats);
}

export class Scanner {
  /** @type {MediaStream | null} */
  #stream = null;
  #isStopped = false;

  /**
   * @param {HTMLVideoElement} video Shows what the camera sees.
   * @param {(text: string) => void} found Called for every code that is read.
   */
  constructor(video, found) {
    this.video = video;
    this.found = found;
  }

  /** @returns {Promise<Trouble | null>} Why there is no picture. */
  async start() {
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: "environment", width: { ideal: 1280 } },
      });
    } catch (error) {
      return error instanceof DOMException && error.name === "NotAllowedError" ? "refused" : "missing";
    }
    if (this.#isStopped) {
      this.stop();
      return null;
    }
    this.video.srcObject = this.#stream;
    await this.video.play().catch(() => undefined);
    void this.#look();
    return null;
  }

  /** Let go of the camera. */
  stop() {
    this.#isStopped = true;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
  }

  async #look() {
    const reader = await detector();
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    while (!this.#isStopped && context) {
      const { videoWidth, videoHeight } = this.video;
      if (videoWidth > 0) {
        const scale = Math.min(1, WIDTH / videoWidth);
        canvas.width = Math.round(videoWidth * scale);
        canvas.height = Math.round(videoHeight * scale);
        context.drawImage(this.video, 0, 0, canvas.width, canvas.height);
        const [code] = await reader.detect(canvas).catch(() => []);
        if (code && !this.#isStopped) this.found(code.rawValue);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}
