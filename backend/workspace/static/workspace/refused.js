// An answer without the part of the page that was asked for replaces nothing: nobody is signed in any more, or it is an
// error, which is read beside the list where it was asked for there.
"use strict";

const SILENT = "The server does not answer as it should. Try again in a moment.";
let wayBackIn = null;

document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  const part = detail.select ?? detail.requestConfig.elt.closest("[hx-select]")?.getAttribute("hx-select");
  const page = new DOMParser().parseFromString(detail.serverResponse, "text/html");
  if (!part || page.querySelector(part)) return goOn();
  if ("signedOut" in page.body.dataset) sayOut();
  else if (detail.xhr.status >= 400) tellRefusal(page.querySelector("main"), target);
  else if (target.id !== "worklist") return;
  detail.shouldSwap = false;
});

function goOn() {
  wayBackIn?.remove();
  document.querySelector("#preview > .refused")?.remove();
}

// Said once, although the page goes on asking by itself; in another tab, so that nothing typed here is lost.
function sayOut() {
  if (wayBackIn?.isConnected) return;
  say("You are signed out. ");
  wayBackIn = document.querySelector("#said p");
  const link = document.createElement("a");
  link.href = `/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.target = "_blank";
  link.textContent = "Sign in again";
  wayBackIn.append(link, ".");
}

// A form that was refused stays below with what was typed into it.
function tellRefusal(main, target) {
  const preview = target.closest("#preview");
  if (!preview || !main) return say(main ? [...main.querySelectorAll("h1, .lead")].map((each) => each.textContent).join(". ") : SILENT);
  const refusal = document.createElement("section");
  refusal.className = "refused";
  refusal.append(...main.childNodes);
  preview.querySelector(".refused")?.remove();
  if (target === preview) preview.replaceChildren(refusal);
  else preview.prepend(refusal);
  const heading = refusal.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus();
}
