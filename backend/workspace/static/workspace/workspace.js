// Small comforts; every page works without this file.
"use strict";

// A form that is on its way is not sent again by an impatient second press (the server would ignore it anyway).
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
});

// Coming back with the browser's back button: the form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

// What was opened by the address comes into view with its first button.
const opened = document.querySelector("details.move[open]");
if (opened && location.hash) opened.scrollIntoView({ block: "nearest" });

// After a part of the page was replaced because somebody asked for it, the focus goes to its heading; what the page
// asked for by itself leaves the focus where it is.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.requestConfig.headers["X-Background"]) return;
  const heading = event.target.querySelector && event.target.querySelector("h1, h2");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
});

// The one polite live region of the page.
function say(text) {
  const line = document.createElement("p");
  line.textContent = text;
  document.getElementById("said")?.replaceChildren(line);
}

// A minute before the session ends for want of a press, the page says so; what was typed can still be sent.
const idleSeconds = Number(document.body.dataset.idle || 0);
let warning = 0;
function waitForIdle() {
  clearTimeout(warning);
  if (idleSeconds > 60) warning = setTimeout(warn, (idleSeconds - 60) * 1000);
}
function warn() {
  say("In a minute you will be signed out, because nothing was pressed. ");
  const stay = document.createElement("button");
  stay.textContent = "Stay signed in";
  stay.addEventListener("click", async () => {
    const answer = await fetch("/keys").catch(() => null);
    say(answer && answer.ok && !answer.redirected ? "You stay signed in." : "You are signed out. Sign in again in another window, then send.");
    waitForIdle();
  });
  document.querySelector("#said p").append(stay);
}
waitForIdle();
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.requestConfig.headers["X-Background"]) waitForIdle();
});
