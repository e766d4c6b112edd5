// The sheet keeps itself as a draft a moment after something was changed, and its checks are asked again; without this
// file its button does.
"use strict";

const AFTER_TYPING = 2_000;
const AFTER_LEAVING = 300;
const BETWEEN = 3_000;
const sheet = document.querySelector("form.sheet");
// What the form is sent with, and what counts only when somebody presses.
const CARRIED = ["csrfmiddlewaretoken", "once", "version"];
const PRESSED_ONLY = ["files", "take_off", "confirmed"];
const UNREACHED = "Not kept: the server does not answer as it should. What you typed is still here.";

let known = words(content());
let unanswered = null;
let running = null;
let waiting = 0;
let earliest = 0;
// A sheet that was refused because a colleague changed the draft replaces their words only by a press.
let isOver = "stale" in sheet.dataset;

sheet.addEventListener("input", () => keepIn(AFTER_TYPING));
sheet.addEventListener("change", () => keepIn(AFTER_LEAVING));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") keepIn(0);
});

function content() {
  const typed = new FormData(sheet);
  [...CARRIED, ...PRESSED_ONLY].forEach((name) => typed.delete(name));
  return typed;
}

function words(typed) {
  return JSON.stringify([...typed]);
}

function keepIn(pause) {
  clearTimeout(waiting);
  if (!isOver) waiting = setTimeout(keep, Math.max(pause, earliest - Date.now()));
}

function keep() {
  if (!isOver && !running && (unanswered || words(content()) !== known)) start();
}

function start() {
  running = send().finally(() => {
    running = null;
    earliest = Date.now() + BETWEEN;
    if (words(content()) !== known) keepIn(AFTER_TYPING);
  });
}

// What got no answer is sent again word for word, so that it makes one draft and what was typed since changes it.
async function send() {
  unanswered ??= { address: sheet.getAttribute("action"), typed: whole(), said: words(content()) };
  const { address, typed, said } = unanswered;
  const request = fetch(address, { method: "POST", body: typed, headers: { "HX-Request": "true" } });
  const answer = await request.then((response) => response.text()).catch(() => null);
  if (answer === null) return tell("not-kept", UNREACHED);
  unanswered = null;
  known = said;
  take(new DOMParser().parseFromString(answer, "text/html"));
  waitForIdle();
}

function whole() {
  const typed = content();
  CARRIED.forEach((name) => typed.set(name, sheet.elements[name].value));
  typed.set("press", "draft");
  return typed;
}

function take(page) {
  const kept = page.getElementById("kept");
  const refused = page.getElementById("not-kept");
  const checks = page.getElementById("checks");
  if (checks) document.getElementById("checks").replaceWith(checks);
  if (kept) moveTo(page.querySelector("form"));
  if (kept) tell("kept", kept.textContent);
  tell("not-kept", kept ? "" : refused ? refused.textContent : UNREACHED);
  if (!refused || !("stops" in refused.dataset)) return;
  isOver = true;
  say(refused.textContent);
}

// From now on the sheet changes the draft that was made, also when its button is pressed.
function moveTo(draft) {
  sheet.setAttribute("action", draft.getAttribute("action"));
  ["once", "version"].forEach((name) => (sheet.elements[name].value = draft.elements[name].value));
  history.replaceState(history.state, "", sheet.getAttribute("action"));
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
