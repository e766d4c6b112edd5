// Table mode, for oily hands: the screen stays awake, and numbers have large steps instead of small arrows.
"use strict";

if (document.documentElement.classList.contains("table-mode")) {
  stayAwake();
  document.addEventListener("visibilitychange", stayAwake);
  addSteppers(document);
  document.addEventListener("htmx:afterSettle", (event) => addSteppers(event.target));
}

// A browser without wake locks, or one that refuses, dims its screen as ever.
function stayAwake() {
  if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {});
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
