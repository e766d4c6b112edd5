// What a note's pages do besides working: words that the server did not get stay on the device, sealed, until it has
// them; copied parts turn black once they are touched; the words of an addition get the focus after its reason.
"use strict";

const A_DAY = 24 * 60 * 60 * 1000;
const ON_THIS_DEVICE = "On this device only, not on the server yet.";
const NOT_KEPT = "Not kept: this browser keeps nothing without the network. Leave this page open.";
// What belongs to the page and not to the words.
const OF_THE_PAGE = ["csrfmiddlewaretoken", "once", "files"];
const note = document.querySelector("form.note-editor");

if (note) {
  let seal = sealOf(note.dataset.seal, note.dataset.key);
  let isAway = false;
  let isChanged = false;
  let isRefused = false;
  let sealing = Promise.resolve();

  note.addEventListener("unreached", () => {
    isRefused = false;
    keepHere();
  });
  note.addEventListener("left", () => (isAway = false));
  note.addEventListener("refused", () => {
    isRefused = true;
    keepHere();
  });
  window.addEventListener("offline", () => isChanged && keepHere());
  note.addEventListener("input", () => {
    isChanged = true;
    if (isAway || !navigator.onLine) keepHere();
  });
  note.addEventListener("kept", ({ detail }) => {
    isAway = isRefused = false;
    delete note.dataset.stale;
    isChanged = words(content()) !== known;
    drop(seal.name, `note-${note.dataset.unbegunSeal}`);
    seal = sealOf(detail.dataset.seal, detail.dataset.key);
    const discarded = document.querySelector(".discard [name=version]");
    if (discarded) discarded.value = detail.elements.version.value;
  });
  // What cannot be sent is not sent into nowhere: the page with its words stays.
  document.addEventListener("submit", (event) => {
    if (event.target !== note) return;
    if (navigator.onLine) return handOver();
    event.preventDefault();
    event.stopImmediatePropagation();
    keepHere();
    say("There is no network: nothing was signed or sent. Your words are on this device; press again once there is one.");
  }, { capture: true });
  note.addEventListener("input", ({ target }) => target.closest(".part.copied")?.classList.remove("copied"));
  if ("unsaved" in note.dataset) keepHere();
  else comeBack();

  // Before a press leaves this page the server gets the words that lie here, so that none stays behind.
  function handOver() {
    if (isAway && !isPressed && !running) start();
  }

  // One after the other, so that an older state never replaces a newer one.
  function afterwards(act) {
    sealing = sealing.then(act).catch(() => isRefused || tell("not-kept", NOT_KEPT));
  }

  function drop(...names) {
    afterwards(() => names.forEach((name) => localStorage.removeItem(name)));
  }

  function keepHere() {
    isAway = true;
    afterwards(async () => {
      if (!isAway) return;
      const typed = [...new FormData(note)].filter(([name]) => !OF_THE_PAGE.includes(name)).map(asSeen);
      const plain = new TextEncoder().encode(JSON.stringify(typed));
      const nonce = crypto.getRandomValues(new Uint8Array(12));
      const { name, key } = seal;
      const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, await key, plain);
      if (!isAway) return;
      localStorage.setItem(name, JSON.stringify({ until: Date.now() + A_DAY, nonce: toText(nonce), sealed: toText(sealed) }));
      if (!isRefused) tell("not-kept", ON_THIS_DEVICE);
      leaveByTheDoor();
    });
  }

  // A page that shows both words carries the newest version for its press; coming back shall show both again.
  function asSeen([name, value]) {
    return [name, name === "version" ? (note.dataset.stale ?? value) : value];
  }

  // Signing in again may replace this page once its words lie on the device; files do not.
  function leaveByTheDoor() {
    if (!note.elements.files.files.length) door?.querySelector("a")?.removeAttribute("target");
  }

  // The words of this note, or those of the note that was not begun when the network went.
  async function comeBack() {
    for (const each of [seal, sealOf(note.dataset.unbegunSeal, note.dataset.unbegunKey)]) {
      const typed = await unsealed(each).catch(() => null);
      if (!typed || (each !== seal && !isOfThisDraft(typed))) continue;
      const newest = ["version", "read"].map((name) => [name, note.elements[name].value]);
      fill(typed);
      if (words(content()) === known) {
        newest.forEach(([name, value]) => (note.elements[name].value = value));
        return drop(each.name);
      }
      isAway = true;
      tell("not-kept", ON_THIS_DEVICE);
      say("Words that were only on this device are back in this note.");
      note.dispatchEvent(new Event("input"));
      return;
    }
  }

  async function unsealed({ name, key }) {
    const kept = name && JSON.parse(localStorage.getItem(name));
    if (!kept || kept.until < Date.now()) return null;
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: fromText(kept.nonce) }, await key, fromText(kept.sealed));
    return JSON.parse(new TextDecoder().decode(plain));
  }

  // Words of a note that was not begun yet are this draft’s when they began it: for that visit, and nothing came after.
  function isOfThisDraft(typed) {
    const visit = typed.find(([name]) => name === "visit")?.[1] ?? "";
    return visit === note.elements.visit.value && ["1", "2"].includes(note.elements.version.value);
  }

  // The version comes along: when another device changed the note meanwhile, the server says so and shows both.
  function fill(typed) {
    const wasBegun = typed.some(([name, value]) => name === "version" && value);
    for (const field of note.elements) {
      if (!field.name || OF_THE_PAGE.includes(field.name) || (["version", "read"].includes(field.name) && !wasBegun)) continue;
      const values = typed.filter(([name]) => name === field.name).map(([, value]) => value);
      const rows = note.elements[`${field.name}-shown`];
      if (field.type === "checkbox" && rows && !typed.some(([name, value]) => name === `${field.name}-shown` && value === field.value)) continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
      else if (values.length && !field.matches("button, [name$='-shown']")) field.value = values[0];
    }
  }
}

function sealOf(name, key) {
  const opened = () => crypto.subtle.importKey("raw", fromText(key), "AES-GCM", false, ["encrypt", "decrypt"]);
  return name ? { name: `note-${name}`, get key() { return opened(); } } : {};
}

function toText(bytes) {
  return btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));
}

function fromText(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// An addendum: reason, words, sign. Whoever walks the reasons with the arrow keys is left among them.
const amend = document.querySelector("form.amend");
let isPointed = false;
for (const name of ["pointerdown", "keydown"]) amend?.addEventListener(name, () => (isPointed = name === "pointerdown"));
amend?.addEventListener("change", ({ target }) => {
  if (isPointed && target.name === "reason") document.getElementById("amend-text").focus();
});
