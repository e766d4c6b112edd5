// Less and more beside a number change it at once; without this file the server does it and shows the form again.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=step]");
  if (!button) return;
  event.preventDefault();
  const field = button.parentElement.querySelector("input");
  const ladder = field.dataset.ladder.trim().split(" ").map(Number);
  const now = field.value === "" ? NaN : Number(field.value);
  if (Number.isNaN(now)) field.value = field.dataset.first;
  else field.value = String(button.value.endsWith("more") ? next(ladder, now) : previous(ladder, now));
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

function next(ladder, now) {
  return ladder.find((value) => value > now) ?? ladder.at(-1);
}

function previous(ladder, now) {
  return ladder.findLast((value) => value < now) ?? ladder[0];
}
