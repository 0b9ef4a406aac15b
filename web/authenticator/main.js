// Opens the authenticator: can it run here, then the engine, then the screens.

import { find } from "../shared/dom.js";
import { App } from "./app.js";
import { Engine } from "./engine/engine.js";
import { missing } from "./parts/platform.js";
import { insecure, noStorage, unsupported } from "./screens/cannot.js";

const root = find(document, "#app", HTMLElement);

async function open() {
  if (!window.isSecureContext) return insecure();
  const what = missing();
  if (what) return unsupported(what);
  try {
    new App(await Engine.open(), root).start();
    return null;
  } catch {
    return noStorage();
  }
}

const instead = await open();
if (instead) root.replaceChildren(instead);
