// The inbox beside one referral: on a wide window a line opens beside the list; else its link is a plain link.
"use strict";

const isWide = window.matchMedia("(min-width: 1100px)");
const beside = () => (isWide.matches ? document.getElementById("preview") : null);
let openedBy = null;
let waitedBefore = null;

function fit() {
  const preview = document.getElementById("preview");
  if (preview) preview.hidden = !isWide.matches;
}
fit();
isWide.addEventListener("change", fit);

document.addEventListener("click", (event) => {
  const link = event.target.closest("#worklist .line h3 a");
  if (!link || !beside() || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  openedBy = link.getAttribute("href");
  mark();
  htmx.ajax("GET", openedBy, { source: link, target: "#preview", select: "#referral", swap: "innerHTML" });
});

function mark() {
  for (const line of document.querySelectorAll("#worklist .line")) {
    if (line.querySelector("h3 a").getAttribute("href") === openedBy) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
  }
}

// What was pressed beside the list changes the list.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "worklist") {
    mark();
    sayWhatArrived(Number(event.target.dataset.waiting));
  }
  if (!document.getElementById("preview") || event.target.id !== "referral") return;
  refreshList();
});

function refreshList() {
  const request = { target: "#worklist", select: "#worklist", swap: "outerHTML", headers: { "X-Background": "1" } };
  htmx.ajax("GET", location.pathname + location.search, request);
}

// Once a minute the list is looked at again, unless somebody is in it or has selected something.
setInterval(() => {
  const list = document.getElementById("worklist");
  if (!list || document.visibilityState !== "visible" || list.contains(document.activeElement)) return;
  if (list.querySelector("[name=referral]:checked")) return;
  waitedBefore = Number(list.dataset.waiting);
  refreshList();
}, 60_000);

function sayWhatArrived(waiting) {
  const more = waiting - (waitedBefore ?? waiting);
  waitedBefore = null;
  if (more > 0) say(`${more} more ${more === 1 ? "waits" : "wait"} on you.`);
}

// Esc leads back to the line that was opened.
document.addEventListener("workspace:back", (event) => {
  const preview = document.getElementById("preview");
  if (!preview || !openedBy || !preview.querySelector("#referral, .refused")) return;
  event.preventDefault();
  preview.replaceChildren();
  const link = document.querySelector(`#worklist .line h3 a[href="${CSS.escape(openedBy)}"]`);
  openedBy = null;
  mark();
  (link || document.getElementById("main")).focus();
});
