// Brings what changed elsewhere into an open page, without changing what its reader is about to do.
// A node stays the node it was, so focus, fields and open parts stay. New rows, rows that vanished
// and whatever would move or replace a control wait until the reader asks for them.

const dialog = document.getElementById("dialog");
const announcer = document.getElementById("announcer");
const waiting = document.getElementById("news");
const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary";
const GONE = "not in this list any more";
const parts = () => document.querySelectorAll("[data-refresh]");

// What a field holds once it was touched is its reader's, until it is sent.
const touched = new WeakSet();
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => touched.add(event.target));
}
document.addEventListener("reset", (event) => {
  for (const each of event.target.elements) touched.delete(each);
});
const isOwned = (field) => field === document.activeElement
  || [...(field.form?.elements ?? [field])].some((each) => touched.has(each));

// Rows, by what they are of; those of one list belong together.
const rowsOf = (list) => [...list.children].filter((each) => each.dataset.key !== undefined);
const listsOf = (part) => [...part.querySelectorAll("tbody, ul, ol")].filter((each) => rowsOf(each).length);
const keyed = (rows) => new Map(rows.map((each) => [each.dataset.key, each]));

// What can be done in a place, control by control.
function deeds(root, without = () => false) {
  return [...root.querySelectorAll(CONTROLS)].filter((each) => !without(each)).map((each) => {
    if (each.tagName === "A") return each.getAttribute("href");
    const form = each.form;
    const sent = form ? [...form.querySelectorAll("input[type=hidden]")].map((field) => `${field.name}=${field.value}`) : [];
    const label = each.tagName === "BUTTON" ? each.textContent : "";
    return [each.tagName, form?.getAttribute("action"), each.name, each.tagName === "BUTTON" ? each.value : "", label, ...sent].join("|");
  });
}
// Whether each control does what it did; more of them may follow.
function stillDo(old, fresh, without) {
  const now = deeds(fresh, without);
  return deeds(old, without).every((each, place) => each === now[place]);
}
const inRows = (each) => each.closest("[data-key], .pager") !== null;

