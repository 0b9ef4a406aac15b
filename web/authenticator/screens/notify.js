// May this phone tell you? Asked once, where the person sees what for.

import { frame, heading, owner, tile } from "../parts/frame.js";
import { dress, h, icon } from "../parts/h.js";
import { toldOf } from "../parts/platform.js";
import { fill, words } from "../words.js";

/**
 * @param {import("../app.js").App} app
 * @param {import("../engine/types.js").Account} account
 * @param {() => void} done
 * @returns {import("../app.js").Screen}
 */
export function notify(app, account, done) {
  const label = h("span", {}, words.notify.allow);
  const allow = h(
    "button",
    { class: "btn btn-go btn-tall", type: "button", onclick: () => void ask() },
    icon("bell"),
    label,
  );

  async function ask() {
    toldOf("notify");
    label.textContent = words.notify.asking;
    dress(allow, { "aria-disabled": "true" });
    await app.engine.enablePush(account.id);
    done();
  }

  function later() {
    toldOf("notify");
    done();
  }

  return {
    title: words.notify.title,
    element: frame(
      owner(account),
      [
        h(
          "div",
          { class: "stack-s" },
          heading(words.notify.title),
          h("p", { class: "muted" }, words.notify.how),
        ),
        h(
          "figure",
          { class: "wall" },
          h(
            "div",
            { class: "card pad-s line-up keep" },
            tile(account.tenant),
            h(
              "div",
              { class: "wall-text" },
              h("strong", {}, words.request.title),
              h("br"),
              h("span", { class: "hint" }, fill(words.notify.exampleText, { tenant: account.tenant.name })),
            ),
            h("span", { class: "hint" }, words.now),
          ),
          h("figcaption", { class: "vh" }, words.notify.example),
        ),
        h(
          "ul",
          { class: "card pad-s stack-s ticks" },
          words.notify.ticks.map((tick) => h("li", {}, icon("check"), h("span", {}, tick))),
        ),
        h("p", { class: "hint" }, words.notify.without),
      ],
      h(
        "footer",
        { class: "app-end" },
        h(
          "div",
          { class: "yes-no" },
          h("button", { class: "btn btn-tall", type: "button", onclick: later }, words.notify.later),
          allow,
        ),
      ),
    ),
  };
}
