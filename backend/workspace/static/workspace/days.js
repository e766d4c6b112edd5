// One press for a day in the next weeks, counted at the clinic by the server; without this file the day is typed or picked.
"use strict";

for (const chips of document.querySelectorAll("[data-day]")) {
  const field = document.getElementById(chips.dataset.day);
  chips.hidden = false;
  chips.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("pick" in button.dataset) return pick(field);
    field.value = button.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  field.addEventListener("input", () => mark(chips, field));
  mark(chips, field);
}

function mark(chips, field) {
  for (const button of chips.querySelectorAll("[aria-pressed]")) button.ariaPressed = String(button.value === field.value);
}

function pick(field) {
  field.focus();
  try {
    field.showPicker();
  } catch {
    // The field has the focus; not every browser opens its calendar for a script.
  }
}
