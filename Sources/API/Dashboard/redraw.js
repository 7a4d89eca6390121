// Who draws colours of the theme is told when the theme changes.

const listeners = new Set();

export function onRedraw(listener) { listeners.add(listener); }
export function redrawAll() { for (const listener of listeners) listener(); }
