// Table mode, for oily hands: the screen stays awake, numbers have large steps instead of small arrows, and a palm that
// lies on the screen beside a finger presses nothing.
"use strict";

if (document.documentElement.classList.contains("table-mode")) {
  stayAwake();
  document.addEventListener("visibilitychange", stayAwake);
  addSteppers(document);
  ignorePalms();
  document.addEventListener("htmx:afterSettle", (event) => addSteppers(event.target));
}

// A browser without wake locks, or one that refuses, dims its screen as ever.
function stayAwake() {
  if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {});
}

// Two touches at once are no press. A keyboard's click, or a screen reader's, comes from no touch.
function ignorePalms() {
  const touching = new Set();
  let isPalm = false;
  const listen = (names, act) => names.forEach((name) => document.addEventListener(name, act, { capture: true }));
  listen(["pointerdown"], ({ pointerType, pointerId }) => {
    if (pointerType !== "touch") return;
    isPalm = touching.size > 0;
    touching.add(pointerId);
  });
  listen(["pointerup", "pointercancel"], ({ pointerId }) => touching.delete(pointerId));
  listen(["click"], (event) => {
    if (!isPalm || event.pointerType !== "touch") return;
    event.preventDefault();
    event.stopImmediatePropagation();
  });
}

function addSteppers(place) {
  for (const field of place.querySelectorAll("input[type=number]:not([data-stepped])")) {
    field.dataset.stepped = "";
    const named = field.labels[0] ? field.labels[0].textContent.trim() : field.name;
    const box = document.createElement("span");
    box.className = "stepper";
    field.replaceWith(box);
    box.append(stepButton(field, named, -1), field, stepButton(field, named, 1));
  }
}

function stepButton(field, named, by) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = by > 0 ? "+" : "−";
  button.setAttribute("aria-label", `${by > 0 ? "More" : "Less"}: ${named}`);
  button.addEventListener("click", () => {
    const step = field.step === "" ? 1 : Number(field.step);
    const least = field.min === "" ? 0 : Number(field.min);
    const most = field.max === "" ? Infinity : Number(field.max);
    field.value = Math.min(Math.max(Number(field.value) + by * step, least), most);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return button;
}