function attributes(old, fresh) {
  const kept = old.tagName === "DETAILS" ? ["open"] : [];
  const owned = old.matches("input, select, textarea, option")
    && isOwned(old.tagName === "OPTION" ? old.closest("select") : old);
  if (owned) kept.push("value", "checked", "selected");
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !kept.includes(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!kept.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName
  && (one.nodeType !== Node.ELEMENT_NODE || one.dataset.key === other.dataset.key);

// Makes the one like the other, and keeps its nodes. Lists are settled apart.
function become(old, fresh, settled) {
  if (settled.has(old)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  attributes(old, fresh);
  if (old.tagName === "TEXTAREA" && isOwned(old)) return;
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  after.forEach((each, place) => {
    const here = before[place];
    if (!here) old.append(document.importNode(each, true));
    else if (alike(here, each)) become(here, each, settled);
    else here.replaceWith(document.importNode(each, true));
  });
  for (const each of before.slice(after.length)) each.remove();
}

function flag(row, text) {
  row.classList.add("stale");
  if (row.querySelector(".flag")) return;
  const mark = document.createElement("span");
  mark.className = "flag";
  mark.textContent = text;
  (row.tagName === "TR" ? row.querySelector("td.wide, td, th") : row)?.append(mark);
}

function unflag(row) {
  row.classList.remove("stale");
  row.querySelector(".flag")?.remove();
}

// Rows in the order in which they are read. Returns how many are new, and what others are marked with.
function settle(old, fresh, more) {
  const [rows, next] = [rowsOf(old), keyed(rowsOf(fresh))];
  const known = keyed(rows);
  const added = [...next.keys()].filter((key) => !known.has(key)).length;
  // The last ones of a page that has others behind it are pushed there by those that are new.
  let pushed = more ? added : 0;
  const marks = new Map();
  for (const row of rows.reverse()) {
    const now = next.get(row.dataset.key);
    if (now && stillDo(row, now)) {
      unflag(row);
      become(row, now, new Set());
      pushed = 0;
    } else if (now) {
      marks.set(row, "changed meanwhile");
      pushed = 0;
    } else if (pushed > 0) {
      pushed -= 1;
    } else {
      marks.set(row, GONE);
    }
  }
  return { added, marks };
}

// As the server has it now, row by row: the reader has asked.
function replaceRows(old, fresh) {
  const known = keyed(rowsOf(old));
  for (const row of rowsOf(fresh)) {
    const here = known.get(row.dataset.key);
    known.delete(row.dataset.key);
    if (here) {
      unflag(here);
      become(here, row, new Set());
    }
    old.append(here ?? document.importNode(row, true));
  }
  for (const row of known.values()) row.remove();
}

// Where controls are that can be seen.
function places() {
  const seen = new Map();
  for (const each of document.querySelectorAll(CONTROLS)) {
    const { top, bottom, left, right } = each.getBoundingClientRect();
    if (bottom > 0 && top < innerHeight && each.checkVisibility()) {
      seen.set(each, { x: (left + right) / 2, y: (top + bottom) / 2 });
    }
  }
  return seen;
}

// A press where a control was must still be a press of it.
function moved(seen) {
  return [...seen].some(([each, { x, y }]) => {
    const { top, bottom, left, right } = each.getBoundingClientRect();
    return !each.isConnected || y < top || y > bottom || x < left || x > right;
  });
}

// What stands above may grow as long as scrolling makes up for it.
function steady(seen) {
  const anchor = [...seen.keys()].find((each) => each.matches(":focus, :hover")) ?? seen.keys().next().value;
  if (!anchor?.isConnected) return;
  const { top, bottom } = anchor.getBoundingClientRect();
  const shift = (top + bottom) / 2 - seen.get(anchor).y;
  if (shift) scrollBy({ top: shift, behavior: "instant" });
}

// Takes a part's news as far as nothing is disturbed. Returns what waits.
function take(part, fresh) {
  const [lists, next] = [listsOf(part), listsOf(fresh)];
  if (!next.length && lists.length) {
    for (const list of lists) for (const row of rowsOf(list)) flag(row, GONE);
    return { added: 0, stale: true };
  }
  if (lists.length !== next.length) {
    return { added: lists.length ? 0 : next.reduce((sum, each) => sum + rowsOf(each).length, 0), stale: lists.length > 0 };
  }
  if (!stillDo(part, fresh, inRows)) return { added: 0, stale: true };
  const seen = places();
  const before = part.cloneNode(true);
  const found = { added: 0, stale: false };
  const every = new Map();
  const settled = new Set(lists);
  lists.forEach((list, place) => {
    const { added, marks } = settle(list, next[place], Boolean(fresh.querySelector(".pager [rel=next]")));
    found.added += added;
    found.stale ||= marks.size > 0;
    marks.forEach((text, row) => every.set(row, text));
  });
  // Where rows wait, the next page goes on behind those that are shown.
  const pager = found.added || found.stale ? part.querySelector(".pager") : null;
  if (pager) settled.add(pager);
  become(part, fresh, settled);
  enliven(part);
  steady(seen);
  if (moved(seen)) {
    const [shown, earlier] = [listsOf(part), listsOf(before)];
    shown.forEach((list, place) => rowsOf(list).forEach((row, index) => become(row, rowsOf(earlier[place])[index], new Set())));
    become(part, before, new Set(shown));
    enliven(part);
    steady(seen);
    found.stale = true;
  }
  every.forEach((text, row) => flag(row, text));
  return found;
}

function replace(part, fresh) {
  const focused = document.activeElement;
  const [lists, next] = [listsOf(part), listsOf(fresh)];
  const same = lists.length === next.length;
  if (same) lists.forEach((list, place) => replaceRows(list, next[place]));
  become(part, fresh, new Set(same ? lists : []));
  enliven(part);
  if (focused !== document.activeElement && part.contains(focused)) focused.focus({ preventScroll: true });
}

function enliven(part) {
  document.dispatchEvent(new CustomEvent("enliven", { detail: part }));
}

function offer(added, stale) {
  const text = added ? `${added} new` : "Updated";
  const button = waiting.querySelector("button");
  waiting.hidden = !added && !stale;
  if (waiting.hidden || button.dataset.text === text) return;
  button.dataset.text = text;
  button.textContent = `${text}: show`;
  announcer.textContent = `${text}. The button “Show” at the top of the page brings it in.`;
}

async function refresh({ asked = false, text = "" } = {}) {
  // Without an answer the page stays as it is, and looks again with the next news.
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (dialog.open && !asked) {
    missed = true;
    return;
  }
  document.body.dataset.live = page.body.dataset.live;
  let [added, stale] = [0, false];
  for (const part of parts()) {
    const fresh = page.getElementById(part.id);
    if (!fresh) continue;
    if (asked) {
      replace(part, fresh);
    } else {
      const found = take(part, fresh);
      added += found.added;
      stale ||= found.stale;
    }
  }
  offer(added, stale);
  if (text) announcer.textContent = text;
}

document.addEventListener("refresh", (event) => refresh({ asked: true, text: event.detail }));
waiting?.querySelector("button").addEventListener("click", async () => {
  await refresh({ asked: true, text: "The page shows everything now." });
  document.getElementById("main").focus({ preventScroll: true });
});

// News since the page was made, for a page that is looked at: a browser has few connections to one
// server for all its tabs. Where the server has no place for one more, the page looks for itself,
// once a minute. While a dialog is open, news wait.
let news = null;
let later = 0;
let missed = false;

function heard() {
  if (dialog.open) missed = true;
  else refresh();
}

function hush() {
  news?.close();
  clearTimeout(later);
}

function listen() {
  hush();
  news = new EventSource(document.body.dataset.live);
  news.addEventListener("changed", heard);
  news.addEventListener("error", () => {
    if (news.readyState === EventSource.CLOSED) later = setTimeout(catchUp, 60000);
  });
}

async function catchUp() {
  if (dialog.open) missed = true;
  else await refresh();
  listen();
}

if (document.body.dataset.live && parts().length) {
  if (!document.hidden) listen();
  document.addEventListener("visibilitychange", () => { document.hidden ? hush() : catchUp(); });
  addEventListener("pagehide", hush);
  dialog.addEventListener("close", () => {
    if (missed) refresh();
    missed = false;
  });
}
