// What a note kept on this device is dropped after a day, and at once when it can never be opened again: whoever wrote it
// signed out, or somebody else signed in. A session that ended by itself drops nothing: its words wait for their writer.
"use strict";

const KEPT_BY_NOTES = "note-";

function expiryOf(name) {
  try {
    return JSON.parse(localStorage.getItem(name)).until;
  } catch {
    return 0;
  }
}

function dropLeftovers() {
  const { ownerOfWords } = document.body.dataset;
  const isLost = (name) => ownerOfWords !== undefined && !name.startsWith(`${KEPT_BY_NOTES}${ownerOfWords}-`);
  const isOver = (name) => isLost(name) || !(expiryOf(name) > Date.now());
  const names = Object.keys(localStorage).filter((name) => name.startsWith(KEPT_BY_NOTES));
  names.filter(isOver).forEach((name) => localStorage.removeItem(name));
}

try {
  dropLeftovers();
} catch {
  // A browser that keeps nothing for pages has nothing to drop.
}
