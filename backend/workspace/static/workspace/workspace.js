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

// After a part of the page was replaced because somebody asked for it, the focus goes to its heading.
document.addEventListener("htmx:afterSettle", (event) => {
  const heading = event.target.querySelector && event.target.querySelector("h2");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
});
