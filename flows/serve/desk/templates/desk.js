"use strict";
// Decisions without loading the page again, and the keys. Without this script the same forms work, each with a page.
const said = document.querySelector(".said");
const cards = () => [...document.querySelectorAll("[data-card]")];
const open = () => cards().filter((card) => !("done" in card.dataset));
const current = () => document.activeElement?.closest("[data-card]");
const undoable = [];
const COUNTED = ["names", "errors", "passages", "decided"];

function go(card) {
  if (!card) return;
  card.focus({ preventScroll: true });
  const box = card.getBoundingClientRect(), room = document.documentElement.clientHeight;
  if (box.top < 60 || box.bottom > room) window.scrollBy({ top: box.height > room - 80 ? box.top - 72 : box.top < 60 ? box.top - 72 : box.bottom - room + 12 });
}

function move(step) {
  const all = cards(), at = all.indexOf(current());
  go(at < 0 ? (step > 0 ? open()[0] ?? all[0] : undefined) : all[Math.min(Math.max(at + step, 0), all.length - 1)]);
}

function tell(words, isBad = false) {
  said.textContent = words;
  said.classList.toggle("bad", isBad);
  clearTimeout(tell.timer);
  if (!isBad) tell.timer = setTimeout(() => { said.textContent = ""; }, 6000);
}

async function send(form, button) {
  const card = form.closest("[data-card]"), isUndo = "undo" in button.dataset;
  if (card.getAttribute("aria-busy") === "true") return;
  card.setAttribute("aria-busy", "true");
  const fields = new URLSearchParams(new FormData(form));
  fields.set(button.name, button.value);
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, headers: { "X-Desk": "script" } });
    const text = await answer.text();
    const counts = answer.headers.get("X-Desk-Counts")?.split(" ");
    if (!counts) throw new Error(text || answer.statusText);
    const made = document.createRange().createContextualFragment(text).querySelector("[data-card]");
    const after = open().slice(open().indexOf(card) + 1)[0];
    card.replaceWith(made);
    for (const counter of document.querySelectorAll("[data-count]")) {
      counter.textContent = Number(counts[COUNTED.indexOf(counter.dataset.count)]).toLocaleString("en");
    }
    tell([...made.querySelectorAll("p > b, p > [dir]")].map((one) => one.textContent).join(" ") || made.innerText);
    if (isUndo) go(made);
    else {
      if (made.querySelector("[data-undo]")) undoable.push(made);
      go(after ?? document.querySelector(".pager [rel=next]") ?? made);
    }
  } catch (error) {
    card.removeAttribute("aria-busy");
    tell(error instanceof TypeError ? "The desk does not answer. Nothing was recorded." : String(error.message), true);
  }
}

document.addEventListener("submit", (event) => {
  if (!("live" in event.target.dataset)) return;
  event.preventDefault();
  send(event.target, event.submitter ?? event.target.querySelector("button"));
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
});

const keysOn = document.getElementById("keys-on");
try { keysOn.checked = localStorage.getItem("desk-keys") !== "off"; } catch { /* no storage: keys stay on */ }
keysOn.addEventListener("change", () => {
  try { localStorage.setItem("desk-keys", keysOn.checked ? "on" : "off"); } catch { /* for this page alone */ }
});

const COMMANDS = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => document.getElementById("keys").showModal(),
  c: (card) => card?.querySelector("input[name=canonical]")?.select(),
  m: (card) => { const fold = card?.querySelector("[data-more]"); if (fold) fold.open = !fold.open; },
  o: (card) => card?.querySelector("[data-open-article]")?.click(),
  n: () => document.querySelector(".pager [rel=next]")?.click(),
  p: () => document.querySelector(".pager [rel=prev]")?.click(),
  u: (card) => {
    let last = card?.querySelector("[data-undo]");
    while (!last?.isConnected && undoable.length) last = undoable.pop().querySelector("[data-undo]");
    if (last?.isConnected) last.click();
  },
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), select, textarea, dialog");
  if (event.key === "Escape" && event.target.closest("input")) (current() ?? document.body).focus();
  if (!keysOn.checked || isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const card = current() ?? (document.activeElement === document.body ? open()[0] : undefined);
  const button = /^[a-z]$/.test(event.key) ? card?.querySelector(`button[data-key="${event.key}"]`) : null;
  if (button) button.click();
  else if (Object.hasOwn(COMMANDS, event.key)) COMMANDS[event.key](card);
  else return;
  event.preventDefault();
});

const filters = document.querySelector("[data-filters]");
if (filters && matchMedia("(max-width: 46rem)").matches && !document.querySelector(".clear")) filters.open = false;
open()[0]?.focus({ preventScroll: true });
