// Makes pages quicker to use; without it every form and link still does the same.
// What the server sends is taken as parsed documents of our own pages, never as text to run.

const dialog = document.getElementById("dialog");
const announcer = document.getElementById("announcer");
const say = (text) => { announcer.textContent = text; };

// Times in the reader's zone; the exact UTC stays as the hint.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60]];

// As words.left writes it.
function left(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return seconds > 0 ? "under a minute" : "no time";
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes % 1440 / 60), minutes % 60];
  if (days) return `${days} d ${hours} h`;
  return hours ? `${hours} h ${rest} min` : `${rest} min`;
}

function written(time) {
  const moment = new Date(time.dateTime);
  if (time.dataset.time === "left") return left((moment - Date.now()) / 1000);
  if (time.dataset.time !== "ago") return exact.format(moment);
  const seconds = (moment - Date.now()) / 1000;
  const [unit, size] = units.find(([, each]) => Math.abs(seconds) >= each) ?? ["minute", 60];
  return relative.format(Math.round(seconds / size), unit);
}

function enliven(root) {
  for (const time of root.querySelectorAll("time[data-time]")) time.textContent = written(time);
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  for (const form of root.querySelectorAll("form[data-bulk]")) {
    for (const all of form.querySelectorAll("[data-all]")) all.hidden = false;
    count(form);
  }
}

// Selection: a count, all on the page, and a bar that floats while something is selected.
const boxes = (form) => [...form.querySelectorAll("input[name=id]")];

function count(form) {
  const every = boxes(form);
  const ticked = every.filter((box) => box.checked).length;
  const bar = form.querySelector(".bar");
  if (!bar) return;
  bar.hidden = ticked === 0;
  form.classList.toggle("floating", ticked > 0);
  form.querySelector("[data-count]").textContent = `${ticked} selected`;
  const all = form.querySelector("#all");
  if (all) {
    all.checked = ticked > 0 && ticked === every.length;
    all.indeterminate = ticked > 0 && ticked < every.length;
  }
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-bulk]");
  if (!form) return;
  if (event.target.id === "all") for (const box of boxes(form)) box.checked = event.target.checked;
  count(form);
});
document.addEventListener("reset", (event) => {
  if (event.target.matches("form[data-bulk]")) setTimeout(() => count(event.target));
});

// Dialogs: a page's own fragment, shown over the one that led to it.
async function read(url, options) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, ...options });
  return { answer, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
}

function show(page) {
  const fragment = page.querySelector("[data-fragment]");
  if (!fragment) return false;
  dialog.querySelector(".inside").replaceChildren(document.adoptNode(fragment));
  enliven(dialog);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("button, a, textarea"))?.focus();
  return true;
}

async function open(url) {
  try {
    const { page } = await read(url);
    if (!show(page)) location.assign(url);
  } catch {
    location.assign(url);
  }
}

document.addEventListener("click", async (event) => {
  const target = event.target.closest("[data-dialog], [data-close], [data-copy]");
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (target.dataset.copy !== undefined) {
    await navigator.clipboard.writeText(target.dataset.copy);
    say("Copied.");
  } else if (target.dataset.close !== undefined) {
    if (!dialog.open) return;
    event.preventDefault();
    dialog.close();
  } else if (target.form) {
    event.preventDefault();
    const query = new URLSearchParams(new FormData(target.form, target));
    open(`${new URL(target.form.action).pathname}?${query}`);
  } else {
    event.preventDefault();
    open(target.href);
  }
});
dialog.addEventListener("close", () => {
  const decided = dialog.querySelector("[data-close=refresh]");
  dialog.querySelector(".inside").replaceChildren();
  if (decided) document.dispatchEvent(new CustomEvent("refresh", { detail: "The list was updated." }));
});

// A form within a dialog that is answered by another fragment stays there; any other one leaves.
dialog.addEventListener("submit", async (event) => {
  if (!event.target.action.endsWith("/bulk")) return;
  event.preventDefault();
  const form = event.target;
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  try {
    const { answer, page } = await read(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (show(page)) say(page.querySelector("#dialog [role=alert], h1")?.textContent ?? "");
    // Signed out meanwhile, or refused without a form: the page that says so keeps what was typed.
    else if (!answer.ok) form.submit();
    else location.assign(answer.url);
  } catch {
    for (const button of form.querySelectorAll("button")) button.disabled = false;
    say("The server could not be reached: try again.");
  }
});

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-time=ago], time[data-time=left]")) time.textContent = written(time);
}, 30000);

enliven(document);
// A form that was refused is answered by its page: that is what loading it again shows.
if (document.body.dataset.address) history.replaceState(null, "", document.body.dataset.address);
// What live.js brings in.
document.addEventListener("enliven", (event) => enliven(event.detail));
