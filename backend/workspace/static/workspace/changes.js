// A referral that is shown asks every 30 seconds, while somebody can see it, whether it changed.
"use strict";

const EVERY = 30_000;
const BACKGROUND = { "X-Background": "1" };
let wasTyped = false;

document.addEventListener("input", (event) => {
  if (event.target.closest("#referral")) wasTyped = true;
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "referral" || event.target.id === "preview") wasTyped = false;
});

async function look() {
  const referral = document.getElementById("referral");
  if (!referral || document.visibilityState !== "visible") return;
  const address = referral.dataset.changes;
  if (address === referral.dataset.announced) return;
  const answer = await fetch(address, { headers: BACKGROUND }).catch(() => null);
  if (!answer || answer.status !== 200 || !referral.isConnected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const change = page.getElementById("change");
  if (!change) return;
  document.getElementById("said").replaceChildren(...change.childNodes);
  referral.dataset.announced = address;
  if (isUntouched(referral)) show(referral, address.split("/changes")[0]);
}

// What somebody is writing or reading closely is left alone; the announcement has a link.
function isUntouched(referral) {
  return !wasTyped && !referral.contains(document.activeElement) && !referral.querySelector("details.move[open]");
}

function show(referral, address) {
  htmx.ajax("GET", address, { target: referral, select: "#referral", swap: "outerHTML", headers: BACKGROUND });
}

setInterval(look, EVERY);
document.addEventListener("visibilitychange", look);
