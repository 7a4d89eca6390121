// The page: which parts it has, and what is drawn once a frame of the screen.

import { connect, onServer } from "./server.js";
import { openNamed } from "./session.js";
import { showHeader } from "./header.js";
import { showComposer } from "./composer.js";
import { drawStrip, showStrip } from "./strip.js";
import { drawInspector, showInspector } from "./inspector.js";
import { drawControls, showControls } from "./controls.js";
import { listenToKeys } from "./keys.js";
import { drawPanels, showPanels } from "./panels.js";
import "./rerun.js";
import "./why.js";
import "./map.js";
import "./lens.js";
import "./attention.js";
import "./change.js";
import "./watch.js";
import "./circuit.js";
import "./graph.js";
import "./experts.js";
import "./recordings.js";
import "./analyses.js";

showHeader();
showComposer();
showControls();
showStrip();
showInspector();
listenToKeys();
showPanels();
onServer(({ isConnected }) => {
  showPanels();
  if (isConnected) openNamed();
});
connect();

function tick() {
  // First, so that what fails once is tried again.
  requestAnimationFrame(tick);
  drawStrip();
  drawControls();
  drawInspector();
  drawPanels();
}
tick();
