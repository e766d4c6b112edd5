// A form that keeps itself is kept as a draft a moment after something was changed, and while somebody goes on typing
// every few seconds; what the server answers about it is shown. Without this file its button does it.
"use strict";

const AFTER_TYPING = 2_000;
const AFTER_LEAVING = 300;
const BETWEEN = 3_000;
const AT_THE_LATEST = 5_000;
const sheet = document.querySelector("form[data-keeps]");
// What the form is sent with, and how the names begin of what counts only when somebody presses.
const CARRIED = ["csrfmiddlewaretoken", "once", "version"];
const PRESSED_ONLY = sheet.dataset.pressedOnly.split(" ");
const UNREACHED = "Not kept: the server does not answer as it should. What you typed is still here.";

let known = words(content());
let unanswered = null;
let running = null;
let waiting = 0;
let earliest = 0;
let changedAt = 0;
// A sheet that was refused because a colleague changed the draft replaces their words only by a press.
let isOver = "stale" in sheet.dataset;

sheet.addEventListener("input", () => keepIn(AFTER_TYPING));
sheet.addEventListener("change", () => keepIn(AFTER_LEAVING));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") keepIn(0);
});
window.addEventListener("online", () => keepIn(0));

function content() {
  const typed = new FormData(sheet);
  const names = [...typed.keys()].filter((name) => PRESSED_ONLY.some((start) => name.startsWith(start)));
  [...CARRIED, ...names].forEach((name) => typed.delete(name));
  return typed;
}

function words(typed) {
  return JSON.stringify([...typed]);
}

function keepIn(pause) {
  clearTimeout(waiting);
  if (isOver) return;
  const now = Date.now();
  changedAt ||= now;
  waiting = setTimeout(keep, Math.max(Math.min(pause, changedAt + AT_THE_LATEST - now), earliest - now));
}

function keep() {
  changedAt = 0;
  if (!isOver && !running && (unanswered || words(content()) !== known)) start();
}

function start() {
  running = send().finally(() => {
    running = null;
    earliest = Date.now() + BETWEEN;
    if (unanswered || words(content()) !== known) keepIn(unanswered ? AT_THE_LATEST : AFTER_TYPING);
  });
}

// What got no answer is sent again word for word, so that it makes one draft and what was typed since changes it.
async function send() {
  unanswered ??= { address: sheet.getAttribute("action"), typed: whole(), said: words(content()) };
  const { address, typed, said } = unanswered;
  const request = fetch(address, { method: "POST", body: typed, headers: { "HX-Request": "true" } });
  const answer = await request.then((response) => response.text()).catch(() => null);
  if (answer === null) return unreached();
  if (!take(new DOMParser().parseFromString(answer, "text/html"))) return unreached();
  unanswered = null;
  known = said;
  waitForIdle();
}

function whole() {
  const typed = content();
  CARRIED.forEach((name) => typed.set(name, sheet.elements[name].value));
  typed.set("press", "draft");
  return typed;
}

// Whether it was the service that spoke: a sign-in page or a proxy's error says nothing about the words.
function take(page) {
  const kept = page.getElementById("kept");
  const refused = page.getElementById("not-kept");
  const checks = page.getElementById("checks");
  if (checks) document.getElementById("checks").replaceWith(checks);
  if (!kept && !refused) return false;
  if (kept) moveTo(page.querySelector("form"));
  if (kept) tell("kept", kept.textContent);
  tell("not-kept", kept ? "" : refused.textContent);
  if (refused && "stops" in refused.dataset) {
    isOver = true;
    say(refused.textContent);
  }
  return true;
}

// A note keeps its words on the device until the server has them.
function unreached() {
  tell("not-kept", UNREACHED);
  sheet.dispatchEvent(new CustomEvent("unreached"));
}

// From now on the sheet changes the draft that was made, also when its button is pressed.
function moveTo(draft) {
  sheet.setAttribute("action", draft.getAttribute("action"));
  ["once", "version"].forEach((name) => (sheet.elements[name].value = draft.elements[name].value));
  history.replaceState(history.state, "", sheet.getAttribute("action"));
  sheet.dispatchEvent(new CustomEvent("kept", { detail: draft }));
}

// Words that stand there already are not said again: the time changes once a minute.
function tell(id, text) {
  const line = document.getElementById(id);
  if (line.textContent !== text) line.textContent = text;
}

// A press waits for what is on its way or got no answer, and then is about that draft.
sheet.addEventListener("submit", (event) => {
  clearTimeout(waiting);
  isOver = true;
  if (unanswered && !running) start();
  if (!running) return;
  event.preventDefault();
  running.then(() => {
    unanswered = null;
    sheet.requestSubmit(event.submitter);
  });
});
