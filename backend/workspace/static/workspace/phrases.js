// Phrases and dictation in a note: a press puts the phrase where the cursor stands, and the field to dictate into gets
// the cursor. Without this file the server adds the phrase at the end, and the link leads to its field.
"use strict";

// Where somebody had the cursor; in other fields what is added goes to the end.
const pointedAt = new WeakSet();

sheet.addEventListener("focusin", ({ target }) => pointedAt.add(target));
// A press leaves the cursor, and a phone's keyboard, where they are.
sheet.addEventListener("mousedown", (event) => {
  if (event.target.closest("button[name=say]")) event.preventDefault();
});
sheet.addEventListener("click", (event) => {
  const phrase = event.target.closest("button[name=say]");
  const dictation = event.target.closest("a.dictate");
  if (phrase) {
    event.preventDefault();
    put(phrase);
  }
  if (dictation?.matches(".at-hand")) dictation.href = `#${fieldAtHand().id}`;
  if (dictation) putCursor(document.querySelector(dictation.hash)).focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "." || !event.ctrlKey || event.defaultPrevented || event.isComposing) return;
  const offered = [...(document.activeElement.closest(".step")?.querySelectorAll("button[name=say]") ?? [])];
  const first = offered.find((each) => !fieldOf(each).value.includes(sentenceOf(each)));
  if (!first) return;
  event.preventDefault();
  put(first).focus();
});

function fieldOf(phrase) {
  return sheet.elements[phrase.value.split(":", 1)[0]];
}

// The words of the letter that somebody is at: where the cursor is, else what the middle of the screen shows.
function fieldAtHand() {
  const letters = [...sheet.querySelectorAll(".step:has(.words textarea)")];
  const isBelow = (letter) => letter.getBoundingClientRect().bottom > window.innerHeight / 2;
  const letter = letters.find((each) => each.contains(document.activeElement)) ?? letters.find(isBelow) ?? letters.at(-1);
  return letter.querySelector(".words textarea");
}

function sentenceOf(phrase) {
  return phrase.value.slice(phrase.value.indexOf(":") + 1);
}

function putCursor(field) {
  if (!pointedAt.has(field)) field.setSelectionRange(field.value.length, field.value.length);
  return field;
}

// What is selected stays; between words there is a space.
function put(phrase) {
  const field = putCursor(fieldOf(phrase));
  const at = field.selectionEnd;
  const before = /\S$/.test(field.value.slice(0, at)) ? " " : "";
  const after = /^\S/.test(field.value.slice(at)) ? " " : "";
  field.setRangeText(before + sentenceOf(phrase) + after, at, at, "end");
  pointedAt.add(field);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  tell("phrase-said", `Added: ${sentenceOf(phrase)}`);
  return field;
}
