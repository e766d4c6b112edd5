// A form that keeps itself is kept as a draft a moment after something was changed, and while somebody goes on typing
// every few seconds; what the server answers about it is shown. Without this file its button does it.
// A session that ended meanwhile takes no words with it: the page stays, says so, and goes on once somebody signed in.
"use strict";

const AFTER_TYPING = 2_000;
const AFTER_LEAVING = 300;
const BETWEEN = 3_000;
const AT_THE_LATEST = 5_000;
const sheet = document.querySelector("form[data-keeps]");
// What the form is sent with, and how the names begin of what counts only when somebody presses.
const CARRIED = ["csrfmiddlewaretoken", "once", "version", "read"].filter((name) => name in sheet.elements);
const PRESSED_ONLY = sheet.dataset.pressedOnly.split(" ");
const UNREACHED = "Not kept: the server does not answer as it should. What you typed is still here.";
const STILL_HERE = "Not kept. What you typed is still here.";
const PATIENCE = idleSeconds < 7_200 ? `${Math.round(idleSeconds / 60)} minutes` : `${Math.round(idleSeconds / 3_600)} hours`;
// Why nobody is let in, as the page says it.
const IDLED = `You were signed out: that happens after ${PATIENCE} without a sign of life.`;
const OUT = "You are signed out.";
const SOMEBODY_ELSE = "Somebody else signed in on this device meanwhile.";
const STILL_ASKING = "Still asking the server. What you typed is still here.";
// How long the server is waited for: for an answer, and for one to what may carry files.
const SHORT = 10_000;
const LONG = 60_000;
const BY_ITSELF = { "X-Background": "1" };

// What was refused is nowhere but on this page.
let known = "unsaved" in sheet.dataset ? null : words(content());
let unanswered = null;
let running = null;
let waiting = 0;
let earliest = 0;
let changedAt = 0;
let isPressed = false;
let mayLeave = false;
let door = null;
// A sheet that was refused because a colleague changed the draft replaces their words only by a press.
let isOver = "stale" in sheet.dataset;

sheet.addEventListener("input", () => keepIn(AFTER_TYPING));
sheet.addEventListener("change", () => keepIn(AFTER_LEAVING));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  if (isPressed) unreached();
  else keepIn(0);
});
window.addEventListener("online", () => keepIn(0));
if (known === null) keepIn(AFTER_TYPING);

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
  if (!isOver && !isPressed && !running && (unanswered || words(content()) !== known)) start();
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
  let answer = await post(unanswered);
  if (isOfAnOldPage(answer) && (await isLetIn(BY_ITSELF))) answer = await post(unanswered);
  unanswered.isLost = !(answer.status < 500);
  if (!take(answer.page)) return unreached();
  unanswered = null;
  hideTheDoor();
  waitForIdle();
}

function post({ address, typed }) {
  typed.set("csrfmiddlewaretoken", sheet.elements.csrfmiddlewaretoken.value);
  return ask(address, { method: "POST", body: typed, headers: { "HX-Request": "true" } }, LONG);
}

// The page that is answered; an empty one without an answer in time.
async function ask(address, options, patience) {
  const signal = AbortSignal.timeout(patience);
  const answer = await fetch(address, { ...options, signal }).catch(() => null);
  const text = await answer?.text().catch(() => "");
  const page = new DOMParser().parseFromString(text ?? "", "text/html");
  const why = whyNobodyIsLetIn(page.body.dataset);
  if (why) showTheDoor(why);
  return { page, status: answer?.status };
}

// Refused without a word about the form: its token, or the person it was made for, is not the one who is signed in.
function isOfAnOldPage({ page, status }) {
  return status === 403 || (status === 409 && !page.getElementById("not-kept"));
}

function whyNobodyIsLetIn({ signedOut, ownerOfWords, person }) {
  if (signedOut !== undefined) return ownerOfWords === "" ? OUT : IDLED;
  return person && person !== document.body.dataset.person ? SOMEBODY_ELSE : "";
}

// Whether who wrote here is signed in. Signing in, in another tab, changed the token: this page's forms get the new one.
async function isLetIn(headers) {
  const { page } = await ask("/keys", { headers }, SHORT);
  const token = page.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!token || whyNobodyIsLetIn(page.body.dataset)) return false;
  document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => (field.value = token));
  hideTheDoor();
  return true;
}

// The way back in: in another tab, while this page alone has the words.
function showTheDoor(why) {
  if (door?.dataset.why === why) return;
  hideTheDoor();
  door = document.createElement("span");
  door.dataset.why = why;
  const link = document.createElement("a");
  link.href = `/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.target = "_blank";
  link.textContent = "Sign in again";
  door.append(why === SOMEBODY_ELSE ? why : OUT, " ", why === SOMEBODY_ELSE ? "" : link);
  document.getElementById("not-kept").after(" ", door);
  say(why === SOMEBODY_ELSE ? why : `${why} Sign in again to go on.`);
}

function hideTheDoor() {
  door?.remove();
  door = null;
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
  known = unanswered.said;
  if (kept) moveTo(page.querySelector("form"));
  if (kept) tell("kept", kept.textContent);
  tell("not-kept", kept ? "" : refused.textContent);
  if (refused && "stops" in refused.dataset) {
    isOver = true;
    say(refused.textContent);
  }
  if (refused) sheet.dispatchEvent(new CustomEvent("refused"));
  return true;
}

// A note keeps its words on the device until the server has them, refused ones too, unless its writer signed out there.
function unreached() {
  tell("not-kept", door ? STILL_HERE : UNREACHED);
  sheet.dispatchEvent(new CustomEvent(door && door.dataset.why !== IDLED ? "left" : "unreached"));
}

// From now on the sheet changes the draft that was made, also when its button is pressed.
function moveTo(draft) {
  sheet.setAttribute("action", draft.getAttribute("action"));
  CARRIED.filter((name) => name !== "csrfmiddlewaretoken").forEach((name) => (sheet.elements[name].value = draft.elements[name].value));
  history.replaceState(history.state, "", sheet.getAttribute("action"));
  sheet.dispatchEvent(new CustomEvent("kept", { detail: draft }));
}

// Words that stand there already are not said again: the time changes once a minute.
function tell(id, text) {
  const line = document.getElementById(id);
  if (line.textContent !== text) line.textContent = text;
}

// A press waits for what is on its way or got no answer, and then is about that draft. While the server is silent about
// it nothing else is sent: the draft may exist, and a press that does not know it would make another.
sheet.addEventListener("submit", (event) => {
  if (mayLeave) {
    unanswered = null;
    isOver = true;
    return;
  }
  event.preventDefault();
  if (isPressed) say(STILL_ASKING);
  else press(event.submitter);
});

// The page is left only while somebody is signed in; else the words would be gone with it.
async function press(button) {
  isPressed = true;
  sheet.setAttribute("aria-busy", "true");
  clearTimeout(waiting);
  const impatient = setTimeout(() => say(STILL_ASKING), BETWEEN);
  if (unanswered && !running) start();
  await running;
  mayLeave = (await isLetIn()) && !unanswered?.isLost;
  clearTimeout(impatient);
  if (mayLeave) {
    sheet.requestSubmit(button);
  } else {
    unreached();
    say(`${door?.dataset.why ?? "The server does not answer as it should."} Nothing was sent. ${door ? "Sign in again, then press" : "Press"} again.`);
  }
  mayLeave = isPressed = false;
  sheet.removeAttribute("aria-busy");
  keepIn(AT_THE_LATEST);
}
