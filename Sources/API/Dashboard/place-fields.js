// Which layer and which head: two lists that have what the model has, and follow what is chosen elsewhere on the page.

import { element } from "./dom.js";
import { server } from "./server.js";
import { view } from "./store.js";

export function placeFields(prefix, change = () => {}) {
  const layer = element("select", { id: `${prefix}-layer`, on: { change } });
  const head = element("select", { id: `${prefix}-head`, on: { change } });
  let known = "";
  return {
    layer,
    head,
    /** Says whether the lists changed. */
    follow() {
      const { model } = server;
      const key = `${model?.model_id} ${view.layer} ${view.head}`;
      if (key === known || !model) return false;
      known = key;
      for (const [select, count, chosen] of [[layer, model.num_layers, view.layer], [head, model.num_heads, view.head]]) {
        const before = Number(select.value);
        if (select.options.length !== count) select.replaceChildren(...Array.from({ length: count }, (_, index) => element("option", { value: index, text: index })));
        select.value = String(Math.min(chosen ?? before, count - 1));
      }
      return true;
    },
  };
}
