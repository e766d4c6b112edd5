// What a note kept on this device is dropped: after a day, and all of it where nobody is signed in. It could not be read
// any more in either case, because its key is gone with the session.
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
  const names = Object.keys(localStorage).filter((name) => name.startsWith(KEPT_BY_NOTES));
  const isOver = (name) => "signedOut" in document.body.dataset || !(expiryOf(name) > Date.now());
  names.filter(isOver).forEach((name) => localStorage.removeItem(name));
}

try {
  dropLeftovers();
} catch {
  // A browser that keeps nothing for pages has nothing to drop.
}
