// The keys. An element that has one names it in aria-keyshortcuts; the server leaves those out where letters are off.
"use strict";

const FIELDS = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), select, textarea, fieldset, [contenteditable]";
const lettersAreOn = () => "letters" in document.body.dataset;
const opens = () => [...document.querySelectorAll("#worklist .line h3 a, main:not(:has(#worklist)) .line :is(h2, h3) a")];
const isShown = (element) => element.getClientRects().length > 0 || element.matches("summary, .more *");
let waitsForPlace = 0;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return handled(event, pressMain(event.target));
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(FIELDS)) return;
  if (event.key === "Escape") return handled(event, goBack());
  if (lettersAreOn()) handled(event, pressLetter(event));
});

function handled(event, wasDone) {
  if (wasDone) event.preventDefault();
}

function pressLetter(event) {
  const key = event.key;
  if (event.timeStamp < waitsForPlace) {
    waitsForPlace = 0;
    return press(document.querySelector(`[data-go="${CSS.escape(key)}"]`));
  }
  if (key === "g") {
    waitsForPlace = event.timeStamp + 1500;
    return true;
  }
  if (key === "?") return showKeys();
  if (key === "P" && event.shiftKey) return press(document.querySelector("button[name=privacy]"));
  if ((key === "j" || key === "k") && !document.activeElement.closest("#referral") && step(key === "j" ? 1 : -1)) return true;
  if (key === "/") return press(find("/")) || go("/clients#query");
  return press(find(key)) || (key === "r" && press(document.querySelector(".places a[href='/clients']")));
}

// The line that has the focus comes first, then the referral that is shown, then the rest of the page.
function find(key) {
  const wanted = `[aria-keyshortcuts="${CSS.escape(key)}"]`;
  const line = document.activeElement.closest(".line");
  for (const place of [line, document.getElementById("referral")]) {
    const found = place && [...place.querySelectorAll(wanted)].find(isShown);
    if (found) return found;
  }
  return [...document.querySelectorAll(wanted)].find((each) => isShown(each) && !each.closest(".line"));
}

function press(element) {
  if (!element) return false;
  if (element.matches("summary")) openMove(element.parentElement);
  else if (element.matches(FIELDS)) element.focus();
  else element.click();
  return true;
}

function openMove(details) {
  for (let each = details; each; each = each.parentElement && each.parentElement.closest("details")) each.open = true;
  details.scrollIntoView({ block: "nearest" });
  (details.querySelector("form :is(input:not([type=hidden]), select, textarea)") || details.querySelector("form button")).focus();
}

function step(by) {
  const links = opens();
  if (!links.length) return false;
  const here = links.indexOf(document.activeElement.closest(".line")?.querySelector("h2 a, h3 a"));
  const next = here < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(here + by, 0), links.length - 1);
  links[next].focus();
  return true;
}

function pressMain(target) {
  const form = target.closest("main form");
  if (form && "rivals" in form.dataset) return focusButtons(form);
  const button = form ? form.querySelector("button.main") || form.querySelector("button") : null;
  if (button) return press(button);
  return press([...document.querySelectorAll("main summary.main, main .button.main, main button.main")].find(isShown));
}

// Where the buttons are rival answers no key gives one of them: it leads there.
function focusButtons(form) {
  [...form.querySelectorAll(".buttons button")].find(isShown)?.focus();
  return true;
}

function goBack() {
  const inside = document.activeElement.closest("details[open]");
  if (inside) {
    inside.open = false;
    inside.querySelector("summary").focus();
    return true;
  }
  if (document.dispatchEvent(new CustomEvent("workspace:back", { cancelable: true })) === false) return true;
  if (!document.getElementById("referral") || document.getElementById("worklist")) return false;
  if (document.referrer.startsWith(location.origin) && history.length > 1) history.back();
  else go("/inbox");
  return true;
}

function go(address) {
  location.assign(address);
  return true;
}

async function showKeys() {
  let dialog = document.getElementById("keys-dialog");
  if (!dialog) {
    const answer = await fetch("/keys");
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    dialog = document.createElement("dialog");
    dialog.id = "keys-dialog";
    dialog.setAttribute("aria-labelledby", "keys-title");
    const close = document.createElement("button");
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    close.autofocus = true;
    dialog.append(close, page.getElementById("keys"));
    document.body.append(dialog);
  }
  if (!dialog.open) dialog.showModal();
}

// Where a link with data-opens leads is on this page already.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-opens]");
  const details = link && document.getElementById(link.dataset.opens);
  if (!details || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openMove(details);
});

if (location.hash === "#query") document.getElementById("query")?.focus();
