// The one note that follows the pointer.

import { $, element } from "./dom.js";

/** Shows lines (or elements) beside a point of the window; never outside it. */
export function showTip(x, y, ...content) {
  const tip = $("tip");
  tip.replaceChildren(...content.map((one) => (typeof one === "string" ? element("div", { text: one }) : one)));
  tip.hidden = false;
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = Math.min(Math.max(8, x - width / 2), innerWidth - width - 8);
  const above = y - height - 14;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 8 ? above : Math.min(y + 20, innerHeight - height - 8)}px`;
}

export function hideTip() { $("tip").hidden = true; }

addEventListener("scroll", hideTip, { passive: true, capture: true });
addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
