// Taking an account off this phone, after one question.

import { say } from "../../shared/dom.js";
import { errorPlace } from "../parts/frame.js";
import { dress, h } from "../parts/h.js";
import { sheet } from "../parts/sheet.js";
import { failure, fill, words } from "../words.js";

/**
 * @param {import("../app.js").App} app
 * @param {import("../engine/types.js").Account} account
 */
export function removal(app, { id, email, tenant }) {
  const open = h(
    "button",
    { class: "btn btn-quiet warn btn-wide", type: "button", onclick: ask },
    words.account.remove,
  );

  function ask() {
    const error = errorPlace("remove-e");
    const go = h(
      "button",
      { class: "btn btn-no btn-tall", type: "button", onclick: () => void remove(false) },
      words.account.removeGo,
    );
    const anyway = h(
      "button",
      { class: "btn btn-wide", type: "button", hidden: true, onclick: () => void remove(true) },
      words.account.removeAnyway,
    );
    const asked = sheet(
      "remove-t",
      [
        h(
          "div",
          { class: "stack-s" },
          h("h2", { id: "remove-t" }, fill(words.account.removeTitle, { tenant: tenant.name })),
          h("p", { class: "muted" }, fill(words.account.removeHow, { email })),
        ),
        error.element,
        anyway,
        h(
          "div",
          { class: "yes-no" },
          h(
            "button",
            { class: "btn btn-tall", type: "button", autofocus: true, onclick: () => asked.close() },
            words.account.keep,
          ),
          go,
        ),
      ],
      () => open.focus(),
    );

    /** @param {boolean} force */
    async function remove(force) {
      error.say(null);
      go.textContent = words.account.removing;
      dress(go, { "aria-disabled": "true" });
      const result = await app.engine.remove(id, { force });
      if (result.ok) {
        asked.close();
        app.go("");
        say(fill(words.account.removed, { tenant: tenant.name }));
        return;
      }
      go.textContent = words.account.removeGo;
      dress(go, { "aria-disabled": null });
      anyway.hidden = result.code !== "offline";
      error.say(
        result.code === "offline" ? words.account.removeOffline : failure(words.account.failed, result.code),
      );
    }

    asked.open(open.closest(".app") ?? document.body);
  }

  return open;
}
