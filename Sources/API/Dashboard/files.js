// Files that are opened here without the server's help: dropped on the page, or chosen. A panel says which it reads.

import { element, tell, visible } from "./dom.js";

const openers = [];
/** Bytes that a file may have to be read here. */
const limit = 1 << 30;

/** Adds a kind of file by the ends of its names; `open(file)` says what became of it. */
export function addOpener({ ends, open }) { openers.push({ ends, open }); }

const openerOf = (name) => openers.find(({ ends }) => ends.some((end) => name.toLowerCase().endsWith(end)));

export async function openFiles(files) {
  for (const file of files) {
    try {
      const opener = openerOf(file.name);
      if (!opener) throw new Error(`files that are read here end with ${openers.flatMap(({ ends }) => ends).join(", ")}`);
      if (file.size > limit) throw new Error(`it has ${file.size} bytes, more than the ${limit} that are read here`);
      tell(await opener.open(file));
    } catch (error) {
      tell(`${visible(file.name)}: ${error.message}`);
    }
  }
}

/** A button's field that chooses files; given to `openFiles`. */
export function fileField(id, accept, name) {
  const field = element("input", { type: "file", accept, class: "unseen", id, tabindex: "-1", "aria-label": name, on: { change: async () => { await openFiles([...field.files]); field.value = ""; } } });
  return field;
}

addEventListener("dragover", (event) => {
  if (![...(event.dataTransfer?.items ?? [])].some((item) => item.kind === "file")) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  openFiles(event.dataTransfer.files);
});
